"""Typed, checked settings of a training run. Importing this costs milliseconds: no torch.

From a notebook::

    from charrec.settings import DataSettings, TrainSettings
    from charrec.training import train

    run = train(TrainSettings(optimizer="adam", hsize=64, data=DataSettings(root="letters")))

The defaults are those of ``conf/train.yaml``; an optimizer's own learning rate, momentum and
further options are read from ``conf/optimizer/``. Every value is checked when the object is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from charrec.augment import AUGMENT_NAMES, AugmentSettings
from charrec.data.settings import DATA_NAMES, PATH, text_of
from charrec.data.settings import DataSettings as DataSettings  # for those who import it from here
from charrec.errors import UserError
from charrec.resources import resource
from charrec.rules import (
    Rule,
    check_names,
    number,
    one_of,
    one_or_more,
    or_auto,
    or_null,
    whole,
)
from charrec.signatures import optimizer_arguments
from charrec.trainer_arguments import check_trainer, needs_every_step, processes

ACTIVATIONS = ("tanh", "scaled_tanh", "relu", "sigmoid")
INITS = ("xavier", "lecun", "kaiming", "normal", "spread")
SCHEDULES = ("constant", "cosine", "one_cycle")
MOST_VIEWS = 9  # as many as charrec.views has
NORMALISATIONS = ("plain", "standard", "ink", "framed", "strokes")
LETTER_IS_LIGHT = ("ink", "framed", "strokes")  # whichever it was
RULES = {
    "hsize": one_or_more(whole(1, 65536)),
    "activation": one_of(ACTIVATIONS),
    "init": one_of(INITS),
    "lr": number(lambda v: v > 0, "a number above 0, such as 1e-3"),
    "momentum": or_null(number(lambda v: 0 <= v < 1, "at least 0 and below 1, such as 0.9")),
    "weight_decay": number(lambda v: v >= 0, "0 or more, such as 1e-4"),
    "schedule": one_of(SCHEDULES),
    "normalisation": one_of(NORMALISATIONS),
    "views": whole(1, MOST_VIEWS),
    "label_smoothing": number(lambda v: 0 <= v < 1, "at least 0 and below 1, such as 0.1"),
    "batch_size": whole(1, 1_000_000),
    "epochs": whole(1, 1_000_000),
    "seed": whole(0, 2**32 - 1),
    "steps_per_execution": or_auto(whole(1, 1_000_000)),
    "compile": Rule(lambda v: v == "auto" or isinstance(v, bool), "auto, true or false"),
    "weights": PATH,
}


def check_values(values: Mapping[str, Any]) -> None:
    for name, rule in RULES.items():
        if name in values:
            rule.check(name, values[name])


@cache
def _choices(group: str) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in resource(f"conf/{group}").glob("*.yaml")))


def _defaults(group: str, name: str) -> dict[str, Any]:
    """What ``conf/GROUP/NAME.yaml`` says."""
    one_of(_choices(group)).check(group, name)
    defaults = OmegaConf.to_container(OmegaConf.load(resource(f"conf/{group}") / f"{name}.yaml"))
    assert isinstance(defaults, dict)
    return {str(key): value for key, value in defaults.items()}


def optimizer_choices() -> tuple[str, ...]:
    return _choices("optimizer")


@cache
def optimizer_defaults(name: str) -> dict[str, Any]:
    """``{name, lr, momentum, options}`` as in ``conf/optimizer/NAME.yaml``."""
    return _defaults("optimizer", name)


def augment_choices() -> tuple[str, ...]:
    return _choices("augment")


@cache
def augment_defaults(name: str) -> AugmentSettings:
    """The strengths in ``conf/augment/NAME.yaml``."""
    strengths = _defaults("augment", name)
    return AugmentSettings(**{key: strengths[key] for key in strengths if key != "name"})


def usual_strengths(name: str) -> AugmentSettings:
    """Those of the choice; none of a name that is no choice, which runs of old may have."""
    return augment_defaults(name) if name in augment_choices() else AugmentSettings()


def _float32_on_what_is_there() -> dict[str, Any]:
    return {"accelerator": "auto", "devices": 1, "strategy": "auto", "precision": "32-true"}


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Settings of one run; ``conf/train.yaml`` says what each is for.

    `lr`, `momentum` and `optimizer_options` left at None become the optimizer's own. A momentum
    given to an optimizer that has none is recorded as None; `notes` tell it, and what else was
    given and has no effect.

    Raises:
        UserError: a value out of its range, or a name that is no setting.
    """

    hsize: int | Sequence[int] = 32
    activation: str = "tanh"
    init: str = "xavier"
    optimizer: str = "sgd"
    lr: float | None = None
    momentum: float | None = None
    weight_decay: float = 0.0
    schedule: str = "constant"
    label_smoothing: float = 0.0
    normalisation: str = "plain"
    views: int = 1
    optimizer_options: dict[str, Any] | None = None
    batch_size: int = 8
    epochs: int = 50
    seed: int = 2024
    steps_per_execution: int | str = "auto"
    compile: bool | str = "auto"
    weights: str | Path | None = None
    data: DataSettings = field(default_factory=DataSettings)
    augment: str = "none"
    augment_strengths: AugmentSettings | None = None  # None: those of the choice
    trainer: dict[str, Any] = field(default_factory=_float32_on_what_is_there)
    notes: tuple[str, ...] = field(default=(), init=False, compare=False)

    def __post_init__(self) -> None:
        own = optimizer_defaults(self.optimizer)
        if self.lr is None:
            self._set(lr=own["lr"])
        if self.optimizer_options is None:
            self._set(optimizer_options=dict(own["options"]))
        if self.augment_strengths is None:
            self._set(augment_strengths=augment_defaults(self.augment))
        if isinstance(self.hsize, tuple):
            self._set(hsize=list(self.hsize))  # as it comes back from a record
        check_values(vars(self))
        check_names(
            self.optimizer_options, optimizer_arguments(self.optimizer), "optimizer.options."
        )
        check_trainer(self.trainer)
        self._check_steps_per_execution()
        self._check_parts()
        self._check_halves()
        self._settle_momentum(own["momentum"])
        self._note_inversion()
        self._set(lr=float(self.lr or 0), weight_decay=float(self.weight_decay))
        self._set(weights=text_of(self.weights))
        self.data.need_training()

    def _check_steps_per_execution(self) -> None:
        reason = needs_every_step(self.trainer)
        if reason and self.steps_per_execution not in ("auto", 1):
            raise UserError(
                f"steps_per_execution={self.steps_per_execution} cannot go with {reason}, "
                "for which Lightning must see every step; leave one of them out"
            )

    def _check_parts(self) -> None:
        count = processes(self.trainer)
        if self.batch_size % count:
            down = self.batch_size - self.batch_size % count
            near = " or ".join(str(n) for n in (down, down + count) if n)
            raise UserError(
                f"batch_size={self.batch_size} cannot be divided over {count} processes: "
                f"it is the whole step's; take {near}"
            )

    def _check_halves(self) -> None:
        size = self.data.image_size
        if self.normalisation == "strokes" and size % 2:
            raise UserError(
                f"data.image_size={size} cannot go with normalisation=strokes, whose pictures are "
                f"half as wide and high; take {size - 1} or {size + 1}"
            )

    def _settle_momentum(self, own: float | None) -> None:
        if own is None and self.momentum is not None:
            self._note(f"momentum={self.momentum:g}", f"{self.optimizer} has no momentum")
            self._set(momentum=None)
        elif self.momentum is None and own is not None:
            self._set(momentum=own)

    def _note_inversion(self) -> None:
        """Where it was given: what a choice brings along is no news to its user."""
        share = self.strengths.inversion
        if share in (0, usual_strengths(self.augment).inversion):
            return
        if self.normalisation in LETTER_IS_LIGHT:
            why = f"with normalisation={self.normalisation} the letter is light, whichever it was"
            self._note(f"augment.inversion={share:g}", why)

    def _note(self, setting: str, why: str) -> None:
        self._set(notes=(*self.notes, f"{setting} has no effect: {why}"))

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def strengths(self) -> AugmentSettings:
        """How far training pictures are deformed."""
        assert self.augment_strengths is not None  # since they were settled
        return self.augment_strengths

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TrainSettings:
        """From a composed ``train.yaml``, in which `optimizer` and `data` are mappings."""
        values = dict(config)
        for name in ("resume", "sweep"):  # of the command, not of the run
            values.pop(name, None)
        optimizer, data, augment = (values.pop(name) for name in ("optimizer", "data", "augment"))
        check_names(values, tuple(n for n in SETTING_NAMES if n not in OF_GROUPS))
        check_names(data, DATA_NAMES, "data.")
        check_names(augment, ("name", *AUGMENT_NAMES), "augment.")
        one_of(augment_choices()).check("augment.name", augment["name"])
        check_names(optimizer, ("name", "lr", "momentum", "options"), "optimizer.")
        values |= {"optimizer": optimizer["name"], "optimizer_options": optimizer["options"]}
        strengths = {name: value for name, value in augment.items() if name != "name"}
        values |= {"augment": augment["name"], "augment_strengths": AugmentSettings(**strengths)}
        return cls(**values, data=DataSettings(**data))

    def record(self) -> dict[str, Any]:
        """Plain scalars, lists and mappings, as ``summary.json`` keeps them."""
        record = {name: value for name, value in asdict(self).items() if name != "notes"}
        return {**record, "data": self.data.record()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> TrainSettings:
        """The settings of a run again.

        Raises:
            UserError: the record is damaged, or of another version of charrec.
        """
        check_names(record, SETTING_NAMES)
        check_names(record["data"], DATA_NAMES, "data.")
        parts: dict[str, Any] = {"data": DataSettings(**record["data"])}
        if (strengths := record.get("augment_strengths")) is not None:
            check_names(strengths, AUGMENT_NAMES, "augment.")
            parts["augment_strengths"] = AugmentSettings.recorded(strengths)
        return cls(**{**record, **parts})


OF_GROUPS = ("optimizer_options", "augment_strengths")  # on the command line a group's own keys
SETTING_NAMES = tuple(f.name for f in fields(TrainSettings) if f.init)
