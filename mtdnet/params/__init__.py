"""``params.yaml`` as frozen, typed objects: one class a section, one section a step."""

from mtdnet.params.base import JOINT, VARIANTS
from mtdnet.params.data import Augment, Split
from mtdnet.params.networks import JointStart
from mtdnet.params.read import build, content, load
from mtdnet.params.schema import Evaluate, Params, Report, Rerank
from mtdnet.params.training import Augmentation, Losses, Schedule, Snapshot, Training

__all__ = [
    "JOINT",
    "VARIANTS",
    "Augment",
    "Augmentation",
    "Evaluate",
    "JointStart",
    "Losses",
    "Params",
    "Report",
    "Rerank",
    "Schedule",
    "Snapshot",
    "Split",
    "Training",
    "build",
    "content",
    "load",
]
