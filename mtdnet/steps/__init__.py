"""The steps of the pipeline on the project's folders: what to read, what to call, where to write.

Each step takes all parameters, reads its own section, and writes its output whole or not at all.
The libraries are imported inside: ingest and augment start in a fraction of the time that torch
takes to load.
"""

from mtdnet.steps.data import augment, ingest
from mtdnet.steps.folders import (
    DATA,
    REPORT,
    Network,
    augmented,
    checkpoints,
    evaluation,
    ingested,
    model,
)
from mtdnet.steps.networks import (
    check,
    evaluated,
    origin,
    pretrained,
    trained,
    trained_jointly,
    trained_on_source,
    trained_on_targets,
)
from mtdnet.steps.results import evaluate, report, show, track_evaluation
from mtdnet.steps.training import pretrain, train

__all__ = [
    "DATA",
    "REPORT",
    "Network",
    "augment",
    "augmented",
    "check",
    "checkpoints",
    "evaluate",
    "evaluated",
    "evaluation",
    "ingest",
    "ingested",
    "model",
    "origin",
    "pretrain",
    "pretrained",
    "report",
    "show",
    "track_evaluation",
    "train",
    "trained",
    "trained_jointly",
    "trained_on_source",
    "trained_on_targets",
]
