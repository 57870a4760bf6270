"""Grouped convolutions, each with its ReLU, in the way that the device does them fast."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def channels(full: int, width: float) -> int:
    """Scale a layer of ``full`` channels by ``width`` in (0, 1], to an even number of 2 or more."""
    return max(2, 2 * round(full * width / 2))


def convolve(maps: Tensor, *layers: nn.Conv2d) -> list[Tensor]:
    """Pass maps (B, C, H, W) through convolutions of as many groups; each is followed by ReLU.

    Returns parts that follow one another along the channels. On CUDA a part is a group: no group
    reads another's channels, and cuDNN's own grouped convolutions are slow in bf16
    (``docs/speed.md``).
    """
    return apart(maps, *layers) if maps.is_cuda else [_whole(maps, *layers)]


def apart(maps: Tensor, *layers: nn.Conv2d) -> list[Tensor]:
    """Do what ``convolve`` does, each group by itself."""
    groups = layers[0].groups
    assert all(layer.groups == groups for layer in layers), "groups must follow one another"
    parts = list(maps.chunk(groups, dim=1))
    for layer in layers:
        assert layer.bias is not None and isinstance(layer.padding, tuple)
        weights, biases = layer.weight.chunk(groups), layer.bias.chunk(groups)
        parts = [
            F.conv2d(
                part.contiguous(memory_format=torch.channels_last),
                weight,
                bias,
                layer.stride,
                layer.padding,
            ).relu()
            for part, weight, bias in zip(parts, weights, biases, strict=True)
        ]
    return parts


def _whole(maps: Tensor, *layers: nn.Conv2d) -> Tensor:
    for layer in layers:
        maps = layer(maps).relu()
    return maps
