"""Draw the pictures of single letters in ``data/character_classification``.

The pictures are in the repository already: nobody needs this script to train a network.
It is here so that the data set can be inspected, changed and drawn again.

Each picture is made the way a letter in a photograph comes about: a *surface* (paint, boards,
bricks, clutter) carries the *lettering* (a glyph of an open font between cut-off neighbours), a
camera looks at it from an angle, *light* falls on it, the lens *blurs* it, the sensor adds
*noise*, and a codec *encodes* it.

The fonts are not in the repository. ``data/fonts.csv`` names every family with its licence, its
split and the npm package (with version) that holds its files. From the root of the repository::

    npm install --no-save --prefix fonts $(python data/draw_letters.py --packages)
    python data/draw_letters.py --fonts fonts --seed 2024
    python data/draw_letters.py --contact-sheet docs/images/letters.png

The first line fetches about 300 MB into the folder ``fonts``; remove it afterwards. The second
takes a few minutes on one core and needs only Pillow and NumPy. Every picture has a random
generator of its own, seeded by the seed, the split, the letter and a number, so the same fonts,
seed and version of Pillow give the same bytes, whatever else is drawn.

Two rules keep the labels honest. Families that share a design (Arimo, Tinos and Cousine, say)
stand under one ``design`` in the table, and a design belongs to one split only. And a lower-case
L is drawn only in fonts where it looks more like a capital L than like a capital I or a bare bar.
"""

from __future__ import annotations

import argparse
import colorsys
import csv
import functools
import io
import itertools
import json
import math
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

Picture = NDArray[np.float64]  # height x width x 3, or height x width for a mask; 0 to 1
Colour = NDArray[np.float64]
Step = Callable[..., Picture]  # one stage of the making of a picture
Box = tuple[float, float, float, float]  # left, top, right, bottom

HERE = Path(__file__).resolve().parent
PER_LETTER = {"train": 200, "validation": 50, "test": 50}
GREETING = "WISHYOUANICEDAY"

CANVAS = 208  # side of the canvas that a letter is painted on
LETTER = 80  # longer side of the letter on that canvas
SIDES = (24, 64)  # shortest and longest side of a finished picture
SUPERSAMPLING = 2  # the camera sees this many pixels for one in the finished picture

LOWER_CASE_SHARE = 0.4
NEIGHBOUR_SHARE = 0.65  # on each side
PNG_SHARE = 0.04
MINIMUM_CONTRAST = 0.25  # between the luma of ink and ground: people must be able to read it
HUES = {"red": 2, "orange": 25, "yellow": 48, "green": 135, "sky": 200, "blue": 222, "wine": 345}
LUMA = np.array([0.299, 0.587, 0.114])


# ---------------------------------------------------------------------------------------------
# Fonts
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Family:
    """A font family: the design it descends from, its split, and the files of its weights."""

    design: str
    split: str
    package: str
    files: tuple[str, ...]

    @classmethod
    def from_row(cls, row: dict[str, str]) -> Family:
        return cls(row["design"], row["split"], row["package"], tuple(row["files"].split()))


def read_families(table: Path) -> list[Family]:
    """Read the table of families and make sure that no design is in two splits."""
    with table.open(newline="", encoding="utf-8") as lines:
        families = [Family.from_row(row) for row in csv.DictReader(lines)]
    splits: dict[str, str] = {}
    for family in families:
        if splits.setdefault(family.design, family.split) != family.split:
            raise SystemExit(f"{table}: the design {family.design} is in two splits")
    return families


def find_fonts(families: Sequence[Family], folder: Path) -> dict[str, Path]:
    """Find every font file of the table somewhere below the folder."""
    found = {path.name: path for path in sorted(folder.rglob("*.woff"))}
    for family in families:
        for name in family.files:
            if name not in found:
                raise SystemExit(f"{name} ({family.package}) is not in {folder}; see --packages")
    return found


@functools.lru_cache(maxsize=64)
def load_font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


