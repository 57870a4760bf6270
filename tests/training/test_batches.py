"""What is gathered of each batch, against dictionaries and loops."""

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mtdnet.training.batches import Batches, _distinct

B, N = 5, 12
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def triplets() -> tuple[Tensor, Tensor]:
    """Return triplets whose batches hold ever more different images, and mirror flags."""
    torch.manual_seed(1)
    few = [torch.randint(0, 2 + batch, (3, N)) for batch in range(B)]
    return torch.stack(few), torch.rand(B, 3, N) < 0.5


def test_each_batch_names_its_triplets_images_and_pairs_once(
    triplets: tuple[Tensor, Tensor],
) -> None:
    images, mirrors = triplets
    batches = Batches(images, mirrors, CPU)
    assert len(batches) == B
    for number, (rows, flags) in enumerate(zip(images.tolist(), mirrors.tolist(), strict=True)):
        batch = batches[number]
        given = [list(zip(r, f, strict=True)) for r, f in zip(rows, flags, strict=True)]
        items = list(zip(batches.images[number].tolist(), batch.mirror.tolist(), strict=True))
        assert [[items[i] for i in part] for part in batch.triplets.tolist()] == given
        distinct = len({item for part in given for item in part})
        assert len(set(items[:distinct])) == distinct and set(items[distinct:]) <= {items[0]}

        anchor, positive, negative = given
        held = Counter(zip(anchor, positive, strict=True))
        held.update(zip(anchor, negative, strict=True))
        left, right = batch.lefts[batch.first].tolist(), batch.rights[batch.second].tolist()
        pairs = [(items[one], items[two]) for one, two in zip(left, right, strict=True)]
        weight = batch.weight.tolist()
        assert {p: w for p, w in zip(pairs, weight, strict=True) if w} == held
        assert sum(w > 0 for w in weight) == len(held)
        assert {p for p, y in zip(pairs, batch.same.tolist(), strict=True) if y} == set(
            zip(anchor, positive, strict=True)
        )
        for which, other in ((batch.positive, positive), (batch.negative, negative)):
            assert [pairs[row] for row in which.tolist()] == list(zip(anchor, other, strict=True))


def test_all_batches_have_the_shape_of_the_largest(triplets: tuple[Tensor, Tensor]) -> None:
    batches = Batches(*triplets, CPU)
    shapes = {tuple(part.shape for part in vars(batches[n]).values()) for n in range(B)}
    assert len(shapes) == 1
    alone = [
        Batches(images[None], flags[None], CPU) for images, flags in zip(*triplets, strict=True)
    ]
    assert batches.images.shape[1] == max(one.images.shape[1] for one in alone)
    assert len(batches[0].weight) == max(len(one[0].weight) for one in alone)
    assert not batches[0].weight.all(), "the first batch has too few pairs to fill it"


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    values=st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.integers(0, 9), min_size=width, max_size=width), min_size=1, max_size=5
        )
    )
)
def test_distinct_values_of_a_row_come_back_with_their_counts(values: list[list[int]]) -> None:
    distinct, which, counts = _distinct(torch.tensor(values))
    for row, own, places, times in zip(
        values, distinct.tolist(), which.tolist(), counts.tolist(), strict=True
    ):
        held = Counter(row)
        assert [own[place] for place in places] == row
        assert own[: len(held)] == sorted(held) and set(own[len(held) :]) <= {min(row)}
        assert times == [held[value] for value in sorted(held)] + [0] * (len(own) - len(held))
