import pytest
import torch
from torch.nn import functional as F

from mtdnet.networks.lrn import local_response


def test_equals_the_sum_over_five_channels() -> None:
    maps = torch.randn(2, 7, 3, 4) * 60
    expected = torch.empty_like(maps)
    for b, c, i, j in torch.cartesian_prod(*map(torch.arange, maps.shape)).tolist():
        near = maps[b, max(0, c - 2) : c + 3, i, j]
        scale = 1 + 1e-4 / 5 * sum(float(v) ** 2 for v in near)
        expected[b, c, i, j] = maps[b, c, i, j] / scale**0.75
    torch.testing.assert_close(local_response(maps), expected)


def test_equals_torch_and_so_do_its_gradients() -> None:
    own = (torch.randn(2, 16, 5, 5) * 60).requires_grad_()
    plain = own.detach().clone().requires_grad_()
    torch.autograd.backward(local_response(own).square().sum())
    expected = F.local_response_norm(plain, 5, alpha=1e-4, beta=0.75, k=1)
    torch.autograd.backward(expected.square().sum())
    assert own.grad is not None and plain.grad is not None
    torch.testing.assert_close(own.grad, plain.grad, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_takes_fewer_channels_than_the_neighbourhood(channels: int) -> None:
    maps = torch.randn(1, channels, 2, 2)
    torch.testing.assert_close(
        local_response(maps), F.local_response_norm(maps, 5, alpha=1e-4, beta=0.75, k=1)
    )
