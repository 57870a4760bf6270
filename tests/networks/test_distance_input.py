"""A verdict that takes the distance of the ranking features as one more input."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from mtdnet.networks import serialization
from mtdnet.networks.fourier_tail import GRID, Tail
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.networks.weight_init import start_as_difference


@pytest.fixture(params=["caffenet", "caffenet-tall", "resnet50"])
def network(request: pytest.FixtureRequest) -> MTDnet:
    torch.manual_seed(0)
    made = MTDnet(1 / 16, trunk=request.param).eval()
    assert made.pair.distance is None
    made.pair.take_distance(made.feature_size)
    return made


def maps_of(network: MTDnet, images: int) -> Tensor:
    return torch.randn(images, network.trunk.channels, *network.trunk.grid)


@torch.no_grad()
def test_logits_are_those_of_the_maps_and_of_the_distance(network: MTDnet) -> None:
    first, second = maps_of(network, 3), maps_of(network, 3)
    logits = network.pair.tail(network.left(first) + network.right(second))
    plain = MTDnet(1 / 16, trunk=network.trunk.name).eval()
    weights = network.state_dict()
    plain.load_state_dict({k: v for k, v in weights.items() if "distance" not in k})
    for pair, (a, b) in enumerate(
        zip(network.features(first), network.features(second), strict=True)
    ):
        expected = plain.pair(first[pair : pair + 1], second[pair : pair + 1])[0]
        squared = sum((x.item() - y.item()) ** 2 for x, y in zip(a, b, strict=True))
        assert float(logits[pair, 0]) == pytest.approx(float(expected[0]), abs=1e-5)
        assert float(logits[pair, 1]) == pytest.approx(
            float(expected[1]) + 3 - 3 * squared, abs=1e-4
        )


@torch.no_grad()
def test_a_weighed_verdict_adds_up_logit_and_distance(network: MTDnet) -> None:
    first, second = maps_of(network, 3), maps_of(network, 3)

    def margins() -> Tensor:
        logits = network.pair.tail(network.left(first) + network.right(second))
        return logits[:, 1] - logits[:, 0]

    before = margins()
    network.pair.weigh(0.4, 2.5, 1.5)
    for pair, after in enumerate(margins()):
        a, b = network.features(first)[pair], network.features(second)[pair]
        squared = sum((x.item() - y.item()) ** 2 for x, y in zip(a, b, strict=True))
        expected = 0.4 * float(before[pair]) - 2.5 * squared + 1.5
        assert float(after) == pytest.approx(expected, abs=1e-4)


def test_it_starts_with_the_order_of_the_ranking_head(network: MTDnet) -> None:
    start_as_difference(network.pair.conv3)
    query, gallery = maps_of(network, 1), maps_of(network, 6)
    torch.nn.init.zeros_(network.pair.fc8.weight)  # nothing learnt yet
    logits = network.pair.tail(network.left(query) + network.right(gallery))
    distance = (network.features(query) - network.features(gallery)).square().sum(1)
    assert (logits[:, 1] - logits[:, 0]).argsort().tolist() == (-distance).argsort().tolist()


def test_the_pair_loss_reaches_the_distance_and_not_the_ranking_head(network: MTDnet) -> None:
    first, second = maps_of(network, 2), maps_of(network, 2)
    logits = network.pair.tail(network.left(first) + network.right(second))
    torch.autograd.backward(logits.square().sum())
    assert network.ranking.fc.weight.grad is None
    assert network.pair.distance is not None and network.pair.distance.weight.grad is not None


def test_a_file_keeps_it(network: MTDnet, tmp_path: Path) -> None:
    serialization.save(network, tmp_path / "network.safetensors")
    other = serialization.load(tmp_path / "network.safetensors").network
    first, second = maps_of(network, 2), maps_of(network, 2)
    assert other.pair is not None and other.pair.half_channels == network.pair.half_channels
    expected = network.pair.tail(network.left(first) + network.right(second))
    assert torch.equal(other.pair.tail(other.left(first) + other.right(second)), expected)


def test_fourier_products_hold_it_too(network: MTDnet) -> None:
    if network.trunk.grid != GRID:
        pytest.skip("the products are those of the square trunk's grid")
    joint = network.left(maps_of(network, 3)) + network.right(maps_of(network, 3))
    with torch.inference_mode():
        torch.testing.assert_close(
            Tail(network.pair)(joint), network.pair.tail(joint), rtol=1e-4, atol=1e-5
        )
