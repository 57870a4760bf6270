"""``params.yaml`` as frozen, typed objects: one class a section, one section a step."""

from mtdnet.params.read import build, load
from mtdnet.params.schema import (
    VARIANTS,
    Augment,
    Augmentation,
    Compared,
    Evaluate,
    Ingest,
    JointStart,
    Losses,
    MarginLoss,
    PairLoss,
    Params,
    Pretrain,
    Report,
    Schedule,
    Split,
    Train,
    Training,
)

__all__ = [
    "VARIANTS",
    "Augment",
    "Augmentation",
    "Compared",
    "Evaluate",
    "Ingest",
    "JointStart",
    "Losses",
    "MarginLoss",
    "PairLoss",
    "Params",
    "Pretrain",
    "Report",
    "Schedule",
    "Split",
    "Train",
    "Training",
    "build",
    "load",
]
