"""The network that a training starts from."""

import pytest
import torch

from mtdnet import variants
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import JointStart
from mtdnet.training import Start


def fresh(hidden_bias: float = 0.0, joint_start: JointStart = "drawn") -> MTDnet:
    torch.manual_seed(0)
    start = Start(width=1 / 32, hidden_bias=hidden_bias, joint_start=joint_start)
    own = start.network(variants.load("mtdnet"))
    assert isinstance(own, MTDnet)
    return own


@torch.no_grad()
def test_hidden_biases_alone_are_filled() -> None:
    plain, filled = (dict(fresh(bias).named_parameters()) for bias in (0.0, 0.1))
    for name, parameter in filled.items():
        if name in ("ranking.fc.bias", "pair.fc6.bias", "pair.fc7.bias"):
            assert torch.all(parameter == 0.1)
        else:
            assert torch.equal(parameter, plain[name]), name


@torch.no_grad()
def test_a_joint_map_starts_as_a_difference() -> None:
    drawn, own = fresh(), fresh(joint_start="difference")
    first, second = torch.rand(2, 1, own.pair.conv3.in_channels // 2, 13, 13)
    torch.testing.assert_close(
        own.pair.left(first) + own.pair.right(second), own.pair.left(first - second)
    )
    for (name, one), other in zip(drawn.named_parameters(), own.parameters(), strict=True):
        assert torch.equal(one, other) == (name != "pair.conv3.weight"), name
    assert torch.equal(drawn.pair.left(first), own.pair.left(first))


@pytest.mark.parametrize("joint_start", ["drawn", "difference"])
def test_a_network_without_a_pair_head_has_no_joint_maps(joint_start: JointStart) -> None:
    Start(width=1 / 32, joint_start=joint_start).network(variants.load("rnk"))
