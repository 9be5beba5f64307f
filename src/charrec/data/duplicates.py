"""Which pictures are one picture to the eye: stored, compressed or sized another way.

A letter has little detail, so a hash of a few bits collides for different pictures of an I. Here
a hash only proposes pairs; their small grey versions are then compared, and how far these may be
apart follows from what was done to the files: nothing to be seen between two lossless pictures of
the same size, more for a JPEG the coarser its tables, more for another size.

Measured on four sets (20,000 letters of fonts and 2,900 of handwriting at 28 x 28, 7,000 crops of
street scenes at 100 x 100, the 7,800 embedded ones of 24 to 64 pixels), with a copy of 1,500
pictures of each added: JPEG of quality 30 to 95, PNG, WebP of 40 and 80, 0.4 to 2.5 times the size.
Found: 99.8 % of the copies of street scenes, 99.6 % of embedded letters, 96.5 % of handwriting,
93.9 % of fonts; nearly all that is missed is 11 to 14 pixels wide. Claimed between different
pictures of the sets: 99 pairs of twin fonts, nowhere more than 8 grey levels apart, and no others.
Claimed between a copy and another picture than its own: 0, 0, 9 and 60, of which 23 differ visibly.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from charrec.data.equals import Whole, row_keys
from charrec.data.pictures import Grey

Floats = NDArray[np.float32]

SIDE = 32  # of the small grey versions
# The hash: the 24 lowest frequencies of an 8 x 8 version, in cells of this width, 12 at a time.
FREQUENCIES, CELL, TAKEN, TABLES = 24, 0.2, 12, 8
NEIGHBOURS = 48  # pictures of the same hash that each is compared with: no table of all pairs
UNSEEN = 8  # grey levels that a pixel may differ where nothing was lost: colours turned grey
AT_ONCE = 4096  # pairs


def alike_pairs(small: Grey, sizes: Whole, loss: Floats) -> Whole:
    """Pairs (M, 2) of pictures that are one picture to the eye.

    Args:
        small: (N, SIDE, SIDE), the pictures stretched to squares.
        sizes: (N, 2), width and height that they had.
        loss: (N,), how coarsely their files are compressed, see `charrec.data.survey`.
    """
    nothing = np.empty(0, np.float32)
    claims = [_Claims(np.empty((0, 2), np.int64), nothing, nothing)]
    proposed, coarse = _proposed(small), _coarse(small)
    for start in range(0, len(proposed), AT_ONCE):
        pairs = proposed[start : start + AT_ONCE]
        unchanged = ~_resized(sizes, pairs) & (loss[pairs].sum(axis=1) == 0)
        for version in (coarse, small):  # the coarse one settles most of them, and soon
            close = ~unchanged | (_levels_apart(version, pairs) <= UNSEEN)
            pairs, unchanged = pairs[close], unchanged[close]
        allowed = _allowed(sizes, loss, pairs)
        found = _Claims(pairs, _distance(small, sizes, pairs), allowed)
        claims.append(found.only(found.distance <= allowed))
    pairs, distance, allowed = (np.concatenate(column) for column in zip(*claims, strict=True))
    every = _Claims(pairs, distance, allowed)
    known = every.only(_of_one_original(every, sizes, loss))
    return known.only(_of_the_nearest(known, len(small))).pairs


class _Claims(NamedTuple):
    """Pairs (M, 2) that may be one picture, how far apart they are, and how far they may be."""

    pairs: Whole
    distance: Floats
    allowed: Floats

    def only(self, which: NDArray[np.bool_]) -> _Claims:
        return _Claims(self.pairs[which], self.distance[which], self.allowed[which])


def _proposed(small: Grey) -> Whole:
    """Pairs (M, 2), first below second, that have a hash in common."""
    features, chance = _features(small), np.random.default_rng(0)
    found: Whole = np.empty(0, np.int64)
    for _ in range(TABLES):
        taken = chance.choice(FREQUENCIES, TAKEN, replace=False)
        cells = np.floor(features[:, taken] / CELL + chance.uniform(size=TAKEN)).astype(np.int64)
        found = np.union1d(found, _neighbours(cells, features[:, taken[0]]))
    return np.stack(np.divmod(found, max(len(small), 1)), axis=1)


@cache
def _waves() -> Floats:
    """The lowest FREQUENCIES of the cosine transform (64, FREQUENCIES), without the mean."""
    across = np.cos(np.outer(np.arange(8), 2 * np.arange(8) + 1) * (np.pi / 16)) / 2
    across[0] /= np.sqrt(2)
    lowest = sorted(((i, j) for i in range(8) for j in range(8)), key=lambda ij: (sum(ij), ij))
    waves = [np.outer(across[i], across[j]).ravel() for i, j in lowest[1 : FREQUENCIES + 1]]
    return np.stack(waves, axis=1, dtype=np.float32)


def _coarse(small: Grey) -> Floats:
    """(N, 64), the pictures as 8 x 8."""
    fine = small.reshape(len(small), 8, SIDE // 8, 8, SIDE // 8)
    coarse: Floats = fine.mean(axis=(2, 4), dtype=np.float32).reshape(len(small), 64)
    return coarse


def _features(small: Grey) -> Floats:
    """(N, FREQUENCIES) of each picture, without its brightness and contrast."""
    coarse = _coarse(small)
    coarse -= coarse.mean(axis=1, keepdims=True)
    length = np.linalg.norm(coarse, axis=1, keepdims=True)
    features: Floats = np.matmul(coarse / np.maximum(length, 1e-6), _waves())
    return features


def _neighbours(cells: Whole, along: Floats) -> Whole:
    """Pairs in the same cell of N, as first * N + second; in a crowded one the nearest `along`."""
    count, names = len(cells), row_keys(cells)
    order = np.lexsort((along, names))
    names, found = names[order], [np.empty(0, np.int64)]
    for step in range(1, min(NEIGHBOURS, count - 1) + 1):
        here = np.flatnonzero(names[step:] == names[:-step])
        if not len(here):
            break
        pair = np.sort(np.stack([order[here], order[here + step]]), axis=0)
        found.append(pair[0] * count + pair[1])
    return np.concatenate(found)


@cache
def _blur(side: int) -> Floats:
    """What shrinking SIDE pixels to `side` and stretching them again does, as a matrix."""
    eye = Image.fromarray(np.eye(SIDE, dtype=np.float32))
    shrunk = eye.resize((SIDE, side), Image.Resampling.BILINEAR)
    return np.asarray(shrunk.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def _distance(small: Grey, sizes: Whole, pairs: Whole) -> Floats:
    """Root mean square difference of each pair, in standard deviations of the busier one.

    Before two sizes are compared, the larger picture is shrunk to the other's and stretched again.
    That leaves it as blurred as the other one, or less so where the other was resized with
    sharpening: then the same is done to both.
    """
    both = small[pairs].astype(np.float32)  # (M, 2, SIDE, SIDE)
    distance = _difference(both)
    resized = np.flatnonzero(_resized(sizes, pairs))
    own = sizes[pairs[resized]].clip(1, SIDE)  # (M', 2 pictures, 2 sides)
    least = own.min(axis=1, keepdims=True).repeat(2, axis=1)
    larger_alone = np.where(own > least, least, SIDE)
    ways = [_difference(_blurred(both[resized], sides)) for sides in (least, larger_alone)]
    distance[resized] = np.minimum(*ways)
    return distance


def _blurred(both: Floats, sides: Whole) -> Floats:
    """Each of (M, 2, SIDE, SIDE) shrunk to its (width, height) in (M, 2, 2) and stretched again."""
    blur = np.stack([_blur(side) for side in range(1, SIDE + 1)])
    wide, high = (blur[sides[:, :, axis] - 1] for axis in (0, 1))
    blurred: Floats = high @ both @ wide.swapaxes(2, 3)
    return blurred


def _difference(both: Floats) -> Floats:
    flat = both.reshape(len(both), 2, SIDE * SIDE)
    apart = np.sqrt(np.square(flat[:, 0] - flat[:, 1]).mean(axis=1))
    difference: Floats = apart / np.maximum(flat.std(axis=2).max(axis=1), 1e-6)
    return difference


def _resized(sizes: Whole, pairs: Whole) -> NDArray[np.bool_]:
    differ: NDArray[np.bool_] = (sizes[pairs[:, 0]] != sizes[pairs[:, 1]]).any(axis=1)
    return differ


def _levels_apart(version: Grey | Floats, pairs: Whole) -> Floats:
    """The greatest difference of a pixel of each pair, in grey levels."""
    first, second = (version[side].astype(np.float32) for side in pairs.T)
    apart: Floats = np.abs(first - second).max(axis=tuple(range(1, version.ndim)))
    return apart


def _allowed(sizes: Whole, loss: Floats, pairs: Whole) -> Floats:
    """The greatest `_distance` of each pair, for all that was done to their files."""
    lost = loss[pairs].sum(axis=1)
    allowed: Floats = np.minimum(0.02 + 0.004 * lost + 0.16 * _resized(sizes, pairs), 0.22)
    return allowed


def _of_one_original(claims: _Claims, sizes: Whole, loss: Floats) -> NDArray[np.bool_]:
    """Which claims do not make a copy of two originals.

    Lossless pictures of one size that are not the same are known to be different ones, so what
    was made of one of them was not made of the others: only the nearest counts.
    """
    keep = np.ones(len(claims.pairs), dtype=bool)
    for copy, original in (claims.pairs.T, claims.pairs.T[::-1]):
        changed = (sizes[copy] != sizes[original]).any(axis=1) | (loss[copy] > 0)
        rows = np.flatnonzero(changed & (loss[original] == 0))
        about = np.column_stack([copy[rows], sizes[original[rows]]])
        _, group = np.unique(about, axis=0, return_inverse=True)
        best = np.full(len(rows), np.inf)
        np.minimum.at(best, group.ravel(), claims.distance[rows])
        keep[rows] &= claims.distance[rows] <= best[group.ravel()]
    return keep


def _of_the_nearest(claims: _Claims, count: int) -> NDArray[np.bool_]:
    """Which claims are the nearest of either picture, or so near that there is no doubt."""
    best = np.full(count, np.inf)
    for pictures in claims.pairs.T:
        np.minimum.at(best, pictures, claims.distance)
    nearest: NDArray[np.bool_] = claims.distance <= best[claims.pairs].max(axis=1)
    return nearest | (claims.distance <= claims.allowed / 2)
