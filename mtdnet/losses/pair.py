"""Pair classification loss, eq. (2)."""

from torch import Tensor
from torch.nn import functional as F


def pair_loss(logits: Tensor, same: Tensor, weight: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the two-class softmax cross-entropy of pairs, eq. (2), a scalar >= 0.

    ``logits``: (P, 2), class 1 = same person; ``same``: (P,) int64, 0 or 1; ``weight``: (P,), how
    often each pair stands in the batch: the mean is over all occurrences. The paper prints (2)
    without the logarithm but means the loss of Li et al. 2014, which has it. ``smoothing`` in
    [0, 1): the target is ``1 - smoothing / 2`` for the true class and ``smoothing / 2`` for the
    other (Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7).
    """
    losses = F.cross_entropy(logits, same, reduction="none", label_smoothing=smoothing)
    return (losses * weight).sum() / weight.sum()
