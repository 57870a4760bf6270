"""The steps of the pipeline on the project's folders: what to read, what to call, where to write.

Folders are relative to the current one: ``data/BENCHMARK`` -> ``results/ingest/BENCHMARK`` ->
``results/augment/BENCHMARK-SPLIT`` -> ``models/BENCHMARK-SPLIT/VARIANT`` ->
``results/evaluate/BENCHMARK-SPLIT/VARIANT`` -> ``results/report``. Each step takes all parameters,
reads its own section, and writes its output whole or not at all. Imports stand inside: ingest and
augment start in a fraction of the time that torch takes to load.
"""

import re
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtdnet.errors import InputError, Stopped
from mtdnet.files import alone
from mtdnet.params import JOINT, Params, Training
from mtdnet.tracker import UNTRACKED, Tracker

if TYPE_CHECKING:
    from mtdnet.artifacts import SplitCounts, TrainingRecord

DATA, RESULTS, MODELS = Path("data"), Path("results"), Path("models")
REPORT = RESULTS / "report"
SOURCE = "-source"  # of a variant as the source left it
CHECKPOINTS = Path("checkpoints")  # outside of what DVC clears before a stage runs


def ingested(benchmark: str) -> Path:
    """Return the folder of a benchmark's table and packed images."""
    return RESULTS / "ingest" / _name(benchmark)


def augmented(benchmark: str, split: int) -> Path:
    """Return the folder of an identity split of a benchmark and its triplets."""
    return RESULTS / "augment" / f"{_name(benchmark)}-{split}"


def model(benchmark: str, split: int, variant: str) -> Path:
    """Return the folder of the network of ``variant`` trained on a split of ``benchmark``."""
    return MODELS / f"{_name(benchmark)}-{split}" / _name(variant)


def evaluation(benchmark: str, split: int, variant: str) -> Path:
    """Return the folder of a trained network's test figures."""
    return RESULTS / "evaluate" / f"{_name(benchmark)}-{split}" / _name(variant)


def _name(name: str) -> str:
    """Return a name that makes one folder; InputError for a path, which would lead elsewhere."""
    if not re.fullmatch(r"\w[\w-]*", name, re.ASCII):
        raise InputError(
            f"'{name}': no name of a benchmark or variant; letters, digits, - and _ make one"
        )
    return name


def ingest(params: Params, benchmark: str) -> dict[str, Any]:
    """Read a benchmark's native layout; return its counts."""
    from mtdnet.data.ingest import ingest as run

    section = params.ingest
    if benchmark not in section.layouts:
        known = ", ".join(section.layouts)
        raise InputError(f"ingest.layouts: no benchmark '{benchmark}'; known: {known}")
    return run(
        source=DATA / benchmark,
        benchmark=benchmark,
        layout=section.layouts[benchmark],
        out=ingested(benchmark),
        boxes=section.boxes,
        trunk=params.trunk,
    )


def augment(params: Params, benchmark: str, split: int) -> "SplitCounts":
    """Draw an identity split of a benchmark and its triplets; return their counts."""
    from mtdnet.protocol.augment import augment as run

    return run(
        ingested=ingested(benchmark),
        out=augmented(benchmark, split),
        settings=params.augment,
        seed=params.seed,
        number=split,
    )


def pretrain(
    params: Params, variant: str, split: int, tracker: Tracker = UNTRACKED
) -> "TrainingRecord | None":
    """Train a variant on the source, from ImageNet's trunk where weights are given.

    The variant ``joint`` trains on every benchmark: the source's split 0, the targets' ``split``.
    """
    section = params.pretrain
    network = pretrained(params, variant, split)
    known = trained_jointly(params) if variant == JOINT else trained_on_source(params)
    check("pretrain", *network, known)
    weights = Path(section.weights) if section.weights else None
    origin: dict[str, Any] = {
        "width": section.width,
        "weights": weights,
        "trunk": params.trunk,
        "hidden_bias": section.hidden_bias,
        "distance_input": section.distance_input,
        "joint_start": section.joint_start,
    }
    folders = ingested(section.source), augmented(section.source, 0 if variant == JOINT else split)
    if variant == JOINT:
        origin["beside"] = [(ingested(t), augmented(t, split)) for t in params.train.targets]
    return _train(params, network, folders, section.of(variant), tracker, **origin)


