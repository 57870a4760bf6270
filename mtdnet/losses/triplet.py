"""Triplet loss, eq. (1)."""

from torch import Tensor


def triplet_loss(
    features: Tensor, triplets: Tensor, margin: float = 1.0, hardest: bool = False
) -> Tensor:
    """Return ``sum max(0, |fa - fp|^2 - |fa - fn|^2 + margin) / (2 N)``, eq. (1), a scalar >= 0.

    ``features``: (B, D), L2-normalised; ``triplets``: (3, N) rows of it: anchors, positives
    and negatives. The mean is over all N triplets, not only those inside the margin. ``hardest``:
    the positive farthest from an anchor and the negative nearest to it, of the triplets with that
    anchor, stand in each of these (Hermans et al. 2017, "In Defense of the Triplet Loss", eq. (5),
    over what the batch pairs).
    """
    anchor, positive, negative = triplets
    anchors = features[anchor]
    near = (anchors - features[positive]).square().sum(1)
    far = (anchors - features[negative]).square().sum(1)
    if hardest:
        blank = near.new_zeros(len(features))
        near = blank.scatter_reduce(0, anchor, near, "amax", include_self=False)[anchor]
        far = blank.scatter_reduce(0, anchor, far, "amin", include_self=False)[anchor]
    return (near - far + margin).clamp(min=0).mean() / 2
