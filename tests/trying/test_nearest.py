"""Which training letters are nearest, in the last hidden layer."""

from __future__ import annotations

import torch
from torch import Tensor

from charrec.classifier import CharacterClassifier
from charrec.trying.nearest import evenly, know, nearest


def greys(*values: int) -> Tensor:
    """Pictures of 2 x 2 pixels, one grey each."""
    return torch.tensor(values, dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 2, 2)


def network() -> CharacterClassifier:
    """One unit that adds up the pixels, and a second layer that does away with its sign."""
    classifier = CharacterClassifier(
        "AB", image_size=2, hsize=[1, 2], activation="relu", normalisation="plain"
    ).eval()
    first, second = (classifier.network[i] for i in (1, 3))
    first.load_state_dict({"weight": torch.ones(1, 4), "bias": torch.full((1,), 4.0)})
    second.load_state_dict({"weight": torch.tensor([[3.0], [4.0]]), "bias": torch.zeros(2)})
    return classifier


def test_the_nearest_come_first_with_their_letters_and_distances() -> None:
    classifier = network()
    known = know(classifier, greys(0, 255, 102, 51), "ABCD")
    found = nearest(known, classifier, greys(51), 3)
    assert [near.letter for near in found] == ["D", "A", "C"]  # A and C are as far
    assert [int(near.picture[0, 0]) for near in found] == [51, 0, 102]
    # 51 of 255 is 0.4 of -1 .. 1; four of them, by weights of 3 and 4 that make 5 together
    assert torch.allclose(torch.tensor([n.distance for n in found]), torch.tensor([0.0, 8, 8]))


def test_no_more_are_found_than_there_are() -> None:
    classifier = network()
    assert len(nearest(know(classifier, greys(0, 255), "AB"), classifier, greys(9), 6)) == 2


def test_of_many_an_even_sample_is_kept() -> None:
    assert evenly(5, 9).tolist() == [0, 1, 2, 3, 4]
    assert evenly(101, 5).tolist() == [0, 25, 50, 75, 100]
    pictures = greys(*range(200))
    known = know(network(), pictures, "".join(chr(200 + i) for i in range(200)), most=3)
    assert known.pictures[:, 0, 0, 0].tolist() == [0, 100, 199]
    assert known.letters == chr(200) + chr(300) + chr(399)
    assert known.outputs.shape == (3, 2)
    assert known.pictures.untyped_storage().nbytes() == 3 * 4  # the others are not held


def test_letters_of_many_pieces_keep_their_order() -> None:
    pictures = greys(*[i % 256 for i in range(2500)])
    known = know(network(), pictures, "A" * 2500)
    assert torch.allclose(known.outputs[:, 0], 3 * 4 * pictures[:, 0, 0, 0].float() / 127.5)
