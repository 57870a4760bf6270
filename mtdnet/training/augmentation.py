"""Changes of each image in each step: shifts, light and colour, random erasing."""

from collections.abc import Callable

import torch
from torch import Tensor

from mtdnet.params import Augmentation

Transform = Callable[[Tensor], Tensor]
MEAN_RGB = (123, 117, 104)  # ImageNet's; about 0 to a network


def transform(settings: Augmentation, size: tuple[int, int]) -> Transform | None:
    """Return what changes each of (I, H, W, 3) RGB bytes on its own; None when all is off.

    ``size``: (H, W). The draws come from torch's generator of the processor: whoever seeds it
    before a step gets the same images again.
    """
    if settings == Augmentation():
        return None
    from torchvision.transforms import v2  # takes a second, and the published settings need none

    light, layers = settings.light, []
    if settings.shift:
        layers.append(v2.RandomCrop(size, padding=settings.shift, padding_mode="edge"))
    if light:
        layers.append(v2.ColorJitter(brightness=light, contrast=light, saturation=light))
    if settings.erasing:
        layers.append(v2.RandomErasing(settings.erasing, value=MEAN_RGB))
    change = v2.Compose(layers)

    def transformed(pixels: Tensor) -> Tensor:
        images = [change(image) for image in pixels.permute(0, 3, 1, 2)]
        return torch.stack(images).permute(0, 2, 3, 1)

    return transformed
