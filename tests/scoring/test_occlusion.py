"""Maps of where the pair head looked, against one plain forward pass a patch."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mtdnet.device import Device
from mtdnet.networks.caffenet import prepare
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.scoring.occlusion import occlusion, patches
from mtdnet.scoring.scorer import Scorer
from tests.networks.spread import spread

CPU = Device(torch.device("cpu"), bf16=False, name="test")
STARTS = range(0, 191, 19)  # 37 pixels from 190 end at 227


@pytest.fixture(scope="module")
def network() -> MTDnet:
    return spread(1 / 32)


@pytest.fixture(scope="module")
def pixels() -> Tensor:
    torch.manual_seed(1)
    return torch.randint(0, 256, (3, 227, 227, 3), dtype=torch.uint8)


@torch.no_grad()
def same(network: MTDnet, one: Tensor, two: Tensor) -> float:
    """Return the mean over both orders of P(same) of prepared images (3, 227, 227)."""
    first, second = (network.trunk(image[None]) for image in (one, two))
    orders = (network.pair(first, second), network.pair(second, first))
    return float(np.mean([float(logits[0].softmax(0)[1]) for logits in orders]))


def by_hand(network: MTDnet, image: Tensor, other: Tensor) -> np.ndarray:
    one, two = prepare(image[None])[0], prepare(other[None])[0]
    whole, total, count = same(network, one, two), np.zeros((227, 227)), np.zeros((227, 227))
    for y in STARTS:
        for x in STARTS:
            covered = one.clone()
            covered[:, y : y + 37, x : x + 37] = 0
            total[y : y + 37, x : x + 37] += whole - same(network, covered, two)
            count[y : y + 37, x : x + 37] += 1
    return total / count


def test_a_pixel_has_the_mean_drop_of_its_patches(network: MTDnet, pixels: Tensor) -> None:
    first, second = occlusion(Scorer(network, CPU), pixels[2], pixels[0])
    for found, image, other in ((first, 2, 0), (second, 0, 2)):
        expected = by_hand(network, pixels[image], pixels[other])
        assert found.shape == (227, 227) and found.dtype == np.float32
        assert np.ptp(expected) > 1e-4  # else the comparison says nothing
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_order_of_a_pair_does_not_matter(network: MTDnet, pixels: Tensor) -> None:
    scorer = Scorer(network, CPU)
    one, two = pixels[:2]
    orders = occlusion(scorer, one, two), occlusion(scorer, two, one)[::-1]
    for found, other in zip(*orders, strict=True):
        np.testing.assert_allclose(found, other, atol=1e-6)


def test_a_network_that_says_the_same_of_all_looks_nowhere(pixels: Tensor) -> None:
    network = MTDnet(1 / 32)
    network.pair.fc8.weight.data.zero_()
    network.pair.fc8.bias.data[1] = 1
    for found in occlusion(Scorer(network, CPU), pixels[0], pixels[1]):
        assert not found.any()


def test_a_patch_on_grey_changes_nothing(network: MTDnet, pixels: Tensor) -> None:
    images = pixels.clone()
    images[0] = torch.tensor([123, 117, 104])
    found, other = occlusion(Scorer(network, CPU), images[0], images[1])
    np.testing.assert_allclose(found, 0, atol=1e-6)
    assert other.any() and (images[0] == images[0, 0, 0]).all()  # the images stay as they are


def test_the_patches_cover_every_pixel() -> None:
    for size, number, most in (((227, 227), 121, 4), ((256, 128), 13 * 6, 9)):
        covered = patches(*size)
        count = covered.sum(0)
        assert covered.shape == (number, *size) and (count.min(), count.max()) == (1, most)
        assert (covered.sum((1, 2)) == 37 * 37).all()
