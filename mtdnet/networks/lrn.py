"""Local response normalisation across channels, also in bfloat16 on a processor."""

import torch
from torch import Tensor
from torch.nn import functional as F


def local_response(maps: Tensor) -> Tensor:
    """Divide each value by a power of the mean square of its channel's neighbourhood.

    ``maps``: (B, C, H, W). Returns ``x / (1 + 1e-4 / 5 * sum of x^2 over 5 channels)^0.75``,
    same shape and type: Krizhevsky et al. 2012, section 3.3, with CaffeNet's constants.
    """
    # torch's own pools in three dimensions: slow on a processor, and float32 alone. A sum over
    # neighbouring channels is a product with a banded matrix, forward and backward.
    depth = maps.shape[1]
    band = torch.ones(depth, depth, device=maps.device, dtype=maps.dtype).tril(2).triu(-2)
    total = F.conv2d(maps.square(), band[:, :, None, None])
    root = torch.rsqrt(total * (1e-4 / 5) + 1)
    return (maps * (root * root.sqrt())).to(maps.dtype)