def silhouette(font: ImageFont.FreeTypeFont, text: str) -> Picture:
    """Return the glyph stretched to a small square, so that only its shape counts."""
    left, top, right, bottom = font.getbbox(text)
    mask = Image.new("L", (math.ceil(right - left), math.ceil(bottom - top)))
    ImageDraw.Draw(mask).text((-left, -top), text, fill=255, font=font)
    return to_array(mask.resize((16, 32), Image.Resampling.BOX))


@functools.cache
def small_l_reads_as_l(path: Path) -> bool:
    """Say whether the lower-case L of a font looks more like its capital L than like an I."""
    font = load_font(path, 64)
    shape, capital_l, capital_i = (silhouette(font, text) for text in "lLI")
    bar = np.ones_like(shape)  # the capital I of most other fonts

    def distance(other: Picture) -> float:
        return float(np.abs(shape - other).mean())

    return distance(capital_l) < min(distance(capital_i), distance(bar))


def choose_glyph(letter: str, font: Path, rng: Generator) -> str:
    """Pick the case in which a letter is drawn."""
    lower = rng.random() < LOWER_CASE_SHARE and (letter != "L" or small_l_reads_as_l(font))
    return letter.lower() if lower else letter


# ---------------------------------------------------------------------------------------------
# Small tools
# ---------------------------------------------------------------------------------------------


def to_array(image: Image.Image) -> Picture:
    return np.asarray(image, dtype=np.float64) / 255


def to_image(picture: Picture) -> Image.Image:
    return Image.fromarray((picture.clip(0, 1) * 255 + 0.5).astype(np.uint8))


def enlarge(grid: Picture, shape: tuple[int, int]) -> Picture:
    """Enlarge a coarse grid of numbers smoothly to height x width."""
    smooth = Image.fromarray(grid).resize(shape[::-1], Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float64)


def cloud(shape: tuple[int, int], rng: Generator, coarsest: int = 3, octaves: int = 4) -> Picture:
    """Make fractal noise, like clouds, stains or stone, with mean 0 and deviation 1."""
    total = np.zeros(shape)
    for octave in range(octaves):
        cells = min(coarsest * 2**octave, *shape)
        total += enlarge(rng.normal(size=(cells, cells)), shape) / 2**octave
    total -= total.mean()
    return total / float(total.std())


def coordinates(shape: tuple[int, ...]) -> tuple[Picture, Picture]:
    """Return x and y of every pixel, each running from -0.5 to 0.5."""
    height, width = shape[:2]
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height))
    return x, y


def ramp(shape: tuple[int, ...], angle: float) -> Picture:
    """Make a slope across the picture that rises from about -0.5 to 0.5 in one direction."""
    x, y = coordinates(shape)
    return x * math.cos(angle) + y * math.sin(angle)


def any_angle(rng: Generator) -> float:
    return float(rng.uniform(0, 2 * math.pi))


def pick(rng: Generator, table: Sequence[tuple[float, Step]]) -> Step:
    """Choose one step of a table of (weight, step)."""
    weights = np.array([weight for weight, _ in table])
    return table[rng.choice(len(table), p=weights / weights.sum())][1]


# ---------------------------------------------------------------------------------------------
# Surfaces: what the letter stands on
# ---------------------------------------------------------------------------------------------


def random_colour(rng: Generator) -> Colour:
    """Draw a colour: often white, black or grey, else one of the hues that signs are made in."""
    hue = rng.choice(list(HUES.values())) + rng.normal(0, 9)
    saturation = rng.uniform(0, 0.2) if rng.random() < 0.45 else rng.beta(2, 1.5)
    value = 0.06 + 0.92 * rng.beta(0.8, 0.7)
    return np.array(colorsys.hsv_to_rgb(hue / 360 % 1, saturation, value))


def ink_and_ground(rng: Generator) -> tuple[Colour, Colour]:
    """Draw two colours that a reader can tell apart."""
    while True:
        ink, ground = random_colour(rng), random_colour(rng)
        if abs(float(LUMA @ (ink - ground))) > MINIMUM_CONTRAST:
            return ink, ground


