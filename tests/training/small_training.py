"""A whole training of a tiny network, of some seconds."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from mtdnet.artifacts import TrainingRecord
from mtdnet.params import Training
from mtdnet.tracker import UNTRACKED, Tracker
from mtdnet.training import Setup, Start, train
from mtdnet.training.trainer import Trainer

STEPS = Training(steps=6, triplets=20, learning_rate=0.01, validate_every=3)


class Rows(Tracker):
    """Keeps the steps of a history's rows."""

    def __init__(self) -> None:
        self.steps: list[float] = []

    def log(self, row: Mapping[str, float]) -> None:
        self.steps.append(row["step"])


def run(
    small: Path,
    room: Path,
    settings: Training = STEPS,
    tracker: Tracker = UNTRACKED,
    **more: Any,
) -> TrainingRecord | None:
    setup = Setup(
        ingested=small / "ingest" / "viper",
        augmented=small / "augment" / "viper-0",
        settings=settings,
        seed=3,
        **({"start": Start(width=1 / 16)} | more),
    )
    return train(setup, out=room / "model", checkpoints=room / "checkpoints", tracker=tracker)


def changed(settings: Training, **values: Any) -> Training:
    return settings.model_copy(update=values)


def same_models(one: Path, two: Path) -> None:
    """Assert that two rooms hold the same network and history, to the bit."""
    weights, others = (load_file(room / "model" / "network.safetensors") for room in (one, two))
    for name, weight in weights.items():
        assert torch.equal(weight, others[name]), name
    histories = [(room / "model" / "history.csv").read_text() for room in (one, two)]
    assert histories[0] == histories[1]


def interrupt(
    monkeypatch: pytest.MonkeyPatch, after: int, number: int = signal.SIGTERM
) -> list[object]:
    """Send this process a signal once so many steps are taken; return the batches as they come."""
    step, taken = Trainer.step, list[object]()

    def interrupted(self: Trainer, target: Any, source: Any) -> None:
        step(self, target, source)
        taken.append(target)
        if len(taken) == after:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(Trainer, "step", interrupted)
    return taken
