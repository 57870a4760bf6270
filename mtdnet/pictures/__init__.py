"""Pictures of a training and of its test, as PNG files.

``mtdnet.pictures.looked`` is asked for by name: it alone needs torch.
"""

from mtdnet.pictures.cases import cases
from mtdnet.pictures.cmc import cmc_curve
from mtdnet.pictures.losses import loss_curves
from mtdnet.pictures.ranked import ranked_lists
from mtdnet.pictures.reliability import reliability

__all__ = ["cases", "cmc_curve", "loss_curves", "ranked_lists", "reliability"]
