"""Pictures of a training and of its test, as PNG files.

``mtdnet.plots.occlusion_maps`` is asked for by name: it alone needs torch.
"""

from mtdnet.plots.cmc import draw_cmc
from mtdnet.plots.head_agreement import draw_head_agreement
from mtdnet.plots.loss_curves import draw_loss_curves
from mtdnet.plots.ranked_lists import draw_ranked_lists
from mtdnet.plots.reliability import draw_reliability
from mtdnet.plots.roc import draw_roc

__all__ = [
    "draw_cmc",
    "draw_head_agreement",
    "draw_loss_curves",
    "draw_ranked_lists",
    "draw_reliability",
    "draw_roc",
]
