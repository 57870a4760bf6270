"""``params.yaml`` as frozen, typed objects: one class a section, one section a step."""

from mtdnet.params.read import build, load
from mtdnet.params.schema import (
    VARIANTS,
    Augment,
    Compared,
    Evaluate,
    Ingest,
    Params,
    Pretrain,
    Report,
    Split,
    Train,
    Training,
)

__all__ = [
    "VARIANTS",
    "Augment",
    "Compared",
    "Evaluate",
    "Ingest",
    "Params",
    "Pretrain",
    "Report",
    "Split",
    "Train",
    "Training",
    "build",
    "load",
]
