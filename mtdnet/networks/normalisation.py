"""Local response normalisation across channels, also in bfloat16 on a processor."""

import torch
from torch import Tensor
from torch.nn import functional as F


def local_response(maps: Tensor) -> Tensor:
    """Divide each value by a power of the mean square of its channel's neighbourhood.

    ``maps``: (B, C, H, W). Returns ``x / (1 + 1e-4 / 5 * sum of x^2 over 5 channels)^0.75``,
    same shape and type: Krizhevsky et al. 2012, section 3.3, with CaffeNet's constants.
    """
    # torch's own pools in three dimensions: slow on a processor, and float32 alone.
    channels = maps.shape[1]
    padded = F.pad(maps.square(), (0, 0, 0, 0, 2, 2))
    total = padded[:, :channels]
    for shift in range(1, 5):
        total = total + padded[:, shift : shift + channels]
    root = torch.rsqrt(total * (1e-4 / 5) + 1)
    return (maps * (root * root.sqrt())).to(maps.dtype)
