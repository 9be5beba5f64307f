"""Writing a figure."""

from __future__ import annotations

import warnings
from pathlib import Path

from matplotlib.figure import Figure

from charrec.files import whole_file


def save(figure: Figure, out: Path, dpi: int) -> None:
    """Write a PNG; a letter that matplotlib's font does not have becomes an empty box."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        with whole_file(out, "wb") as file:
            figure.savefig(file, format="png", dpi=dpi)
