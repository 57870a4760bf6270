"""Whole trainings of a tiny network: what they write, and that they stop and continue exactly."""

import dataclasses
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from mtdnet import variants
from mtdnet.artifacts import TrainingRecord
from mtdnet.data.images import Images
from mtdnet.errors import InputError, Stopped
from mtdnet.files import read_json
from mtdnet.networks import serialization
from mtdnet.networks.base import Network
from mtdnet.params import VARIANTS, Augmentation, Losses, Schedule, Training
from mtdnet.params.training import HardNegatives, IdentityLoss, TripletLoss
from mtdnet.protocol.query_gallery import probes
from mtdnet.tracker import UNTRACKED, Tracker
from mtdnet.training import Setup, Start, train
from mtdnet.training.checkpoint import Checkpoints
from mtdnet.training.state import State
from mtdnet.training.trainer import Trainer
from mtdnet.training.validation import Validation

pytestmark = pytest.mark.slow

STEPS = Training(steps=6, triplets=20, learning_rate=0.01, validate_every=3)


class Rows(Tracker):
    """Keeps the steps of a history's rows."""

    def __init__(self) -> None:
        self.steps: list[float] = []

    def log(self, row: Mapping[str, float]) -> None:
        self.steps.append(row["step"])


@pytest.fixture(autouse=True)
def processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTDNET_DEVICE", "cpu")


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


def test_writes_a_model_folder_and_tells_each_row(small: Path, tmp_path: Path) -> None:
    rows = Rows()
    summary = run(small, tmp_path, tracker=rows)
    model = tmp_path / "model"
    assert rows.steps == [3, 6]
    header, *lines = (model / "history.csv").read_text().splitlines()
    assert header.startswith("step,triplets,triplet_loss,pair_loss,validation_rank1")
    assert len(lines) == 2
    assert summary and read_json(model / "training.json") == summary.model_dump()
    assert summary.triplets == 120
    assert serialization.load(model / "network.safetensors").temperature == summary.temperature
    assert {file.name for file in (tmp_path / "checkpoints").iterdir()} == {
        "last.safetensors",
        f"best-{summary.best_step}.safetensors",
        "lock",
    }


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


def same_models(one: Path, two: Path) -> None:
    """Assert that two rooms hold the same network and history, to the bit."""
    weights, others = (load_file(room / "model" / "network.safetensors") for room in (one, two))
    for name, weight in weights.items():
        assert torch.equal(weight, others[name]), name
    histories = [(room / "model" / "history.csv").read_text() for room in (one, two)]
    assert histories[0] == histories[1]


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


