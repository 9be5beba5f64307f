"""How far training pictures are deformed: the settings, as conf/augment/ gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from charrec.rules import Rule, number

AMOUNT = number(lambda v: 0 <= v <= 1, "at least 0 and at most 1, such as 0.1")
SHARE = number(lambda v: 0 <= v <= 1, "a share of the pictures, 0 to 1")


def up_to(most: float, unit: str) -> Rule:
    return number(lambda v: 0 <= v <= most, f"0 to {most:g} {unit}")


@dataclass(frozen=True)
class AugmentSettings:
    """How far a training picture is deformed at most; all 0 leaves it as it is."""

    rotation: float = 0.0  # degrees to either side
    scale: float = 0.0  # 0.2: between e^-0.2 and e^0.2 times as large
    stretch: float = 0.0  # 0.2: so much wider and lower, or narrower and higher
    shear: float = 0.0  # slant, as a share of the height
    translation: float = 0.0  # in half pictures
    perspective: float = 0.0  # how much nearer one side is than the middle
    elastic: float = 0.0  # displacement of parts against each other, in half pictures
    contrast: float = 0.0  # 0.3: gamma between e^-0.3 and e^0.3
    blur: float = 0.0  # standard deviation in pixels, for half of the pictures
    shading: float = 0.0  # light from one side, in standard deviations of the picture's greys
    noise: float = 0.0  # in standard deviations of the picture's greys
    erasing: float = 0.0  # share of the pictures that lose a rectangle
    inversion: float = 0.0  # share of the pictures whose greys are turned round

    def __post_init__(self) -> None:
        for name in AUGMENT_NAMES:
            RULES[name].check(f"augment.{name}", getattr(self, name))
            object.__setattr__(self, name, float(getattr(self, name)))

    @classmethod
    def recorded(cls, strengths: Mapping[str, Any]) -> AugmentSettings:
        """Those of a run, which may be larger than a new one may have.

        Raises:
            UserError: they were never allowed.
        """
        settings = cls()
        for name, value in strengths.items():
            rule = AMOUNT if name in ONCE_UP_TO_1 else RULES[name]
            rule.check(f"augment.{name}", value)
            object.__setattr__(settings, name, float(value))
        return settings

    @property
    def deforms(self) -> bool:
        return any(getattr(self, name) for name in AUGMENT_NAMES)


AUGMENT_NAMES = tuple(field.name for field in fields(AugmentSettings))
RULES = dict.fromkeys(AUGMENT_NAMES, AMOUNT) | {
    # At 45 degrees a Z becomes an N.
    "rotation": up_to(30, "degrees"),
    # Beyond them a picture at the end of its range is a blot, a bar or an edge of its letter.
    "scale": up_to(0.5, "as an exponent of e"),
    "stretch": up_to(0.4, "as an exponent of e"),
    "shear": up_to(0.5, "of the height"),
    "translation": up_to(0.3, "half pictures"),
    # At 0.3 a third of the pictures are folded somewhere, which mirrors what is in the fold.
    "elastic": up_to(0.2, "half pictures"),
    "perspective": up_to(0.4, "of the distance"),
    "blur": up_to(5, "pixels"),
    "erasing": SHARE,
    "inversion": SHARE,
}
ONCE_UP_TO_1 = ("scale", "stretch", "shear", "translation", "elastic")
