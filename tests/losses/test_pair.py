import math

import pytest
import torch

from mtdnet.losses.pair import pair_loss


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_equals_equation_2_in_a_loop_over_all_occurrences(smoothing: float) -> None:
    logits = torch.randn(6, 2, dtype=torch.float64)
    same = torch.tensor([1, 0, 0, 1, 0, 1])
    weight = torch.tensor([10.0, 1, 2, 1, 1, 3])
    terms = []
    for (different, alike), y, times in zip(
        logits.tolist(), same.tolist(), weight.tolist(), strict=True
    ):
        p = math.exp(alike) / (math.exp(alike) + math.exp(different))
        target = y * (1 - smoothing) + smoothing / 2
        terms += [-(target * math.log(p) + (1 - target) * math.log(1 - p))] * int(times)
    loss = float(pair_loss(logits, same, weight, smoothing))
    assert loss == pytest.approx(sum(terms) / len(terms))
