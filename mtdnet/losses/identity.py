"""Identity loss: which of the training persons an image shows."""

from torch import Tensor
from torch.nn import functional as F


def identity_loss(
    features: Tensor, classes: Tensor, person: Tensor, weight: Tensor, scale: float = 16.0
) -> Tensor:
    """Return the softmax cross-entropy of images over C training persons, a scalar >= 0.

    ``features``: (I, F), L2-normalised; ``classes``: (C, F), one vector a person, normalised here;
    ``person``: (I,) int64 in [0, C); ``weight``: (I,) >= 0 of each image in the mean. The logit of
    a person is ``scale`` times the cosine to their vector (Wang et al. 2017, "NormFace", eq. (7)):
    unit features with a scale of 1 couldn't tell many persons apart.
    """
    logits = scale * F.linear(features, F.normalize(classes)).float()
    losses = F.cross_entropy(logits, person, reduction="none")
    return (losses * weight).sum() / weight.sum()
