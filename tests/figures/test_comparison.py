"""What is worked out before anything is drawn."""

from __future__ import annotations

import pytest

from charrec.figures.comparison import Key, Spot, frontier, is_wide, sizes_to_name, spread


def spots(*pairs: tuple[int, float]) -> list[Spot]:
    return [Spot("", "", size, accuracy, None, "") for size, accuracy in pairs]


def test_the_frontier_is_what_no_smaller_network_beats() -> None:
    front = frontier(spots((30, 0.7), (10, 0.4), (10, 0.5), (20, 0.5), (40, 0.6), (50, 0.9)))
    assert [(spot.parameters, spot.accuracy) for spot in front] == [
        (10, 0.5),
        (30, 0.7),
        (50, 0.9),
    ]


def test_labels_move_apart_in_order_and_within_the_height() -> None:
    assert spread([0.5, 0.1], 0.1, 1) == [0.5, 0.1]
    assert spread([0.2, 0.2, 0.9], 0.25, 1) == pytest.approx([0.2, 0.45, 0.9])
    assert spread([0.95, 0.9], 0.25, 1) == pytest.approx([1, 0.75])
    moved = spread([0.9] * 5, 0.2, 1)
    assert moved == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert spread([], 0.1, 1) == []


def test_an_axis_is_logarithmic_where_sizes_span_much() -> None:
    assert is_wide([100, 301])
    assert not is_wide([100, 300])
    assert not is_wide([0, 300])


def test_sizes_are_named_where_they_stand_apart() -> None:
    assert sizes_to_name([10, 20, 10, 15]) == [10, 15, 20]
    assert sizes_to_name([7]) == [7]
    assert sizes_to_name([100, 1000, 1001]) == []
    assert sizes_to_name(range(100, 108)) == []
    assert sizes_to_name([10, 20, 1000]) == [10, 20, 1000]  # on a logarithmic axis
    assert sizes_to_name([10, 11, 1000]) == []


def test_colours_of_a_key() -> None:
    key = Key("lr", ("0.1", "0.2", "null"))
    assert [key.place(value) for value in key.values] == pytest.approx([0, 0.44, 0.88])
    assert Key("lr", ("0.1",)).place("0.1") == 0
