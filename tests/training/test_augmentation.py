"""Changes of images in a step: each on its own, again the same from the same seed."""

import sys

import pytest
import torch
from torch import Tensor

from mtdnet.params import Augmentation
from mtdnet.training.augmentation import MEAN_RGB, transform

SIZE = 40, 30


@pytest.fixture
def images() -> Tensor:
    torch.manual_seed(0)
    return torch.randint(0, 256, (6, *SIZE, 3), dtype=torch.uint8)


def changed(settings: Augmentation, images: Tensor, seed: int) -> Tensor:
    change = transform(settings, SIZE)
    assert change is not None
    torch.manual_seed(seed)
    return change(images)


def test_nothing_is_changed_by_default_and_torchvision_is_not_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.transforms", None)
    assert transform(Augmentation(), SIZE) is None


@pytest.mark.parametrize(
    "settings", [Augmentation(erasing=0.7), Augmentation(shift=4), Augmentation(light=0.3)]
)
def test_each_image_is_changed_on_its_own_and_again_the_same(
    settings: Augmentation, images: Tensor
) -> None:
    same = images[:1].expand_as(images).contiguous()
    first = changed(settings, same, 1)
    assert first.shape == same.shape and first.dtype == torch.uint8
    assert len({image.numpy().tobytes() for image in first}) > 2
    assert torch.equal(first, changed(settings, same, 1))
    assert not torch.equal(first, changed(settings, same, 2))


def test_shifts_move_images_by_few_pixels_and_repeat_their_edge(images: Tensor) -> None:
    for image, after in zip(images, changed(Augmentation(shift=2), images, 1), strict=True):
        rows, columns = (torch.arange(length) for length in SIZE)
        moved = [
            image[(rows + down).clamp(0, 39)][:, (columns + right).clamp(0, 29)]
            for down in range(-2, 3)
            for right in range(-2, 3)
        ]
        assert any(torch.equal(after, one) for one in moved)


def test_erasing_paints_a_rectangle_of_the_mean_on_its_share_of_images(images: Tensor) -> None:
    many = images.repeat(50, 1, 1, 1)
    after = changed(Augmentation(erasing=0.3), many, 1)
    painted = 0
    for image, one in zip(many, after, strict=True):
        other = (image != one).any(-1)
        if other.any():
            painted += 1
            down, right = other.any(1).nonzero(), other.any(0).nonzero()
            area = one[down.min() : down.max() + 1, right.min() : right.max() + 1]
            assert torch.equal(area, torch.tensor(MEAN_RGB, dtype=torch.uint8).expand_as(area))
    assert 60 < painted < 120