@pytest.mark.parametrize("way", ["forth", "back"])
def test_stopped_within_a_step_it_is_not_taken(
    way: str, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Training(steps=6, triplets=20, learning_rate=0.01, validate_every=3, averaging=0.9)
    run(small, tmp_path / "whole", settings)
    taken, backward = interrupt(monkeypatch, after=99), torch.autograd.backward

    def interrupted(step: int, objective: torch.Tensor) -> None:
        if len(taken) < step:
            return backward(objective)
        if way == "back":
            hook: Any = objective.register_hook  # it has no types
            hook(lambda _: os.kill(os.getpid(), signal.SIGTERM))
        else:
            os.kill(os.getpid(), signal.SIGTERM)
        backward(objective)
        pytest.fail("it went on")

    for step in (0, 4):
        with monkeypatch.context() as patch, pytest.raises(Stopped, match=f"at step {step} of 6"):
            patch.setattr(torch.autograd, "backward", partial(interrupted, step))
            run(small, tmp_path / "parts", settings)
    run(small, tmp_path / "parts", settings)
    assert len(taken) == 6, "it began anew"
    same_models(tmp_path / "whole", tmp_path / "parts")


def test_a_second_signal_in_a_step_keeps_nothing_of_it(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Training(steps=6, triplets=20, learning_rate=0.01, validate_every=3)
    run(small, tmp_path / "whole", settings)
    taken, take = list[int](), torch.optim.SGD.step

    def interrupted(*words: Any, **named: Any) -> None:
        taken.append(len(taken))
        take(*words, **named)
        if len(taken) == 5:  # weights have changed, the step doesn't count yet
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(torch.optim.SGD, "step", interrupted)
            run(small, tmp_path / "parts", settings)
    finally:
        signal.signal(signal.SIGINT, former)
    run(small, tmp_path / "parts", settings)
    same_models(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.parametrize("step", [3, 6])
def test_stopped_in_a_validation_it_doesnt_wait_for_its_end(
    step: int, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(small, tmp_path / "whole")
    measure, measured = Validation.measure, list[int]()
    taken = interrupt(monkeypatch, after=99)

    def interrupted(self: Validation, network: Network, at: int) -> dict[str, float]:
        if len(taken) == step and not measured:
            measured.append(step)
            os.kill(os.getpid(), signal.SIGTERM)
            pytest.fail("it went on")
        return measure(self, network, at)

    monkeypatch.setattr(Validation, "measure", interrupted)
    with pytest.raises(Stopped, match=f"stopped at step {step} of 6; kept"):
        run(small, tmp_path / "parts")
    rows = Rows()
    run(small, tmp_path / "parts", tracker=rows)
    assert len(taken) == 6, "it began anew"
    assert rows.steps == [3, 6]
    same_models(tmp_path / "whole", tmp_path / "parts")


def test_stopped_in_a_step_it_begins_no_validation(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(small, tmp_path / "whole")
    with monkeypatch.context() as patch, pytest.raises(Stopped, match="at step 3 of 6"):
        interrupt(patch, after=3)
        patch.setattr(Validation, "measure", lambda *given: pytest.fail("it began"))
        run(small, tmp_path / "parts")
    run(small, tmp_path / "parts")
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


def test_the_average_is_what_is_validated_and_kept(small: Path, tmp_path: Path) -> None:
    settings = changed(STEPS, steps=2, validate_every=2, averaging=0.9)
    run(small, tmp_path / "one", settings)
    run(small, tmp_path / "two", changed(settings, averaging=0.0))
    averaged, plain = (
        load_file(tmp_path / name / "model" / "network.safetensors") for name in ("one", "two")
    )
    assert not torch.equal(averaged["pair.fc8.weight"], plain["pair.fc8.weight"])


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


def test_keeps_the_network_that_was_best_on_validation_persons(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(
        small,
        tmp_path / "first",
        Training(steps=3, triplets=20, learning_rate=0.01, validate_every=3),
    )
    rising = iter([0.5, 0.4])
    monkeypatch.setattr(
        Validation,
        "measure",
        lambda *given: {"validation_rank1": next(rising), "validation_mAP": 0.5},
    )
    record = run(small, tmp_path / "both")
    assert record and record.best_step == 3
    first, both = (
        load_file(tmp_path / name / "model" / "network.safetensors") for name in ("first", "both")
    )
    assert all(torch.equal(weight, both[name]) for name, weight in first.items())


def test_the_better_map_decides_between_equal_rank1() -> None:
    state = State("some", steps=4)
    for step, found in enumerate([(0.5, 0.2), (0.5, 0.3), (0.4, 0.9), (0.5, 0.3)], 1):
        state.step, state.since = step, 1
        state.close_row(1, dict(zip(("validation_rank1", "validation_mAP"), found, strict=True)))
    assert (state.best, state.best_step) == ((0.5, 0.3), 2)


def test_fewer_steps_than_taken_is_one_line(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        interrupt(patch, after=2, number=signal.SIGINT)
        run(small, tmp_path, Training(steps=3, triplets=20))
    with pytest.raises(InputError, match=r"at step 2; set `steps` \(1\) above that"):
        run(small, tmp_path, Training(steps=1, triplets=20))


def test_split_of_other_images_is_one_line(small: Path, tmp_path: Path) -> None:
    images = Images.open(small / "ingest" / "viper")
    other = dataclasses.replace(images, person=images.person[::-1])
    with pytest.raises(InputError, match="a split of other images than ingested; run augment"):
        probes(other, small / "augment" / "viper-0", "test")
    (tmp_path / "split.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"split\.parquet: not the table"):
        probes(images, tmp_path, "test")


def test_a_target_cannot_start_from_a_network_of_another_kind(small: Path, tmp_path: Path) -> None:
    run(small, tmp_path)
    with pytest.raises(InputError, match="a network of another kind; start from `rnk`"):
        run(small, tmp_path / "other", variant="rnk", start=Start(tmp_path / "model"))


def test_starts_from_another_network(small: Path, tmp_path: Path) -> None:
    first = run(small, tmp_path / "first")
    settings = Training(steps=1, triplets=20, learning_rate=1e-12, validate_every=1)
    second = run(small, tmp_path / "second", settings, start=Start(tmp_path / "first" / "model"))
    assert first and second and (first.start, second.start) == ("drawn", "model")
    one, two = (
        load_file(tmp_path / name / "model" / "network.safetensors") for name in ("first", "second")
    )
    for name, weight in one.items():
        torch.testing.assert_close(weight, two[name])


def test_learns(small: Path, tmp_path: Path) -> None:
    settings = Training(steps=24, triplets=60, learning_rate=0.01, validate_every=6)
    run(small, tmp_path, settings)
    _, first, *_, last = (tmp_path / "model" / "history.csv").read_text().splitlines()
    assert float(last.split(",")[2]) < 0.8 * float(first.split(",")[2])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"settings": Training(steps=9, triplets=20, learning_rate=1e20)},
            "loss is not finite.*`learning_rate`",
        ),
        ({"settings": Training(steps=9, triplets=10**6)}, "fewer than one batch; set `triplets`"),
        ({"variant": "mtdnet-none"}, "unknown variant 'mtdnet-none'; known: aug"),
        ({"variant": "aug"}, "variant 'aug' needs a source benchmark"),
        ({"start": Start(Path("nowhere"))}, "nowhere/network.safetensors: no such file"),
        ({"start": Start(weights=Path("nowhere.npz"))}, "no such weights file"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    small: Path, tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        run(small, tmp_path, **more)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "model").exists()
