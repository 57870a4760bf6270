"""``params.yaml`` as frozen, typed objects: one class a section, one section a step."""

from mtdnet.params.base import JOINT, VARIANTS
from mtdnet.params.data import Augment, Ingest, Split
from mtdnet.params.networks import Compared, JointStart, Pretrain, Train
from mtdnet.params.read import build, content, load
from mtdnet.params.schema import Evaluate, Params, Report, Rerank
from mtdnet.params.training import (
    Augmentation,
    HardNegatives,
    IdentityLoss,
    Losses,
    MarginLoss,
    Own,
    PairLoss,
    Schedule,
    Snapshot,
    Training,
    TripletLoss,
)

__all__ = [
    "JOINT",
    "VARIANTS",
    "Augment",
    "Augmentation",
    "Compared",
    "Evaluate",
    "HardNegatives",
    "IdentityLoss",
    "Ingest",
    "JointStart",
    "Losses",
    "MarginLoss",
    "Own",
    "PairLoss",
    "Params",
    "Pretrain",
    "Report",
    "Rerank",
    "Schedule",
    "Snapshot",
    "Split",
    "Train",
    "Training",
    "TripletLoss",
    "build",
    "content",
    "load",
]
