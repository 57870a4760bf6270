"""Pictures of a training and of its test, as PNG files."""

from mtdnet.pictures.cases import cases
from mtdnet.pictures.cmc import cmc_curve
from mtdnet.pictures.looked import looked
from mtdnet.pictures.losses import loss_curves
from mtdnet.pictures.ranked import ranked_lists
from mtdnet.pictures.reliability import reliability

__all__ = ["cases", "cmc_curve", "looked", "loss_curves", "ranked_lists", "reliability"]