def pretrained(params: Params, variant: str, split: int) -> "Network":
    """Return the network that ``pretrain`` makes of a variant and a split."""
    return (JOINT if variant == JOINT else params.pretrain.source), split, variant


def train(
    params: Params, target: str, variant: str, split: int, tracker: Tracker = UNTRACKED
) -> "TrainingRecord | None":
    """Train a variant on a target, from its source network."""
    check("train", target, split, variant, trained_on_targets(params))
    source = params.pretrain.source
    origin = {
        "start": start(params, variant, split),
        "source": (ingested(source), augmented(source, 0)),
    }
    folders = ingested(target), augmented(target, split)
    settings = params.train.on(target, variant)
    return _train(params, (target, split, variant), folders, settings, tracker, **origin)


def start(params: Params, variant: str, split: int) -> Path:
    """Return the model folder that a variant starts from on a split of a target.

    A joint network has seen the training persons of its own split of each target: it is the start
    of that split alone.
    """
    from mtdnet.variants import load

    name = load(variant).start
    if name == JOINT:
        return model(JOINT, split, name)
    if name not in params.pretrain.variants:
        raise InputError(f"pretrain.variants: '{variant}' starts from '{name}'; add that")
    return model(params.pretrain.source, 0, name)


Network = tuple[str, int, str]  # benchmark, split, variant


def trained_on_source(params: Params) -> list[Network]:
    """Return every network that ``pretrain`` trains."""
    section = params.pretrain
    return [(section.source, s, v) for s, v in product(section.splits, section.variants)]


def trained_on_targets(params: Params) -> list[Network]:
    """Return every network that ``train`` trains."""
    section = params.train
    listed = [(t, s, v) for s, (t, v) in product(section.splits, section.networks())]
    joint = product(section.joint.targets, section.joint.splits, [JOINT])
    return [*listed, *joint]


def trained_jointly(params: Params) -> list[Network]:
    """Return the networks of all benchmarks that MTDnet-joint starts from; none is evaluated."""
    return [(JOINT, split, JOINT) for split in params.train.joint.splits]


def trained(params: Params) -> list[Network]:
    """Return every network of the pipeline that is evaluated."""
    return trained_on_source(params) + trained_on_targets(params)


def evaluated(params: Params) -> list[Network]:
    """Return every evaluation: of all networks, and of the source's on targets, as VARIANT-source.

    The latter's network is what ``origin`` returns.
    """
    section = params.train
    untrained = product(section.targets, section.splits, params.evaluate.source_only)
    return trained(params) + [(t, s, f"{v}{SOURCE}") for t, s, v in untrained]


def origin(params: Params, network: Network) -> Network:
    """Return the network of an evaluation."""
    own = network[2].removesuffix(SOURCE)
    return network if own == network[2] else (params.pretrain.source, 0, own)


def check(step: str, benchmark: str, split: int, variant: str, known: list[Network]) -> None:
    """Raise InputError for a network that ``step`` doesn't make, naming the nearest list."""
    if (benchmark, split, variant) in known:
        return
    own = [network for network in known if network[0] == benchmark]
    if not own:
        names = ", ".join(dict.fromkeys(network[0] for network in known))
        raise InputError(f"{step}: no benchmark '{benchmark}'; known: {names}")
    if not any(network[2] == variant for network in own):
        names = ", ".join(dict.fromkeys(network[2] for network in own))
        raise InputError(f"{step}: no variant '{variant}' on {benchmark}; known: {names}")
    numbers = ", ".join(str(n) for n in sorted({network[1] for network in own}))
    raise InputError(f"{step}: no split {split} of {benchmark}; known: {numbers}")


