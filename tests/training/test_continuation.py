"""A training that is stopped or killed continues to the same bit."""

import shutil
import signal
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from mtdnet import variants
from mtdnet.artifacts import TrainingRecord
from mtdnet.errors import InputError, Stopped
from mtdnet.params import VARIANTS, Augmentation, Losses, Schedule, Training
from mtdnet.params.training import HardNegatives, IdentityLoss, TripletLoss
from mtdnet.training import Start
from mtdnet.training.checkpoint import Checkpoints
from mtdnet.training.state import State
from mtdnet.training.trainer import Trainer
from tests.training.small_training import STEPS, Rows, changed, interrupt, run, same_models

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("processor")]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_stopped_training_continues_exactly(
    variant: str, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = variants.load(variant)
    begun = Training(steps=1, triplets=20, learning_rate=0.01, validate_every=1)
    run(small, tmp_path / "start", begun, variant=own.start)
    more: dict[str, Any] = {
        "variant": variant,
        "start": Start(tmp_path / "start" / "model"),
        "source": (small / "ingest" / "viper", small / "augment" / "viper-0"),
    }
    run(small, tmp_path / "whole", **more)
    taken = interrupt(monkeypatch, after=4)
    with pytest.raises(Stopped, match="stopped at step 4 of 6"):
        run(small, tmp_path / "parts", **more)
    assert not (tmp_path / "parts" / "model").exists()
    rows = Rows()
    run(small, tmp_path / "parts", tracker=rows, **more)
    assert len(taken) == 6, "it began anew"
    assert rows.steps == [3, 6], "rows before the stop are told again"
    same_models(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.parametrize(
    "settings",
    [
        changed(STEPS, optimiser="adamw", learning_rate=0.001),
        changed(
            STEPS,
            schedule=Schedule(warm_up=0.3, decay="cosine"),
            averaging=0.9,
            augmentation=Augmentation(erasing=0.5, shift=8, light=0.2),
        ),
        changed(STEPS, hard_negatives=HardNegatives(share=0.5, every=3)),
        changed(STEPS, hard_negatives=HardNegatives(share=0.5, every=2)),
        changed(STEPS, losses=Losses(triplet=TripletLoss(hardest=True))),
        changed(STEPS, losses=Losses(identity=IdentityLoss(weight=0.5)), averaging=0.9),
    ],
    ids=[
        "adamw",
        "schedule, average and augmentation",
        "within a window of hard negatives",
        "at the end of a window",
        "hardest triplets",
        "identity",
    ],
)
def test_every_setting_continues_exactly(
    settings: Training, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(small, tmp_path / "whole", settings)
    taken = interrupt(monkeypatch, after=4)
    with pytest.raises(Stopped):
        run(small, tmp_path / "parts", settings)
    run(small, tmp_path / "parts", settings)
    assert len(taken) == 6, "it began anew"
    same_models(tmp_path / "whole", tmp_path / "parts")


def test_a_training_on_several_benchmarks_continues_exactly(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more: dict[str, Any] = {
        "beside": [(small / "ingest" / "viper", small / "augment" / "viper-0")] * 2
    }
    run(small, tmp_path / "whole", **more)
    taken = interrupt(monkeypatch, after=4)
    with pytest.raises(Stopped):
        run(small, tmp_path / "parts", **more)
    run(small, tmp_path / "parts", **more)
    assert len(taken) == 6, "it began anew"
    same_models(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.parametrize("variant", ["mtdnet", "rnk"])
def test_the_identity_losss_classes_are_dropped_with_the_training(
    variant: str, small: Path, tmp_path: Path
) -> None:
    settings = changed(STEPS, steps=3, losses=Losses(identity=IdentityLoss(weight=0.5)))
    run(small, tmp_path / "with", settings, variant=variant)
    run(small, tmp_path / "without", changed(STEPS, steps=3), variant=variant)
    one, other = (
        load_file(tmp_path / name / "model" / "network.safetensors") for name in ("with", "without")
    )
    assert one.keys() == other.keys()
    assert not torch.equal(one["trunk.conv1.weight"], other["trunk.conv1.weight"])
    header, line, *_ = (tmp_path / "with" / "model" / "history.csv").read_text().splitlines()
    loss = dict(zip(header.split(","), line.split(","), strict=True))["identity_loss"]
    assert 0 < float(loss) < 10


def test_a_schedule_is_laid_over_its_steps_and_other_steps_are_one_line(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = changed(STEPS, schedule=Schedule(decay="cosine"))
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        interrupt(patch, after=2)
        run(small, tmp_path, settings)
    with pytest.raises(InputError, match=r"over 6 steps; set `steps` \(9\) back") as caught:
        run(small, tmp_path, changed(settings, steps=9))
    assert "\n" not in str(caught.value)
    taken = interrupt(monkeypatch, after=99)
    run(small, tmp_path, settings)
    assert len(taken) == 4, "nothing was lost"


def test_a_training_that_was_killed_at_its_end_writes_its_model_without_a_step(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(small, tmp_path / "whole")
    finish = Checkpoints.finish

    def finished(self: Checkpoints, state: State) -> None:
        finish(self, state)
        raise RuntimeError("killed")

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="killed"):
        patch.setattr(Checkpoints, "finish", finished)
        run(small, tmp_path / "killed")
    taken = interrupt(monkeypatch, after=99)
    rows = Rows()
    summary = run(small, tmp_path / "killed", tracker=rows)
    assert not taken and rows.steps == [3, 6]
    same_models(tmp_path / "whole", tmp_path / "killed")
    assert TrainingRecord.read(tmp_path / "killed" / "model") == summary
    shutil.rmtree(tmp_path / "killed" / "model")
    assert run(small, tmp_path / "killed") == summary, "as often as it is asked for"
    assert not taken
    run(small, tmp_path / "killed", changed(STEPS, steps=2))
    assert len(taken) == 2, "other steps are another training"
    monkeypatch.setattr(import_module("mtdnet.training.train"), "code", lambda: "another")
    run(small, tmp_path / "killed", changed(STEPS, steps=2))
    assert len(taken) == 4, "another code may give another network"


def test_two_at_once_is_one_line(small: Path, tmp_path: Path) -> None:
    with (
        Checkpoints(tmp_path / "checkpoints").lock(),
        pytest.raises(InputError, match="another process does this training; wait for") as caught,
    ):
        run(small, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_gpu_out_of_memory_is_one_line_and_the_training_goes_on(
    train_small: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"steps": 4, "learning_rate": 0.01, "validate_every": 2}
    train_small(tmp_path / "undisturbed", **settings)
    step = Trainer.step

    def full(self: Trainer, *batches: Any) -> None:
        if self.step_count == 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        step(self, *batches)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", full)
        with pytest.raises(InputError, match="the training doesn't fit into the GPU's free memory"):
            train_small(tmp_path / "full", **settings)
    assert not (tmp_path / "full" / "model").exists()
    train_small(tmp_path / "full", **settings)
    one, other = ((tmp_path / name / "model") for name in ("undisturbed", "full"))
    assert (one / "network.safetensors").read_bytes() == (
        other / "network.safetensors"
    ).read_bytes()


def test_fewer_steps_than_taken_is_one_line(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        interrupt(patch, after=2, number=signal.SIGINT)
        run(small, tmp_path, Training(steps=3, triplets=20))
    with pytest.raises(InputError, match=r"at step 2; set `steps` \(1\) above that"):
        run(small, tmp_path, Training(steps=1, triplets=20))