def plain(colour: Colour, rng: Generator) -> Picture:
    return np.tile(colour, (CANVAS, CANVAS, 1))


def graded(colour: Colour, rng: Generator) -> Picture:
    """Let the colour run into a neighbouring one."""
    change = rng.normal(0, 0.25, 3)
    return plain(colour, rng) + ramp((CANVAS, CANVAS), any_angle(rng))[..., None] * change


def stained(colour: Colour, rng: Generator) -> Picture:
    """Weathered paint, stone or crumpled paper."""
    stains = cloud((CANVAS, CANVAS), rng, coarsest=int(rng.integers(3, 24)))
    return plain(colour, rng) + stains[..., None] * rng.uniform(0.02, 0.1)


def boarded(colour: Colour, rng: Generator) -> Picture:
    """Boards, blinds or corrugated iron: parallel bands of light and dark."""
    bands = ramp((CANVAS, CANVAS), any_angle(rng)) * rng.uniform(5, 30)
    wave = np.sin(2 * math.pi * bands)
    sharp = np.sign(wave) if rng.random() < 0.4 else wave
    return plain(colour, rng) + sharp[..., None] * rng.uniform(0.02, 0.1)


def tiled(colour: Colour, rng: Generator) -> Picture:
    """Bricks or tiles, each a little lighter or darker, with joints between them."""
    height, width = int(rng.integers(12, 50)), int(rng.integers(20, 70))
    y, x = np.indices((CANVAS, CANVAS))
    row = y // height
    x = x + row % 2 * (width // 2)
    shades = rng.normal(0, 0.05, (CANVAS // height + 2, CANVAS // width + 3))
    joint = (y % height < 2) | (x % width < 2)
    shade = shades[row, x // width] + joint * rng.uniform(-0.2, 0.2)
    return plain(colour, rng) + shade[..., None]


def cluttered(colour: Colour, rng: Generator) -> Picture:
    """Other things in view: patches and edges of foreign colours, out of the letter's centre."""
    image = to_image(plain(colour, rng))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(2, 6)):
        angle, size = any_angle(rng), rng.uniform(15, 60)
        x = CANVAS / 2 + (LETTER * 0.55 + size) * math.cos(angle)
        y = CANVAS / 2 + (LETTER * 0.55 + size) * math.sin(angle)
        shape = draw.ellipse if rng.random() < 0.4 else draw.rectangle
        shape((x - size, y - size, x + size, y + size), fill=to_bytes(random_colour(rng)))
    return to_array(image)


def to_bytes(colour: Colour) -> tuple[int, ...]:
    return tuple(int(channel * 255) for channel in colour)


SURFACES = ((3, plain), (3, graded), (4, stained), (1.5, boarded), (1.5, tiled), (2, cluttered))


# ---------------------------------------------------------------------------------------------
# Lettering: the glyph, its neighbours and how they are painted
# ---------------------------------------------------------------------------------------------


def fit_font(path: Path, glyph: str) -> ImageFont.FreeTypeFont:
    """Load the font in the size that makes the longer side of the glyph LETTER pixels."""
    left, top, right, bottom = load_font(path, 100).getbbox(glyph)
    return load_font(path, round(100 * LETTER / max(right - left, bottom - top)))


def write(glyph: str, path: Path, rng: Generator) -> tuple[Picture, Box]:
    """Write the glyph in the middle of a mask, with neighbours; return the glyph's own box."""
    font = fit_font(path, glyph)
    left, top, right, bottom = font.getbbox(glyph, anchor="ls")
    x, y = (CANVAS - left - right) / 2, (CANVAS - top - bottom) / 2
    mask = Image.new("L", (CANVAS, CANVAS))
    for neighbour, start in [(glyph, x), *neighbours(glyph, font, x, rng)]:
        ImageDraw.Draw(mask).text((start, y), neighbour, fill=255, font=font, anchor="ls")
    return to_array(mask), (x + left, y + top, x + right, y + bottom)


def neighbours(
    glyph: str, font: ImageFont.FreeTypeFont, x: float, rng: Generator
) -> Iterator[tuple[str, float]]:
    """Yield letters before and after the glyph with the place where each starts."""
    alphabet = string.ascii_uppercase if glyph.isupper() else string.ascii_lowercase
    tracking = rng.uniform(0.02, 0.15) * LETTER
    before, after = rng.choice(list(alphabet), 2)
    if rng.random() < NEIGHBOUR_SHARE:
        yield str(before), x - font.getlength(str(before)) - tracking
    if rng.random() < NEIGHBOUR_SHARE:
        yield str(after), x + font.getlength(glyph) + tracking


def paint(canvas: Picture, mask: Picture, colour: Colour | Picture) -> Picture:
    """Cover the canvas with a colour where the mask says so."""
    return canvas + mask[..., None] * (colour - canvas)


def spread(mask: Picture, width: int) -> Picture:
    """Make the strokes of a mask thicker on every side."""
    return to_array(to_image(mask).filter(ImageFilter.MaxFilter(2 * width + 1)))


def shift(mask: Picture, right: int, down: int) -> Picture:
    return np.roll(mask, (down, right), axis=(0, 1))


def soften(mask: Picture, radius: float) -> Picture:
    return to_array(to_image(mask).filter(ImageFilter.GaussianBlur(radius)))


def painted(canvas: Picture, mask: Picture, ink: Colour, rng: Generator) -> Picture:
    return paint(canvas, mask, ink)


def shaded(canvas: Picture, mask: Picture, ink: Colour, rng: Generator) -> Picture:
    """Ink that changes from one end of the letter to the other."""
    change = rng.normal(0, 0.2, 3)
    return paint(canvas, mask, ink + ramp(mask.shape, any_angle(rng))[..., None] * change)


def worn(canvas: Picture, mask: Picture, ink: Colour, rng: Generator) -> Picture:
    """Paint that has flaked off in places."""
    left_over = 1.1 + 0.5 * cloud(mask.shape, rng, coarsest=int(rng.integers(12, 40)))
    return paint(canvas, mask * left_over.clip(0.3, 1), ink)


def outlined(canvas: Picture, mask: Picture, ink: Colour, rng: Generator) -> Picture:
    """A contour in a third colour."""
    contour = spread(mask, int(rng.integers(1, 5)))
    return paint(paint(canvas, contour, random_colour(rng)), mask, ink)


def shadowed(canvas: Picture, mask: Picture, ink: Colour, rng: Generator) -> Picture:
    """A letter in front of its surface, which throws a shadow on it."""
    right, down = (int(step) for step in rng.integers(-6, 7, 2))
    shadow = soften(shift(mask, right, down), rng.uniform(0, 3)) * rng.uniform(0.3, 0.8)
    return paint(paint(canvas, shadow, canvas * 0.2), mask, ink)


def raised(canvas: Picture, mask: Picture, ink: Colour, rng: Generator) -> Picture:
    """Cast or moulded: one edge catches the light and the other is in the dark."""
    step = int(rng.integers(1, 4))
    lit = paint(canvas, shift(mask, -step, -step), np.clip(ink + 0.35, 0, 1))
    return paint(paint(lit, shift(mask, step, step), ink * 0.4), mask, ink)


LETTERINGS = ((4, painted), (2, shaded), (2, worn), (1.5, outlined), (2, shadowed), (1, raised))


# ---------------------------------------------------------------------------------------------
# Camera: where it stands and what it cuts out
# ---------------------------------------------------------------------------------------------


def frame(box: Box, rng: Generator) -> tuple[NDArray[np.float64], float]:
    """Choose the corners of the view around a letter's box; return them with width / height."""
    left, top, right, bottom = box
    width = max(right - left, 0.45 * LETTER) * rng.uniform(1.06, 1.4)
    height = max(bottom - top, 0.45 * LETTER) * rng.uniform(1.06, 1.3)
    corners = np.array([(-1, -1), (-1, 1), (1, 1), (1, -1)]) * (width / 2, height / 2)
    corners += rng.normal(0, 0.045, (4, 2)) * (width, height)  # perspective
    corners[:, 0] += corners[:, 1] * rng.normal(0, 0.1)  # slant
    turn = rng.normal(0, math.radians(7))
    rotation = np.array([(math.cos(turn), -math.sin(turn)), (math.sin(turn), math.cos(turn))])
    centre = np.array([(left + right) / 2, (top + bottom) / 2])
    off_centre = rng.normal(0, 0.03, 2) * (width, height)
    return corners @ rotation + centre + off_centre, width / height


def finished_size(aspect: float, rng: Generator) -> tuple[int, int]:
    """Choose width and height in pixels for a view of the given width / height."""
    shortest, longest = SIDES
    longer = rng.integers(shortest + 4, longest, endpoint=True)
    stretched = aspect * math.exp(rng.normal(0, 0.08))
    sides = np.array([min(1, stretched), min(1, 1 / stretched)]) * longer
    width, height = (int(side) for side in sides.round().clip(shortest, longest))
    return width, height


def photograph(canvas: Picture, box: Box, rng: Generator) -> Picture:
    """Look at the letter from an angle, a little off its middle."""
    corners, aspect = frame(box, rng)
    width, height = finished_size(aspect, rng)
    view = to_image(canvas).transform(
        (width * SUPERSAMPLING, height * SUPERSAMPLING),
        Image.Transform.QUAD,
        corners.ravel().tolist(),
        Image.Resampling.BICUBIC,
    )
    return to_array(view)


# ---------------------------------------------------------------------------------------------
# Light
# ---------------------------------------------------------------------------------------------


def uneven(picture: Picture, rng: Generator) -> Picture:
    """Light from one side."""
    fall = ramp(picture.shape, any_angle(rng)) * rng.uniform(0.1, 0.8)
    return picture * (1 + fall[..., None])


def half_in_shade(picture: Picture, rng: Generator) -> Picture:
    """The shadow of something outside the picture, with a straight edge."""
    slope = ramp(picture.shape, any_angle(rng)) + rng.uniform(-0.3, 0.3)
    shade = (slope * rng.uniform(8, 60) + 0.5).clip(0, 1) * rng.uniform(0.2, 0.55)
    return picture * (1 - shade[..., None])


def glare(picture: Picture, rng: Generator) -> Picture:
    """The reflection of a lamp or of the sky."""
    x, y = coordinates(picture.shape)
    centre = rng.uniform(-0.5, 0.5, 2)
    distance = np.hypot(x - centre[0], y - centre[1]) / rng.uniform(0.15, 0.5)
    shine = np.exp(-(distance**2)) * rng.uniform(0.15, 0.5)
    return paint(picture, shine, np.ones(3))


def exposure(picture: Picture, rng: Generator) -> Picture:
    """Too dark or too bright, and not quite white."""
    cast = np.exp(rng.normal(0, 0.08, 3))
    bright = picture.clip(0, 1) ** math.exp(rng.normal(-0.05, 0.2))
    return bright * cast * rng.uniform(0.75, 1.1)


def haze(picture: Picture, rng: Generator) -> Picture:
    """Dust, mist or a dirty pane: everything moves towards one colour."""
    return picture + rng.uniform(0.1, 0.4) * (random_colour(rng) - picture)


LIGHTS = ((0.7, uneven), (0.2, half_in_shade), (0.15, glare), (0.9, exposure), (0.2, haze))


def light(picture: Picture, rng: Generator) -> Picture:
    for chance, effect in LIGHTS:
        if rng.random() < chance:
            picture = effect(picture, rng)
    return picture


# ---------------------------------------------------------------------------------------------
# Lens, sensor and codec
# ---------------------------------------------------------------------------------------------


def in_focus(picture: Picture, rng: Generator) -> Picture:
    return picture


def out_of_focus(picture: Picture, rng: Generator) -> Picture:
    radius = rng.uniform(0.005, 0.04) * min(picture.shape[:2])
    return to_array(to_image(picture).filter(ImageFilter.GaussianBlur(radius)))


def shaken(picture: Picture, rng: Generator) -> Picture:
    """Average the picture along a short straight path, as an unsteady hand does."""
    angle, length = any_angle(rng), rng.uniform(0.03, 0.12) * min(picture.shape[:2])
    steps = np.linspace(-length / 2, length / 2, 9)
    path = {(round(s * math.sin(angle)), round(s * math.cos(angle))) for s in steps}
    total = np.zeros_like(picture)
    for place in sorted(path):
        total += moved(picture, *place)
    return total / len(path)


def moved(picture: Picture, down: int, right: int) -> Picture:
    """Move a picture by whole pixels, repeating its edge where it leaves a gap."""
    height, width = picture.shape[:2]
    rows = (np.arange(height) - down).clip(0, height - 1)
    columns = (np.arange(width) - right).clip(0, width - 1)
    return picture.take(rows, axis=0).take(columns, axis=1)


def far_away(picture: Picture, rng: Generator) -> Picture:
    """Few pixels, enlarged."""
    height, width = picture.shape[:2]
    share = rng.uniform(13, 24) / min(height, width)
    small = to_image(picture).resize(
        (round(width * share), round(height * share)), Image.Resampling.BOX
    )
    return to_array(small.resize((width, height), Image.Resampling.BICUBIC))


BLURS = ((4, in_focus), (4, out_of_focus), (1.5, shaken), (1, far_away))


def expose(picture: Picture) -> Picture:
    """Gather the light of several points in each pixel of the sensor."""
    height, width = picture.shape[:2]
    size = width // SUPERSAMPLING, height // SUPERSAMPLING
    return to_array(to_image(picture).resize(size, Image.Resampling.BOX))


def noise(picture: Picture, rng: Generator) -> Picture:
    """Add grain, in brightness more than in colour, as strong as the letter can bear."""
    strength = float(picture.std()) * 0.5 * rng.beta(1, 3)
    grain = rng.normal(size=(*picture.shape[:2], 1)) + 0.3 * rng.normal(size=picture.shape)
    return picture + strength * grain


def jpeg(image: Image.Image, rng: Generator) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(rng.integers(35, 92)), optimize=True)
    return file.getvalue()


def png(image: Image.Image, rng: Generator) -> bytes:
    """Half of them have a palette, half are grey."""
    file = io.BytesIO()
    plainer = image.quantize(48) if rng.random() < 0.5 else image.convert("L")
    plainer.save(file, "PNG", optimize=True)
    return file.getvalue()


# ---------------------------------------------------------------------------------------------
# The whole picture, and all of them
# ---------------------------------------------------------------------------------------------


def draw_picture(glyph: str, font: Path, rng: Generator) -> Picture:
    """Draw one glyph as a camera may see it."""
    ink, ground = ink_and_ground(rng)
    surface = pick(rng, SURFACES)(ground, rng)
    mask, box = write(glyph, font, rng)
    canvas = pick(rng, LETTERINGS)(surface, mask, ink, rng)
    picture = light(photograph(canvas, box, rng), rng)
    return noise(expose(pick(rng, BLURS)(picture, rng)), rng)


def generator(*key: object) -> Generator:
    """Return a random generator of its own for every key, independent of all others."""
    return np.random.default_rng(list(" ".join(map(str, key)).encode()))


class Studio:
    """Draws pictures into a folder, with the fonts of one split at a time."""

    def __init__(self, families: Sequence[Family], fonts: dict[str, Path], seed: int) -> None:
        self.families = families
        self.fonts = fonts
        self.seed = seed

    def draw(
        self, letter: str, family: Family, stem: Path, rng: Generator, png_share: float = 0.0
    ) -> Path:
        """Draw one picture and write it to the stem with the suffix of its format."""
        font = self.fonts[str(rng.choice(family.files))]
        picture = draw_picture(choose_glyph(letter, font, rng), font, rng)
        suffix, encode = (".png", png) if rng.random() < png_share else (".jpg", jpeg)
        path = stem.with_name(stem.name + suffix)
        path.write_bytes(encode(to_image(picture), rng))
        return path

    def turns(self, split: str, letter: str) -> Iterator[Family]:
        """Yield the families of a split in random order, each once before any comes again."""
        members = [family for family in self.families if family.split == split]
        order = generator(self.seed, split, letter).permutation(len(members))
        return itertools.cycle(members[place] for place in order)

    def draw_split(self, split: str, folder: Path) -> dict[str, str]:
        """Draw all pictures of a split and return their letters by file name."""
        labels = {}
        for letter in string.ascii_uppercase:
            families = itertools.islice(self.turns(split, letter), PER_LETTER[split])
            for number, family in enumerate(families, start=1):
                stem = folder / f"{split}_{letter}_{number:03d}"
                rng = generator(self.seed, split, letter, number)
                labels[self.draw(letter, family, stem, rng, PNG_SHARE).name] = letter
        return labels

    def draw_greeting(self, folder: Path) -> None:
        """Draw the new pictures, which belong to no split, with the families of the test split."""
        for number, letter in enumerate(GREETING, start=1):
            family = next(self.turns("test", f"{letter} {number}"))
            rng = generator(self.seed, "greeting", number)
            self.draw(letter, family, folder / f"{number}_{letter}", rng)


def draw_all(studio: Studio, out: Path) -> None:
    """Draw the three splits and the new pictures."""
    for folder in (out / "images", out / "new_images"):
        if folder.exists() and any(folder.iterdir()):
            raise SystemExit(f"{folder} is not empty; remove it first")
        folder.mkdir(parents=True, exist_ok=True)
    for split in PER_LETTER:
        labels = studio.draw_split(split, out / "images")
        text = json.dumps(labels, indent=0, sort_keys=True)
        (out / f"{split}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{split}: {len(labels)} pictures")
    studio.draw_greeting(out / "new_images")


def contact_sheet(out: Path, rows: int = 8, cell: int = 40) -> Image.Image:
    """Lay out random training pictures in one column a letter."""
    labels = json.loads((out / "train.json").read_text(encoding="utf-8"))
    sheet = Image.new("RGB", (len(string.ascii_uppercase) * cell, rows * cell), "white")
    for column, letter in enumerate(string.ascii_uppercase):
        names = [name for name, label in labels.items() if label == letter]
        for row, name in enumerate(generator("sheet", letter).choice(names, rows, replace=False)):
            picture = Image.open(out / "images" / str(name)).convert("RGB")
            tile = ImageOps.pad(picture, (cell - 2, cell - 2), color="white")
            sheet.paste(tile, (column * cell + 1, row * cell + 1))
    return sheet


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fonts", type=Path, help="draw, with the fonts below this folder")
    parser.add_argument("--out", type=Path, default=HERE / "character_classification")
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--packages", action="store_true", help="print the packages of the fonts")
    parser.add_argument("--contact-sheet", type=Path, metavar="FILE", help="show some pictures")
    arguments = parser.parse_args()
    if not (arguments.fonts or arguments.packages or arguments.contact_sheet):
        parser.error("nothing to do: give --fonts, --packages or --contact-sheet")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    families = read_families(HERE / "fonts.csv")
    if arguments.packages:
        print(*sorted({family.package for family in families}))
    if arguments.fonts:
        fonts = find_fonts(families, arguments.fonts)
        draw_all(Studio(families, fonts, arguments.seed), arguments.out)
    if arguments.contact_sheet:
        arguments.contact_sheet.parent.mkdir(parents=True, exist_ok=True)
        contact_sheet(arguments.out).quantize(256).save(arguments.contact_sheet, optimize=True)


if __name__ == "__main__":
    main()
