"""A whole training: from the files of augment to a model folder."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mtdnet import device, variants
from mtdnet.artifacts import TrainingRecord
from mtdnet.errors import InputError, Stopped
from mtdnet.files import sha256, whole
from mtdnet.interrupt import Stop
from mtdnet.networks import serialization
from mtdnet.networks.base import Network
from mtdnet.params import VARIANTS, Augment, JointStart, Training
from mtdnet.protocol.query_gallery import SPLIT
from mtdnet.provenance import code, commit, fingerprint, inputs
from mtdnet.tracker import UNTRACKED, Tracker
from mtdnet.training import begin
from mtdnet.training.augmentation import transform
from mtdnet.training.checkpoint import Checkpoints
from mtdnet.training.cross_validation import CrossValidation, Fold
from mtdnet.training.parallel import Distributed, is_first, joined
from mtdnet.training.progress import Progress
from mtdnet.training.state import State, history
from mtdnet.training.trainer import Trainer
from mtdnet.training.validation import Validation

LOOK_EVERY = 20  # steps between looks at the losses: each look waits for the device


@device.fitting("the training")
def train(
    *,
    ingested: Path,
    augmented: Path,
    out: Path,
    checkpoints: Path,
    settings: Training,
    augment: Augment | None = None,
    seed: int,
    variant: str = "mtdnet",
    start: Path | None = None,
    source: tuple[Path, Path] | None = None,
    beside: Sequence[tuple[Path, Path]] = (),
    folds: Sequence[Fold] = (),
    width: float = 1.0,
    weights: Path | None = None,
    trunk: str = "caffenet",
    hidden_bias: float = 0.0,
    joint_start: JointStart = "drawn",
    distance_input: bool = False,
    tracker: Tracker = UNTRACKED,
) -> TrainingRecord | None:
    """Train on the triplets of ``augmented`` and write the model folder ``out``, whole.

    ``augment``: the settings that these were drawn with, by which hard negatives are dealt;
    None: the default ones.
    ``start``: a model folder to start from; else a network of ``width`` on ``trunk`` is drawn from
    ``seed``, its trunk, then of full width, from ``weights`` where given; ``hidden_bias``,
    ``joint_start``, ``distance_input``: as in ``Pretrain``. ``source``: the source benchmark's
    folders of ingest and augment, for variants that take its triplets too. ``beside``: those of
    further benchmarks to train on, each step on one, in proportion to the lengths of their lists.
    ``folds``: finished trainings of the folds of a split without validation persons, by the same
    settings, which then choose and calibrate.
    Every ``validate_every`` steps the validation persons of ``augmented`` are ranked; the network
    best at it (rank-1, then mAP) is kept, and calibrated on them. ``tracker`` gets the fingerprint
    and each row of ``history.csv``. State is kept below ``checkpoints``: the same call continues a
    stopped training, on a processor exactly, and writes the output of a finished one again.

    Several processes of torchrun train one network; all but the first return None.

    Raises InputError for bad input, a loss that is not finite, a GPU out of memory, or when another
    process does the same training; Stopped after SIGINT or SIGTERM.
    """
    if variant not in VARIANTS:
        raise InputError(f"unknown variant '{variant}'; known: {', '.join(VARIANTS)}")
    kind = variants.load(variant)
    place = device.choose()
    torch.manual_seed(seed)
    network = begin.network(
        kind, start, width, weights, trunk, hidden_bias, joint_start, distance_input
    )
    for layer in network.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = settings.dropout
    size = network.trunk.size
    folders = [(ingested, augmented), *beside]
    benchmarks = [begin.Benchmark.open(each, size, place) for each in folders]
    own = benchmarks[0]
    validation: Validation | CrossValidation = (
        CrossValidation(folds, own.images, own.pixels, place)
        if folds
        else Validation(own.images, augmented, own.pixels, place)
    )
    files = inputs(ingested, augmented, start / "network.safetensors" if start else weights)
    for each in [*beside, *((ingested, fold.augmented) for fold in folds)]:
        files += inputs(*each, None)
    if kind.source_triplets(settings.triplets) and source is not None:
        files += inputs(*source, None)
    facts = {
        "variant": variant,
        "seed": seed,
        "widths": [network.width, network.trunk_width],
        "trunk": network.trunk.name,
        "start": [hidden_bias, joint_start, distance_input],
    }
    dealt = augment or Augment()
    if settings.hard_negatives.share:
        facts["blocks"] = [dealt.pairs, dealt.negatives]
    mark = fingerprint(_of_steps(settings) | facts, files)
    origin = start.name if start else weights.name if weights else "drawn"
    keeper = Checkpoints(checkpoints)
    change = transform(settings.augmentation, size)
    with keeper.lock(is_first()):
        with joined(place) as group:
            persons, count = begin.numbered(benchmarks, settings.losses)
            trainer = Trainer(kind, network, settings, place, group, count)
            triplets = begin.target(benchmarks, persons, dealt, seed, trainer, change)
            others = begin.source(kind, variant, settings, seed, source, place, group, change, size)
            state = _resumed(keeper.restore(mark, trainer), mark, settings, checkpoints)
            more = {"steps": settings.steps, "compile": settings.compile, "width": network.width}
            tracker.start(mark, _of_steps(settings) | more | {"start": origin, "seed": seed})
            for row in state.history:
                tracker.log(row)
            before = time.monotonic() - state.seconds
            with Stop() as stop, Progress(out.name, settings, state, group.rank > 0) as progress:
                stopping, alone = False, group.count == 1  # others wait for this one's gradients
                if alone and not settings.compile:
                    trainer.within = stop.raised
                while not stopping:
                    # Of the step before, or of the one after which a training was stopped.
                    if state.due(settings) and group.rank == 0:
                        try:
                            with stop.raised() if alone else nullcontext():
                                measured = validation.measured(trainer.result(), state.step)
                        except KeyboardInterrupt:
                            stopping = True
                            break
                        state.close_row(settings.triplets, measured, settings.snapshot)
                        state.seconds = time.monotonic() - before
                        keeper.save(state, trainer, state.best_step == state.step)
                        tracker.log(state.history[-1])
                    if state.step == settings.steps:
                        break
                    torch.manual_seed(_step_seed(seed, state.step, group))
                    of_source = others.batch(state.step) if others else None
                    batch = triplets.batch(state.step)
                    try:
                        trainer.step(batch, of_source)
                    except KeyboardInterrupt:  # the step is not taken
                        stopping = True
                    else:
                        state.step, state.since = state.step + 1, state.since + 1
                        stopping = group.any(stop.requested)  # asked once: what follows must agree
                    if state.due(settings) or stopping or state.step % LOOK_EVERY == 0:
                        state.add(trainer.take_sums(state.step))
                        state.seconds = time.monotonic() - before
                        progress.show(state)
                if stopping and group.rank == 0:  # the first process chooses and keeps
                    keeper.save(state, trainer, new_best=False)
        if stopping:
            raise Stopped(f"{out.name}: stopped at step {state.step} of {settings.steps}; kept")
        if group.rank:
            return None
        best = serialization.load(keeper.best(state)).network
        if state.summary is None:
            temperature, fusion = validation.calibrate(best, "fused" in kind.systems.values())
            record = TrainingRecord(
                variant=variant,
                start=origin,
                width=network.width,
                trunk=network.trunk.name,
                trunk_width=network.trunk_width,
                seed=seed,
                steps=state.step,
                triplets=state.step * settings.triplets,
                best_step=state.best_step,
                validation_rank1=state.best[0],
                validation_mAP=state.best[1],
                validation_persons=validation.persons,
                temperature=temperature,
                fusion=fusion,
                dropout=settings.dropout,
                pretrained=list(network.pretrained),
                seconds=round(state.seconds, 1),
                triplets_per_second=round(state.step * settings.triplets / state.seconds, 1),
                device=place.name,
                processes=group.count,
                bf16=place.bf16,
                compiled=settings.compile,
                commit=commit(),
                fingerprint=mark,
                split_sha256=sha256(augmented / SPLIT),
            )
            state.summary = record.model_dump()
            state.code = code()
            keeper.finish(state)
        record = TrainingRecord.model_validate(state.summary)
        _write(out, best, state, record)
        return record


def _resumed(state: State | None, mark: str, settings: Training, checkpoints: Path) -> State:
    """Return the state to go on from; InputError when that leads to other figures, or nowhere."""
    anew = State(mark, settings.steps)
    if state is None:
        return anew
    if state.summary is not None:  # it can be written again, but not go on
        return state if (state.step, state.code) == (settings.steps, code()) else anew
    if state.step > settings.steps:
        raise InputError(
            f"{checkpoints}: a training that is at step {state.step}; "
            f"set `steps` ({settings.steps}) above that, or remove the folder"
        )
    if state.steps != settings.steps and settings.schedule.by_steps():
        raise InputError(
            f"{checkpoints}: a training whose `schedule` is laid over {state.steps} steps; "
            f"set `steps` ({settings.steps}) back to that, or remove the folder"
        )
    state.steps = settings.steps
    return state


def _of_steps(settings: Training) -> dict[str, Any]:
    """Return what a checkpoint must share with a training: all that changes a step.

    Not ``steps``: an unfinished training may be given more. Nor ``compile``, which only rounds
    apart, nor what other variants have.
    """
    return settings.model_dump(include=Training.model_fields.keys() - {"steps", "compile", "own"})


def _step_seed(seed: int, step: int, group: Distributed) -> int:
    """Return the seed of a step's dropout and augmentation: a continued training draws the same."""
    return int(np.random.SeedSequence([seed, step, group.rank]).generate_state(1, np.uint64)[0])


def _write(out: Path, best: Network, state: State, record: TrainingRecord) -> None:
    with whole(out) as draft:
        draft.mkdir()
        serialization.save(best, draft / "network.safetensors", record.temperature)
        history(state.history).write(draft)
        record.write(draft)
