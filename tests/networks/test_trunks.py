"""What holds for every trunk, and the two sizes of images that CaffeNet's takes."""

from pathlib import Path

import pytest
import torch

from mtdnet.networks.alexnet import AlexNet
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.networks.trunks import TRUNKS

LAYERS = ["conv3", "conv4", "conv5", "fc6", "fc7"]


@pytest.mark.parametrize("name", TRUNKS)
def test_images_of_its_size_give_maps_of_its_grid(name: str) -> None:
    with torch.device("meta"):
        network = MTDnet(1 / 16, trunk=name)
        maps = network.trunk(torch.empty(2, 3, *TRUNKS[name].size))
    assert network.trunk.size == TRUNKS[name].size
    assert maps.shape == (2, network.trunk.channels, *network.trunk.grid)


@torch.no_grad()
def test_a_tall_trunk_is_the_square_one_elsewhere() -> None:
    torch.manual_seed(0)
    square = MTDnet(1 / 16).trunk.eval()
    tall = MTDnet(1 / 16, trunk="caffenet-tall").trunk.eval()
    tall.load_state_dict(square.state_dict())
    image = torch.randint(0, 256, (1, 283, 227, 3), dtype=torch.uint8)
    expected = square(square.prepare(image[:, :227]))[..., 1:6, 1:3]  # no edge reaches these
    found = tall(tall.prepare(image[:, :, :139]))[..., 1:6, 1:3]
    torch.testing.assert_close(found, expected)
    assert expected.std() > 0


def test_a_whole_alexnet_of_tall_images_draws_its_fully_connected_layers() -> None:
    network = AlexNet(1.0, trunk="caffenet-tall")
    assert network.embed(torch.zeros(1, 3, 283, 139)).shape == (1, 512)
    drawn = network.state_dict()
    kinds = [f"{layer}.{kind}" for layer in LAYERS for kind in ("weight", "bias")]
    tensors = {name: torch.full_like(drawn[name], 0.5) for name in kinds}
    tensors["fc6.weight"] = torch.full((4096, 9216), 0.5)
    assert network.fill(tensors, Path("w.npz")) == LAYERS[:3]
    filled = {name for name, value in network.named_parameters() if bool((value == 0.5).all())}
    assert filled == {name for name in kinds if name.startswith("conv")}
