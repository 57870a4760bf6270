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


def test_is_zero_beyond_the_margin_and_so_are_gradients() -> None:
    features = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]], requires_grad=True)
    loss = triplet_loss(features, torch.tensor([[0], [1], [2]]))
    torch.autograd.backward(loss)
    assert float(loss.detach()) == 0
    assert features.grad is not None and not features.grad.any()
