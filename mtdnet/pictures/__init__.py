"""Pictures of a training and of its test, as PNG files."""

from mtdnet.pictures.cmc import cmc_curve
from mtdnet.pictures.losses import loss_curves
from mtdnet.pictures.ranked import ranked_lists

__all__ = ["cmc_curve", "loss_curves", "ranked_lists"]
