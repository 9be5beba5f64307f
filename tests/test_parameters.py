"""The number of parameters, from the settings alone, is that of the network."""

from __future__ import annotations

from typing import Any

import pytest
from making_sweeps import settings_of

from charrec.classifier import CharacterClassifier, parameter_count
from charrec.parameters import count, count_of
from charrec.settings import DataSettings


def test_by_hand() -> None:
    assert count(32, 32, 26) == 1024 * 32 + 32 + 32 * 26 + 26
    assert count(4, [3, 2], 5) == (16 * 3 + 3) + (3 * 2 + 2) + (2 * 5 + 5)
    assert count(4, [3], 5) == count(4, 3, 5)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"hsize": [16, 8]},
        {"hsize": 7, "data": DataSettings(image_size=9, alphabet="ABC")},
    ],
)
def test_as_the_real_network(changes: dict[str, Any]) -> None:
    settings = settings_of(**changes)
    data = settings["data"]
    network = CharacterClassifier(
        alphabet=data["alphabet"], image_size=data["image_size"], hsize=settings["hsize"]
    )
    assert count_of(settings) == parameter_count(network)
