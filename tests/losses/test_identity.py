import math

import pytest
import torch
from torch.nn import functional as F

from mtdnet.losses.identity import identity_loss


def test_equals_a_softmax_over_persons_in_a_loop() -> None:
    features = F.normalize(torch.randn(8, 5, dtype=torch.float64))
    classes = torch.randn(4, 5, dtype=torch.float64)
    person, weight = torch.randint(0, 4, (8,)), torch.tensor([1, 1, 0, 2, 1, 1, 1, 1]).double()
    total = 0.0
    for feature, own, times in zip(features, person.tolist(), weight.tolist(), strict=True):
        logits = []
        for vector in classes:
            length = math.sqrt(sum(float(x) ** 2 for x in vector))
            logits.append(
                7 * sum(float(x) * float(y) for x, y in zip(feature, vector, strict=True)) / length
            )
        total += times * (math.log(sum(map(math.exp, logits))) - logits[own])
    found = identity_loss(features, classes, person, weight, scale=7.0)
    assert float(found) == pytest.approx(total / 8)  # cosines in float64, logits in float32


def test_the_length_of_a_persons_vector_is_nothing() -> None:
    features, classes = F.normalize(torch.randn(6, 5)), torch.randn(3, 5)
    person, weight = torch.tensor([0, 1, 2, 0, 1, 2]), torch.ones(6)
    one, other = (identity_loss(features, c, person, weight) for c in (classes, 5 * classes))
    torch.testing.assert_close(one, other)
