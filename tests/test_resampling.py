"""Pictures fetched from other places of themselves, worked by hand."""

from __future__ import annotations

import torch

from charrec.resampling import mapped, pixel_places

CPU = torch.device("cpu")


def test_places_are_the_middles_of_the_pixels() -> None:
    assert pixel_places(4, CPU).tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert pixel_places(2, CPU, torch.float64).dtype == torch.float64


def test_a_map_says_where_a_pixel_comes_from_and_the_border_goes_on() -> None:
    """Half a picture to the right: of 1 2 3 4 is seen 3 4, and then the last again."""
    row = torch.tensor([1.0, 2.0, 3.0, 4.0]).expand(1, 1, 4, 4)
    right = torch.tensor([[[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]])
    assert mapped(row, right)[0, 0, 0].tolist() == [3, 4, 4, 4]
    assert mapped(row[:0], right[:0]).shape == (0, 1, 4, 4)
