"""The figures of a comparison as files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from charrec.figures.comparison import Comparison
from charrec.figures.heat_map import draw_heat_map
from charrec.figures.overlay import draw_overlay
from charrec.figures.parallel import draw_parallel
from charrec.figures.sizes import draw_sizes


def draw_pictures(comparison: Comparison, folder: Path) -> list[Path]:
    """Write each PNG for which there is something to show; one of an earlier time goes else.

    Returns:
        Those that were written.
    """
    draw: dict[str, Callable[[Path], None] | None] = {
        "curves.png": partial(draw_overlay, comparison) if comparison.curves else None,
        "heat_map.png": partial(draw_heat_map, comparison.heat) if comparison.heat else None,
        "parallel_coordinates.png": (
            partial(draw_parallel, comparison.parallel) if comparison.parallel else None
        ),
        "accuracy_by_parameters.png": (
            partial(draw_sizes, comparison) if comparison.spots else None
        ),
    }
    for name, write in draw.items():
        if write is None:
            (folder / name).unlink(missing_ok=True)
        else:
            write(folder / name)
    return [folder / name for name, write in draw.items() if write is not None]
