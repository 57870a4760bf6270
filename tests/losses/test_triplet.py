import pytest
import torch
from torch.nn import functional as F

from mtdnet.losses.triplet import triplet_loss


@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_equals_equation_1_in_a_loop(margin: float) -> None:
    features = F.normalize(torch.randn(9, 5, dtype=torch.float64))
    triplets = torch.randint(0, 9, (3, 40))
    total = 0.0
    for a, p, n in triplets.T.tolist():
        near = sum(
            (float(x) - float(y)) ** 2 for x, y in zip(features[a], features[p], strict=True)
        )
        far = sum((float(x) - float(y)) ** 2 for x, y in zip(features[a], features[n], strict=True))
        total += max(0.0, near - far + margin)
    assert float(triplet_loss(features, triplets, margin)) == pytest.approx(total / (2 * 40))


def test_the_hardest_are_those_of_the_triplets_with_an_anchor() -> None:
    features = F.normalize(torch.randn(9, 5, dtype=torch.float64))
    triplets = torch.randint(0, 9, (3, 40))

    def distance(one: int, other: int) -> float:
        return float((features[one] - features[other]).square().sum())

    total = 0.0
    for anchor in triplets[0].tolist():
        own = [(p, n) for a, p, n in triplets.T.tolist() if a == anchor]
        near = max(distance(anchor, p) for p, _ in own)
        far = min(distance(anchor, n) for _, n in own)
        total += max(0.0, near - far + 0.3)
    found = triplet_loss(features, triplets, 0.3, hardest=True)
    assert float(found) == pytest.approx(total / (2 * 40))
    assert float(found) > float(triplet_loss(features, triplets, 0.3))


def test_is_zero_beyond_the_margin_and_so_are_gradients() -> None:
    features = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]], requires_grad=True)
    loss = triplet_loss(features, torch.tensor([[0], [1], [2]]))
    torch.autograd.backward(loss)
    assert float(loss.detach()) == 0
    assert features.grad is not None and not features.grad.any()
