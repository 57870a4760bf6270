"""A whole training: from the files of augment to a model folder."""

import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from mtdnet import device
from mtdnet.artifacts import TrainingRecord
from mtdnet.errors import InputError, Stopped
from mtdnet.files import sha256, whole
from mtdnet.networks import serialization
from mtdnet.networks.base import Network
from mtdnet.networks.header import FILE
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Training
from mtdnet.protocol.query_gallery import SPLIT
from mtdnet.provenance import code, commit
from mtdnet.tracker import UNTRACKED, Tracker
from mtdnet.training import data
from mtdnet.training.augmentation import transform
from mtdnet.training.checkpoint import Checkpoints
from mtdnet.training.cross_validation import CrossValidation
from mtdnet.training.discriminant import start_ranking
from mtdnet.training.loop import Loop
from mtdnet.training.parallel import Distributed, is_first, joined
from mtdnet.training.setup import Setup
from mtdnet.training.state import State, history
from mtdnet.training.trainer import Trainer
from mtdnet.training.validation import Validation, calibrate, weighed


@device.fitting("the training")
def train(
    setup: Setup, *, out: Path, checkpoints: Path, tracker: Tracker = UNTRACKED
) -> TrainingRecord | None:
    """Train as ``setup`` says, and write the model folder ``out``, whole.

    Every ``validate_every`` steps the validation persons of the split are ranked; the network
    best at it (rank-1, then mAP) is kept, and calibrated on them. ``tracker`` gets the fingerprint
    and each row of ``history.csv``. State is kept below ``checkpoints``: the same call continues a
    stopped training, on a processor exactly, and writes the output of a finished one again.

    Several processes of torchrun train one network; all but the first return None.

    Raises InputError for bad input, a loss that is not finite, a GPU out of memory, or when another
    process does the same training; Stopped after SIGINT or SIGTERM.
    """
    device.keep_memory()
    kind, settings, place = setup.kind, setup.settings, device.choose()
    torch.manual_seed(setup.seed)
    network = setup.start.network(kind)
    for layer in network.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = settings.dropout
    if setup.fits_ranking:  # it parts the training persons: descent on them only leads away
        network.requires_grad_(False)
        assert network.pair is not None
        network.pair.requires_grad_(True)
    size = network.trunk.size
    folders = [(setup.ingested, setup.augmented), *setup.beside]
    benchmarks = [data.Benchmark.open(each, size, place) for each in folders]
    own = benchmarks[0]
    validation: Validation | CrossValidation = (
        CrossValidation(setup.folds, own.images, own.pixels, place)
        if setup.folds
        else Validation(own.images, setup.augmented, own.pixels, place)
    )
    mark, keeper = setup.fingerprint(network), Checkpoints(checkpoints)
    change = transform(settings.augmentation, size)
    with keeper.lock(is_first()):
        with joined(place) as group:
            persons: Sequence[Tensor | None] = [None] * len(benchmarks)
            count = 0
            if settings.losses.identity.weight:
                persons, count = data.numbered(benchmarks)
            trainer = Trainer(kind, network, settings, place, group, count)
            triplets = data.target(benchmarks, persons, setup.augment, setup.seed, trainer, change)
            others = data.source(setup, trainer, change, size)
            state = _resumed(keeper.restore(mark, trainer), mark, settings, checkpoints)
            if state.step == 0 and setup.fits_ranking:
                begun = time.monotonic()
                _fit_ranking(setup, network, benchmarks, place, group)
                state.seconds = time.monotonic() - begun
            tracker.start(mark, setup.tracked(network))
            for row in state.history:
                tracker.log(row)
            loop = Loop(trainer, triplets, others, validation, state, keeper, tracker, setup.seed)
            done = loop.run(out.name)
        if not done:
            raise Stopped(f"{out.name}: stopped at step {state.step} of {settings.steps}; kept")
        if group.rank:
            return None
        best = serialization.load(keeper.best(state)).network
        if state.summary is None:
            state.summary, state.code = _record(setup, loop, best).model_dump(), code()
            keeper.finish(state)
        record = TrainingRecord.model_validate(state.summary)
        best = weighed(best, record.fusion)
        with whole(out) as draft:
            draft.mkdir()
            serialization.save(best, draft / FILE, record.temperature)
            history(state.history).write(draft)
            record.write(draft)
        return record


def _fit_ranking(
    setup: Setup,
    network: Network,
    benchmarks: Sequence[data.Benchmark],
    place: device.Device,
    group: Distributed,
) -> None:
    """Fit the ranking head in the first process, and give it to the others."""
    assert isinstance(network, MTDnet)
    if group.rank == 0:
        size = network.trunk.size
        source = data.Benchmark.open(setup.source, size, place) if setup.source else None
        by_place = setup.settings.ranking_start == "discriminant-by-place"
        start_ranking(network, benchmarks, source, place, by_place)
    with torch.no_grad():
        for value in network.ranking.parameters():
            value.copy_(group.of_first(value.cpu()))


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


def _record(setup: Setup, loop: Loop, best: Network) -> TrainingRecord:
    """Return what a training that is done says of itself; calibrate ``best``, which is kept."""
    settings, state, trainer = setup.settings, loop.state, loop.trainer
    network, place = trainer.network, trainer.device
    fused = "fused" in setup.kind.systems.values()
    temperature = fusion = None
    if not setup.fold:
        temperature, fusion = calibrate(loop.validation.parts(best), fused)
        if fusion is None and best.takes_distance:
            fusion = setup.start.fusion
    return TrainingRecord(
        variant=setup.variant,
        start=setup.start.name,
        width=network.width,
        trunk=network.trunk.name,
        trunk_width=network.trunk_width,
        seed=setup.seed,
        steps=state.step,
        triplets=state.step * settings.triplets,
        best_step=state.best_step,
        validation_rank1=state.best[0],
        validation_mAP=state.best[1],
        validation_persons=loop.validation.persons,
        temperature=temperature,
        fusion=fusion,
        dropout=settings.dropout,
        snapshot=settings.snapshot,
        pretrained=list(network.pretrained),
        seconds=round(state.seconds, 1),
        triplets_per_second=round(state.step * settings.triplets / state.seconds, 1),
        device=place.name,
        processes=trainer.group.count,
        bf16=place.bf16,
        compiled=settings.compile,
        commit=commit(),
        fingerprint=state.fingerprint,
        split_sha256=sha256(setup.augmented / SPLIT),
    )
