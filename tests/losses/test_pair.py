import math

import pytest
import torch

from mtdnet.losses.pair import pair_loss


def test_equals_equation_2_in_a_loop_over_all_occurrences() -> None:
    logits = torch.randn(6, 2, dtype=torch.float64)
    same = torch.tensor([1, 0, 0, 1, 0, 1])
    weight = torch.tensor([10.0, 1, 2, 1, 1, 3])
    terms = []
    for (different, alike), y, times in zip(
        logits.tolist(), same.tolist(), weight.tolist(), strict=True
    ):
        p = math.exp(alike) / (math.exp(alike) + math.exp(different))
        terms += [-(y * math.log(p) + (1 - y) * math.log(1 - p))] * int(times)
    assert float(pair_loss(logits, same, weight)) == pytest.approx(sum(terms) / len(terms))
