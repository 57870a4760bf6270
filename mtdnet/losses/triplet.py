"""Triplet loss, eq. (1)."""

from torch import Tensor


def triplet_loss(features: Tensor, triplets: Tensor, margin: float = 1.0) -> Tensor:
    """Return ``sum max(0, |fa - fp|^2 - |fa - fn|^2 + margin) / (2 N)``, eq. (1), a scalar >= 0.

    ``features``: (B, D), L2-normalised; ``triplets``: (3, N) rows of it, the anchors, the positives
    and the negatives.
    The mean is over all N triplets, not only those inside the margin.
    """
    anchor, positive, negative = triplets
    anchors = features[anchor]
    near = (anchors - features[positive]).square().sum(1)
    far = (anchors - features[negative]).square().sum(1)
    return (near - far + margin).clamp(min=0).mean() / 2
