"""A whole training: from the files of augment to a model folder."""

import csv
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mtdnet import device, variants
from mtdnet.data.images import Images
from mtdnet.errors import InputError, Stopped
from mtdnet.files import whole, write_json
from mtdnet.interrupt import Stop
from mtdnet.networks import serialization
from mtdnet.params import VARIANTS, Training
from mtdnet.provenance import commit, fingerprint, inputs
from mtdnet.training import begin, checkpoint
from mtdnet.training.checkpoint import State
from mtdnet.training.parallel import Group, joined
from mtdnet.training.progress import Progress
from mtdnet.training.trainer import Trainer
from mtdnet.training.triplets import Triplets
from mtdnet.training.validation import Validation

Observer = Callable[[Mapping[str, float]], None]
LOOK_EVERY = 20  # steps between looks at the losses: each look waits for the device


def train(
    *,
    ingested: Path,
    augmented: Path,
    out: Path,
    checkpoints: Path,
    settings: Training,
    seed: int,
    variant: str = "mtdnet",
    start: Path | None = None,
    source: tuple[Path, Path] | None = None,
    width: float = 1.0,
    weights: Path | None = None,
    observe: Observer = lambda row: None,
) -> dict[str, Any]:
    """Train on the triplets of ``augmented`` and write the model folder ``out``, whole.

    ``start``: a model folder to start from; else a network of ``width`` is drawn from ``seed``,
    its trunk, then of full width, from ``weights`` where given. ``source``: the source benchmark's
    folders of ingest and augment, for variants that take its triplets too. Every
    ``validate_every`` steps the validation persons are ranked; the network best at it (rank-1,
    then mAP) is kept, and calibrated on them. ``observe`` gets each row of ``history.csv``. State
    is kept below ``checkpoints``: the same call continues a stopped training, on a processor
    exactly. Returns the content of ``training.json``.

    Several processes of torchrun train one network; all but the first return an empty dictionary.

    Raises InputError for bad input or a loss that is not finite, Stopped after SIGINT or SIGTERM.
    """
    if variant not in VARIANTS:
        raise InputError(f"unknown variant '{variant}'; known: {', '.join(VARIANTS)}")
    kind = variants.load(variant)
    place = device.choose()
    torch.manual_seed(seed)
    network = begin.network(kind, start, width, weights)
    images = Images.open(ingested)
    pixels = place.resident(torch.from_numpy(images.pixels))
    validation = Validation(images, augmented, pixels, place)
    files = inputs(ingested, augmented, start / "network.safetensors" if start else weights)
    if kind.source_triplets(settings.triplets) and source is not None:
        files += inputs(*source, None)
    told = {"variant": variant, "seed": seed, "widths": [network.width, network.trunk_width]}
    mark = fingerprint(_told(settings) | told, files)
    last, best = checkpoints / "last.safetensors", checkpoints / "best.safetensors"
    with joined(place) as group:
        triplets = Triplets.open(augmented, settings.triplets, seed, pixels, place, group)
        others = begin.source(kind, variant, settings, seed, source, place, group)
        trainer = Trainer(kind, network, settings, place, group)
        state = checkpoint.restore(last, mark, network, trainer.optimiser) or State(mark)
        if state.step > settings.steps or (state.step == settings.steps and state.since):
            raise InputError(
                f"{checkpoints}: a training that is at step {state.step}; "
                f"set `steps` ({settings.steps}) above that, or remove the folder"
            )
        for row in state.history:
            observe(row)
        before = time.monotonic() - state.seconds
        with Stop() as stop, Progress(out.name, settings, state, group.rank > 0) as progress:
            stopping = False
            while state.step < settings.steps and not stopping:
                torch.manual_seed(_drawn(seed, state.step, group))
                of_source = others.shown(state.step) if others else None
                trainer.step(triplets.shown(state.step), of_source)
                state.step, state.since = state.step + 1, state.since + 1
                stopping = group.any(stop.requested)  # asked once: what follows must agree
                row_due = state.step % settings.validate_every == 0 or state.step == settings.steps
                if row_due or stopping or state.step % LOOK_EVERY == 0:
                    state.add(trainer.take_sums(state.step))
                    state.seconds = time.monotonic() - before
                    progress.show(state)
                if group.rank:  # the first process chooses and keeps
                    continue
                if row_due:
                    row = state.close_row(settings.triplets, validation.measure(network))
                    if state.best_step == state.step:
                        serialization.save(network, best)
                    observe(row)
                if row_due or stopping:
                    checkpoint.save(last, state, network, trainer.optimiser)
    if state.step < settings.steps:
        raise Stopped(f"{out.name}: stopped at step {state.step} of {settings.steps}; kept")
    if group.rank:
        return {}
    kept = serialization.load(best).network
    temperature = validation.temperature(kept)
    summary = {
        "variant": variant,
        "start": start.name if start else weights.name if weights else "drawn",
        "width": network.width,
        "trunk_width": network.trunk_width,
        "seed": seed,
        "steps": state.step,
        "triplets": state.step * settings.triplets,
        "best_step": state.best_step,
        "validation_rank1": state.best[0],
        "validation_mAP": state.best[1],
        "validation_persons": len(set(validation.who[0])),
        "temperature": temperature,
        "seconds": round(state.seconds, 1),
        "triplets_per_second": round(state.step * settings.triplets / state.seconds, 1),
        "device": place.name,
        "processes": group.count,
        "bf16": place.bf16,
        "compiled": settings.compile,
        "commit": commit(),
    }
    _write(out, kept, state, summary)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return summary


def _told(settings: Training) -> dict[str, Any]:
    """Return what a checkpoint must share with a training: all that changes a step.

    Not ``steps``: an unfinished training may be given more. Nor ``compile``: it only rounds apart.
    """
    return settings.model_dump(include=Training.model_fields.keys() - {"steps", "compile"})


def _drawn(seed: int, step: int, group: Group) -> int:
    """Return what seeds the dropout of a step, so that a continued training draws the same."""
    return int(np.random.SeedSequence([seed, step, group.rank]).generate_state(1, np.uint64)[0])


def _write(
    out: Path, kept: serialization.Network, state: State, summary: Mapping[str, Any]
) -> None:
    with whole(out) as draft:
        draft.mkdir()
        serialization.save(kept, draft / "network.safetensors", summary["temperature"])
        with (draft / "history.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(state.history[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(state.history)
        write_json(draft / "training.json", summary)
