"""Pictures that show nothing: one grey all over, as the network sees them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLANK = "blank"  # what is answered instead of a letter
# Between the darkest and the lightest pixel, of 255. No real letter is as faint as that: of the
# 7,800 embedded ones the faintest has 39 at 32 x 32 pixels (27 at 8 x 8), of 6,988 from photographs
# (Chars74K, capitals) 15 (11 at 16 x 16, 5 at 8 x 8). One grey saved as JPEG has 0 to 2.
FAINTEST = 4


def blank_pictures(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of the pictures (N, 1, H, W) are blank, as (N,)."""
    blank: NDArray[np.bool_] = np.ptp(images, axis=(1, 2, 3)) < FAINTEST
    return blank
