"""Triplet loss, eq. (1)."""

from torch import Tensor


def triplet_loss(
    features: Tensor, anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0
) -> Tensor:
    """Return ``sum max(0, |fa - fp|^2 - |fa - fn|^2 + margin) / (2 N)``, eq. (1), a scalar >= 0.

    ``features``: (B, D), L2-normalised; ``anchor``, ``positive``, ``negative``: (N,) rows of it.
    The mean is over all N triplets, not only those inside the margin.
    """
    anchors = features[anchor]
    near = (anchors - features[positive]).square().sum(1)
    far = (anchors - features[negative]).square().sum(1)
    return (near - far + margin).clamp(min=0).mean() / 2
