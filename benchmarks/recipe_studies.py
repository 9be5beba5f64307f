"""What is changed about experiment=best, one thing at a time: the rows of its tables."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Variant:
    title: str
    given: tuple[str, ...] = ()  # settings of charrec.train
    views: int | None = None  # looks at a picture in place of the run's own
    epochs: float = 1.0  # times as many
    length: int | None = None  # so many, whatever the others have
    share: float = 1.0  # of the training pictures

    @property
    def folder(self) -> str:
        """The same for variants whose training is the same."""
        duration = f"{self.epochs:g}-times" if self.length is None else f"{self.length}-epochs"
        told = [*self.given, duration, f"{self.share:g}-of-them"]
        return re.sub(r"[^A-Za-z0-9.-]+", "_", "_".join(told))

    def epochs_of(self, epochs: int) -> int:
        return self.length or max(1, round(epochs * self.epochs))


NO_MOVING = ("rotation", "scale", "stretch", "shear", "translation", "perspective")
BAD_LIGHT = ("contrast", "blur", "shading", "noise")


def without(*strengths: str) -> tuple[str, ...]:
    return tuple(f"augment.{name}=0" for name in strengths)


TAKEN_AWAY = (
    Variant("experiment=best"),
    Variant("one look instead of nine", views=1),
    Variant("no deformations", ("augment=none",)),
    Variant("nothing turned, scaled, slanted, shifted", without(*NO_MOVING)),
    Variant("nothing bent (elastic)", without("elastic")),
    Variant("no bad light, blur, noise", without(*BAD_LIGHT)),
    Variant("nothing erased", without("erasing")),
    Variant("ink instead of strokes", ("normalisation=framed",)),
    Variant("ink, not framed", ("normalisation=ink",)),
    Variant("normalisation=plain", ("normalisation=plain",)),
    Variant("no label smoothing", ("label_smoothing=0",)),
    Variant("constant learning rate", ("schedule=constant",)),
    Variant("no weight decay", ("weight_decay=0",)),
    Variant("ReLU", ("activation=relu", "init=kaiming")),
)
# Other choices of the same kind that charrec has.
EXCHANGED = (
    Variant("experiment=best"),
    Variant("schedule=cosine", ("schedule=cosine",)),
    Variant("scaled tanh, LeCun's first weights", ("activation=scaled_tanh", "init=lecun")),
)
# As many epochs as the recipe has. These cost a short training more than they give it: of
# a short one alone nothing could be said of these.
FULL_LENGTH = 200
AT_LENGTH = (
    Variant("experiment=best", length=FULL_LENGTH),
    Variant("nothing bent (elastic)", without("elastic"), length=FULL_LENGTH),
    Variant("nothing erased", without("erasing"), length=FULL_LENGTH),
    Variant("no bad light, blur, noise", without(*BAD_LIGHT), length=FULL_LENGTH),
)
HIDDEN = (
    *(Variant(str(size), (f"hsize={size}",)) for size in (16, 64, 256, 1024)),
    *(Variant(size, (f"hsize=[{size.replace('-', ',')}]",)) for size in ("1024-512",)),
    Variant("1024-768-512-256"),
)
EPOCHS = tuple(Variant(f"{scale:g} times as long", epochs=scale) for scale in (0.25, 0.5, 1, 2))
# As many steps with few pictures as with all.
PICTURES = tuple(
    Variant(f"{share:g} of the pictures", epochs=1 / share, share=share)
    for share in (0.125, 0.25, 0.5, 1.0)
)
STUDIES = {
    "taken_away": TAKEN_AWAY,
    "exchanged": EXCHANGED,
    "taken_away_at_full_length": AT_LENGTH,
    "hidden_units": HIDDEN,
    "epochs": EPOCHS,
    "training_pictures": PICTURES,
}


def part_of(letters: Path, share: float, place: Path) -> Path:
    """A folder with the same letters, of whose training pictures so many are left: every n-th."""
    if share == 1:
        return letters
    folder = place / f"letters_{share:g}"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "images").exists():
        (folder / "images").symlink_to(letters / "images")
    train = json.loads((letters / "train.json").read_text(encoding="utf-8"))
    by_letter = sorted(train, key=lambda name: (train[name], name))
    left = {name: train[name] for name in by_letter[:: round(1 / share)]}
    (folder / "train.json").write_text(json.dumps(left), encoding="utf-8")
    for split in ("validation", "test"):
        text = (letters / f"{split}.json").read_text(encoding="utf-8")
        (folder / f"{split}.json").write_text(text, encoding="utf-8")
    return folder
