"""Squared distances of ranking features."""

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtdnet.scoring.pieces import each
from mtdnet.scoring.tiles import Scores

Products = TypeVar("Products", bound=NDArray[np.floating])


def squared(products: Products) -> Products:
    """Return squared distances in [0, 4] of ranking features whose inner products are given.

    Features are unit vectors, or means of a plain and a mirrored image's: ``2 - 2 q.g`` is then the
    mean of the four squared distances.
    """
    distances: Products = np.clip(2 - 2 * products, 0, 4)
    return distances


def squared_distances(query: Tensor, gallery: Tensor) -> Scores:
    """Return squared distances, (Q, G) in [0, 4], of ranking features (Q, F) and (G, F)."""
    blocks = each(query.device, lambda block: block @ gallery.T, torch.split(query, 64))
    return squared(torch.cat(list(blocks)).cpu().numpy())
