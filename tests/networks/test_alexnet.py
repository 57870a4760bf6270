import pytest
import torch
from torch.nn import functional as F

from mtdnet.networks.alexnet import AlexNet
from mtdnet.networks.caffenet import CaffeNet


def test_has_alexnets_shapes_at_full_width() -> None:
    with torch.device("meta"):
        whole = AlexNet(1.0)
        assert whole.embed(torch.empty(1, 3, 227, 227)).shape == (1, 512)
    shapes = {name: tuple(p.shape) for name, p in whole.named_parameters() if "weight" in name}
    assert shapes == {
        "trunk.conv1.weight": (96, 3, 11, 11),
        "trunk.conv2.weight": (256, 48, 5, 5),
        "conv3.weight": (384, 256, 3, 3),
        "conv4.weight": (384, 192, 3, 3),
        "conv5.weight": (256, 192, 3, 3),
        "fc6.weight": (4096, 9216),
        "fc7.weight": (4096, 4096),
        "fc.weight": (512, 4096),
    }


@torch.no_grad()
def test_normalises_before_it_pools() -> None:
    torch.manual_seed(0)
    network = AlexNet(1 / 16).eval()
    images = torch.randn(2, 3, 227, 227) * 60

    def layer(maps: torch.Tensor) -> torch.Tensor:
        normal = F.local_response_norm(maps.relu(), 5, alpha=1e-4, beta=0.75, k=1)
        return F.max_pool2d(normal, 3, 2)

    assert isinstance(network.trunk, CaffeNet)
    maps = layer(network.trunk.conv2(layer(network.trunk.conv1(images))))
    maps = network.conv5(network.conv4(network.conv3(maps).relu()).relu()).relu()
    hidden = F.max_pool2d(maps, 3, 2).permute(0, 2, 3, 1).flatten(1)
    expected = F.normalize(network.fc(network.fc7(network.fc6(hidden).relu()).relu()))
    found = network.embed(images)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2))


@torch.no_grad()
@pytest.mark.parametrize("trunk_width", [0.5, 1.0])
def test_draws_weights_as_published(trunk_width: float) -> None:
    torch.manual_seed(0)
    for name, parameter in AlexNet(0.25, trunk_width).named_parameters():
        hidden = name.split(".")[0] in ("fc", "fc6", "fc7")
        if name.endswith("bias"):
            assert not parameter.any(), name
            continue
        fed = {"trunk.conv1.weight": 1.0, "trunk.conv2.weight": trunk_width}
        width = fed.get(name, trunk_width if name == "conv3.weight" else 0.25)
        std = (0.005 if hidden else 0.01) / width**0.5
        assert float(parameter.std()) == pytest.approx(std, rel=0.05), name
