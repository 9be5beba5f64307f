"""Lines and dots in an SVG whose words and colours follow the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 440, 270  # in its own units, of which a letter is 14 high
LEFT, RIGHT, TOP, BOTTOM = 52, 20, 17, 42
TICKS = 5
Point = tuple[float, float]


@dataclass(frozen=True)
class Plot:
    """From values to places; `low` and `high` are the corners, (x, y) each."""

    low: Point
    high: Point

    def place(self, x: float, y: float) -> Point:
        across = (x - self.low[0]) / ((self.high[0] - self.low[0]) or 1)
        up = (y - self.low[1]) / ((self.high[1] - self.low[1]) or 1)
        width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return round(LEFT + across * width, 1), round(TOP + (1 - up) * height, 1)

    def line(self, points: Iterable[Point], kind: str) -> str:
        places = [self.place(*point) for point in points]
        if len(places) == 1:
            ((x, y),) = places
            return f'<circle class="dot {kind}" cx="{x}" cy="{y}" r="4"/>'
        joined = " ".join(f"{x},{y}" for x, y in places)
        return f'<polyline class="{kind}" points="{joined}"/>'

    def dot(self, x: float, y: float, radius: float, kind: str, says: str) -> str:
        across, up = self.place(x, y)
        return (
            f'<circle class="dot {kind}" cx="{across}" cy="{up}" r="{radius:.1f}">'
            f"<title>{escape(says)}</title></circle>"
        )

    def upright(self, x: float, kind: str) -> str:
        across, _ = self.place(x, self.low[1])
        return (
            f'<line class="{kind}" x1="{across}" x2="{across}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        )

    def axes(
        self, across: str, write_x: Callable[[float], str], write_y: Callable[[float], str]
    ) -> str:
        """Lines across at each tick, words at both sides, a name below."""
        parts = []
        for y in ticks(self.low[1], self.high[1]):
            _, up = self.place(self.low[0], y)
            parts.append(
                f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up}" y2="{up}"/>'
            )
            parts.append(f'<text x="{LEFT - 7}" y="{up + 5}" text-anchor="end">{write_y(y)}</text>')
        for x in ticks(self.low[0], self.high[0]):
            along, _ = self.place(x, self.low[1])
            below = f'y="{HEIGHT - BOTTOM + 18}" text-anchor="middle"'
            parts.append(f'<text x="{along}" {below}>{write_x(x)}</text>')
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text x="{middle}" y="{HEIGHT - 5}" text-anchor="middle">{across}</text>')
        return "".join(parts)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers within, about `TICKS` of them."""
    if high <= low:
        return [low]
    rough = (high - low) / TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * n for n in (1, 2, 5, 10) if unit * n >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def svg(name: str, says: str, parts: Sequence[str], more: str = "") -> str:
    inside = "".join(parts)
    return (
        f'<svg class="plot" id="{name}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(says)}"{more}>{inside}</svg>'
    )
