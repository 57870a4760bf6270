"""Contrastive loss between two domains, eq. (4)."""

import torch
from torch import Tensor
from torch.nn import functional as F


def contrastive_loss(
    source: Tensor, target: Tensor, source_same: Tensor, target_same: Tensor, margin: float = 1.0
) -> Tensor:
    """Return ``mean [y d^2 + (1 - y) max(0, margin - d)^2] / 2``, eq. (4), a scalar >= 0.

    ``source``, ``target``: (N, D) responses of fc7 to N pairs of images each, before ReLU and
    dropout; ``d``: Euclidean distance of the two, L2-normalised, in [0, 2]. ``source_same``,
    ``target_same``: (N,) 1 where a pair shows one person; ``y`` is their XNOR, eq. (3). The minus
    that the paper prints before (4) is a misprint.
    """
    difference = F.normalize(source.float()) - F.normalize(target.float())
    distance = torch.linalg.vector_norm(difference, dim=1)
    alike = source_same == target_same
    apart = (margin - distance).clamp(min=0)
    return torch.where(alike, distance.square(), apart.square()).mean() / 2
