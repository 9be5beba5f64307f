"""``format=safetensors``: weights and settings alone, in a format that can hold no code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch as tensors
from safetensors import SafetensorError

from charrec.classifier import CharacterClassifier
from charrec.errors import UserError
from charrec.ordinary import read_ordinary
from charrec.reading import Ensemble, Reader

# All in one entry: of several the order, and with it the bytes of the file, would be by chance.
ABOUT = "charrec"
LARGEST = 2**34  # bytes
NO_WEIGHTS = (OSError, ValueError, LookupError, TypeError, RuntimeError, SafetensorError)
OF_THE_NETWORK = "hyper_parameters"


def weights_file(ensemble: Ensemble, about: Mapping[str, str]) -> bytes:
    """Of one network.

    Raises:
        UserError: there are several.
    """
    if len(ensemble.readers) > 1:
        raise UserError("format=safetensors holds one network: give one run=RUN_DIR")
    (reader,) = ensemble.readers
    chosen = dict(reader.classifier.hparams)
    told = json.dumps({**about, OF_THE_NETWORK: chosen}, ensure_ascii=False, sort_keys=True)
    return tensors.save(reader.classifier.state_dict(), {ABOUT: told})


def load_weights(path: str | Path) -> Reader:
    """The network of a file that `weights_file` made, with its temperature.

    Raises:
        UserError: the file is missing, damaged, or holds something else.
    """
    try:
        file = read_ordinary(path, LARGEST)
        length = int.from_bytes(file[:8], "little")
        told = json.loads(json.loads(file[8 : 8 + length])["__metadata__"][ABOUT])
        classifier = CharacterClassifier(**told[OF_THE_NETWORK])
        classifier.load_state_dict(tensors.load(file))
        return Reader(classifier.eval(), float(told["temperature"]))
    except (*NO_WEIGHTS, UserError) as error:
        raise UserError(f"{path} holds no weights of charrec's: {error}") from error
