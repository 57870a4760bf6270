import math

import pytest
import torch

from mtdnet.losses.contrastive import contrastive_loss


@pytest.mark.parametrize("margin", [0.6, 1.0])
def test_equals_equations_3_and_4_in_a_loop(margin: float) -> None:
    torch.manual_seed(0)
    source, target = torch.randn(2, 30, 3)
    labels = torch.randint(0, 2, (2, 30))
    total = 0.0
    for f_a, f_b, a, b in zip(source.tolist(), target.tolist(), *labels.tolist(), strict=True):
        y = 1 - (a ^ b)
        size_a, size_b = (math.sqrt(sum(x * x for x in f)) for f in (f_a, f_b))
        d = math.sqrt(sum((p / size_a - q / size_b) ** 2 for p, q in zip(f_a, f_b, strict=True)))
        total += y * d**2 / 2 + (1 - y) * max(0.0, margin - d) ** 2 / 2
    loss = contrastive_loss(source, target, labels[0], labels[1], margin)
    assert float(loss) == pytest.approx(total / 30)


def test_pulls_equal_labels_together_and_others_apart_up_to_the_margin() -> None:
    source = torch.tensor([[1.0, 0.0]])
    near = torch.tensor([[0.9, 0.1]], requires_grad=True)
    same, other = torch.tensor([1]), torch.tensor([0])
    for label, sign in ((same, 1), (other, -1)):
        near.grad = None
        torch.autograd.backward(contrastive_loss(source, near, same, label))
        assert near.grad is not None
        assert sign * float(near.grad[0, 1]) > 0  # a step against it brings it nearer, or away
    far = torch.tensor([[-1.0, 0.0]])
    assert float(contrastive_loss(source, far, same, other)) == 0


def test_identical_responses_have_a_gradient() -> None:
    same = torch.ones(1, 4, requires_grad=True)
    label = torch.tensor([1])
    for other in (label, 1 - label):
        same.grad = None
        torch.autograd.backward(contrastive_loss(torch.ones(1, 4), same, label, other))
        assert same.grad is not None and same.grad.isfinite().all()