def _train(
    params: Params,
    network: Network,
    folders: tuple[Path, Path],
    settings: Training,
    tracker: Tracker,
    **origin: Any,
) -> "TrainingRecord | None":
    from mtdnet.artifacts import SplitCounts
    from mtdnet.protocol.splits import FOLDS
    from mtdnet.training import train as run
    from mtdnet.training.cross_validation import Fold

    out = model(*network)
    kept = CHECKPOINTS / out.relative_to(MODELS)
    shared: dict[str, Any] = {"settings": settings, "augment": params.augment} | origin
    shared |= {"ingested": folders[0], "seed": params.seed, "variant": network[2]}
    folds = [
        Fold(folders[1] / FOLDS / str(number), kept / FOLDS / f"{out.name}-fold-{number}")
        for number in range(SplitCounts.read(folders[1]).folds)
    ]
    try:
        for fold in folds:
            state = kept / FOLDS / f"state-{fold.augmented.name}"
            run(augmented=fold.augmented, out=fold.model, checkpoints=state, **shared)
        summary = run(
            augmented=folders[1],
            out=out,
            checkpoints=kept,
            folds=folds,
            tracker=tracker,
            **shared,
        )
    except (Stopped, KeyboardInterrupt, SystemExit):
        tracker.end("KILLED")
        raise
    except BaseException:
        tracker.end("FAILED")
        raise
    tracker.end("FINISHED")
    return summary


def evaluate(
    params: Params, target: str, variant: str, split: int, tracker: Tracker = UNTRACKED
) -> dict[str, dict[str, float]]:
    """Score the test persons once; return the figures of each system that the network holds."""
    from mtdnet.evaluation.evaluate import evaluate as run

    check("evaluate", target, split, variant, evaluated(params))
    own = origin(params, (target, split, variant))
    out = evaluation(target, split, variant)
    kept = CHECKPOINTS / out.relative_to(RESULTS)
    with alone(kept.with_name(f"{kept.name}.lock"), f"the evaluation of {variant}"):
        figures = run(
            ingested=ingested(target),
            augmented=augmented(target, split),
            model=model(*own),
            out=out,
            checkpoints=kept,
            settings=params.evaluate,
            source_only=own != (target, split, variant),
        )
        track_evaluation((target, split, variant), tracker)
    return figures


def track_evaluation(network: Network, tracker: Tracker) -> None:
    """Record the figures and pictures that ``evaluate`` wrote of a network.

    Those of its first system are ``test/MEASURE``, one column for all networks; of another
    ``test/SYSTEM/MEASURE``. On a target that it has not seen they are ``BENCHMARK-SPLIT/MEASURE``,
    without pictures.
    """
    from mtdnet.artifacts import Metrics

    out, benchmark_split = evaluation(*network), "{}-{}".format(*network)
    unseen = network[2].endswith(SOURCE)
    for place, (system, figures) in enumerate(Metrics.read(out).root.items()):
        prefix = f"test/{system}" if place else benchmark_split if unseen else "test"
        tracker.figures({f"{prefix}/{name}": value for name, value in figures.items()})
    for picture in [] if unseen else sorted(out.glob("pictures/*.png")):
        tracker.artefact(picture)
    tracker.end("FINISHED")


def report(params: Params) -> str:
    """Write the page of all evaluations; return its table as text."""
    from mtdnet.report.write import report as run

    return run(
        evaluations=[evaluation(*network) for network in evaluated(params)],
        models=[model(*network) for network in trained(params) + trained_jointly(params)],
        out=REPORT,
        settings=params.report,
    )


def show(params: Params) -> str:
    """Return the table of the evaluations that are there, as text; nothing is written."""
    from mtdnet.report.tables import table

    return table([evaluation(*network) for network in evaluated(params)])
