"""What holds for every trunk, and the two sizes of images that CaffeNet's takes."""

from pathlib import Path

import pytest
import torch

from mtdnet.networks.alexnet import AlexNet
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.networks.trunks import TRUNKS


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


def test_a_whole_alexnet_of_tall_images_draws_what_lies_behind_the_trunk() -> None:
    with torch.device("meta"):
        network = AlexNet(1.0, trunk="caffenet-tall")
        assert network.embed(torch.empty(1, 3, 283, 139)).shape == (1, 512)
        layers = [
            f"{name}.{kind}"
            for name in ("conv3", "conv4", "conv5", "fc6", "fc7")
            for kind in ("weight", "bias")
        ]
        of_square = AlexNet(1.0).state_dict()
        assert network.fill({name: of_square[name] for name in layers}, Path("w.npz")) == []
