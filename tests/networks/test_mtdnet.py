import pytest
import torch
from torch.nn import functional as F

from mtdnet.networks.caffenet import CaffeNet, prepare
from mtdnet.networks.grouped_conv import channels
from mtdnet.networks.mtdnet import MTDnet


@pytest.fixture(scope="module")
def network() -> MTDnet:
    torch.manual_seed(0)
    return MTDnet(1 / 16).eval()


def test_has_the_papers_shapes_at_full_width() -> None:
    with torch.device("meta"):
        whole = MTDnet(1.0)
        maps = whole.trunk(torch.empty(1, 3, 227, 227))
        assert maps.shape == (1, 256, 13, 13)
        assert whole.ranking(maps).shape == (1, 512)
        assert whole.pair(maps, maps).shape == (1, 2)
    shapes = {name: tuple(p.shape) for name, p in whole.named_parameters() if "weight" in name}
    assert shapes == {
        "trunk.conv1.weight": (96, 3, 11, 11),
        "trunk.conv2.weight": (256, 48, 5, 5),
        "ranking.fc.weight": (512, 43264),
        "pair.conv3.weight": (384, 512, 3, 3),
        "pair.conv4.weight": (384, 192, 3, 3),
        "pair.conv5.weight": (256, 192, 3, 3),
        "pair.fc6.weight": (4096, 9216),
        "pair.fc7.weight": (4096, 4096),
        "pair.fc8.weight": (2, 4096),
    }


@torch.no_grad()
def test_draws_weights_as_published() -> None:
    torch.manual_seed(0)
    whole = MTDnet(1.0)
    for name, parameter in whole.named_parameters():
        hidden = any(layer in name for layer in ("fc6", "fc7", "ranking"))
        if name.endswith("bias"):
            assert not parameter.any(), name
        elif name not in ("trunk.conv1.weight", "trunk.conv2.weight"):
            assert float(parameter.std()) == pytest.approx(0.005 if hidden else 0.01, rel=0.02)


@torch.no_grad()
def test_splitting_conv3_changes_nothing(network: MTDnet) -> None:
    first, second = torch.rand(2, 3, channels(256, 1 / 16), 13, 13) * 50
    pair = network.pair
    maps = pair.conv3(torch.cat([first, second], dim=1)).relu()
    maps = pair.conv5(pair.conv4(maps).relu()).relu()
    hidden = pair.pool(maps).permute(0, 2, 3, 1).flatten(1)
    logits = pair.fc8(pair.fc7(pair.fc6(hidden).relu()).relu())
    torch.testing.assert_close(pair(first, second), logits, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_trunk_is_caffenets(network: MTDnet) -> None:
    trunk = network.trunk
    assert isinstance(trunk, CaffeNet)
    images = torch.randn(2, 3, 227, 227) * 60

    def layer(maps: torch.Tensor) -> torch.Tensor:
        pooled = F.max_pool2d(maps.relu(), 3, 2)
        return F.local_response_norm(pooled, 5, alpha=1e-4, beta=0.75, k=1)

    expected = layer(trunk.conv2(layer(trunk.conv1(images))))
    torch.testing.assert_close(trunk(images), expected)


@torch.no_grad()
def test_ranking_features_are_unit_vectors(network: MTDnet) -> None:
    features = network.ranking(network.trunk(torch.randn(2, 3, 227, 227) * 60))
    torch.testing.assert_close(features.norm(dim=1), torch.ones(2))


def test_prepares_blue_green_red_less_the_mean() -> None:
    pixels = torch.zeros(1, 227, 227, 3, dtype=torch.uint8)
    pixels[0, 5, 7] = torch.tensor([10, 20, 30])
    ready = prepare(pixels)
    assert ready.shape == (1, 3, 227, 227)
    assert ready[0, :, 5, 7].tolist() == [30 - 104, 20 - 117, 10 - 123]
    assert ready.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(("width", "expected"), [(1.0, 96), (0.25, 24), (1 / 16, 6), (0.001, 2)])
def test_narrow_layers_keep_even_channels(width: float, expected: int) -> None:
    assert channels(96, width) == expected
