"""Pretrain and train: networks of the source, and of each target."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtdnet.errors import Stopped
from mtdnet.params import JOINT, Params
from mtdnet.steps import networks
from mtdnet.steps.folders import Network, augmented, checkpoints, ingested, model
from mtdnet.tracker import UNTRACKED, Tracker

if TYPE_CHECKING:
    from mtdnet.artifacts import TrainingRecord
    from mtdnet.training import Setup


def pretrain(
    params: Params, variant: str, split: int, tracker: Tracker = UNTRACKED
) -> "TrainingRecord | None":
    """Train a variant on the source, from ImageNet's trunk where weights are given.

    The variant ``joint`` trains on every benchmark: the source's split 0, the targets' ``split``.
    """
    section, joint = params.pretrain, variant == JOINT
    network = networks.pretrained(params, variant, split)
    known = networks.trained_jointly if joint else networks.trained_on_source
    networks.check("pretrain", *network, known(params))
    from mtdnet.training import Setup, Start

    setup = Setup(
        ingested=ingested(section.source),
        augmented=augmented(section.source, 0 if joint else split),
        settings=section.of(variant),
        seed=params.seed,
        variant=variant,
        start=Start(
            width=section.width,
            weights=Path(section.weights) if section.weights else None,
            trunk=params.trunk,
            hidden_bias=section.hidden_bias,
            joint_start=section.joint_start,
            distance_input=section.distance_input,
        ),
        augment=params.augment,
        beside=[(ingested(t), augmented(t, split)) for t in params.train.targets if joint],
    )
    return _train(setup, network, tracker)


def train(
    params: Params, target: str, variant: str, split: int, tracker: Tracker = UNTRACKED
) -> "TrainingRecord | None":
    """Train a variant on a target, from its source network."""
    networks.check("train", target, split, variant, networks.trained_on_targets(params))
    from mtdnet.training import Setup, Start

    source = params.pretrain.source
    setup = Setup(
        ingested=ingested(target),
        augmented=augmented(target, split),
        settings=params.train.on(target, variant),
        seed=params.seed,
        variant=variant,
        start=Start(networks.start(params, variant, split)),
        augment=params.augment,
        source=(ingested(source), augmented(source, 0)),
    )
    return _train(setup, (target, split, variant), tracker)


def _train(setup: "Setup", network: Network, tracker: Tracker) -> "TrainingRecord | None":
    """Train on the folds of the split, where it has some, and then on all its persons."""
    from mtdnet.artifacts import SplitCounts
    from mtdnet.protocol.splits import FOLDS
    from mtdnet.training import train as run
    from mtdnet.training.cross_validation import Fold

    out, kept = model(*network), checkpoints(*network)
    folds = [
        Fold(setup.augmented / FOLDS / str(number), kept / FOLDS / f"{out.name}-fold-{number}")
        for number in range(SplitCounts.read(setup.augmented).folds)
    ]
    try:
        for fold in folds:
            state = kept / FOLDS / f"state-{fold.augmented.name}"
            run(
                replace(setup, augmented=fold.augmented, fold=True),
                out=fold.model,
                checkpoints=state,
            )
        record = run(replace(setup, folds=folds), out=out, checkpoints=kept, tracker=tracker)
    except (Stopped, KeyboardInterrupt, SystemExit):
        tracker.end("KILLED")
        raise
    except BaseException:
        tracker.end("FAILED")
        raise
    tracker.end("FINISHED")
    return record
