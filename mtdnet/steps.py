"""The steps of the pipeline on the project's folders: what to read, what to call, where to write.

Folders are relative to the current one: ``data/BENCHMARK`` -> ``results/ingest/BENCHMARK`` ->
``results/augment/BENCHMARK`` -> ``models/BENCHMARK-VARIANT`` ->
``results/evaluate/BENCHMARK-VARIANT`` -> ``results/report``. Each step takes all parameters, reads
its own section, and writes its output whole or not at all. Imports stand inside: ingest and
augment start in a fraction of the time that torch takes to load.
"""

from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from mtdnet.errors import InputError
from mtdnet.params import Evaluate, Params, Train, Training

DATA, RESULTS, MODELS = Path("data"), Path("results"), Path("models")
CHECKPOINTS = Path("checkpoints")  # outside of what DVC clears before a stage runs

Observer = Callable[[Mapping[str, float]], None]


def ignore(row: Mapping[str, float]) -> None:
    """Observe nothing."""


def ingested(benchmark: str) -> Path:
    """Return the folder of a benchmark's table and packed images."""
    return RESULTS / "ingest" / benchmark


def augmented(benchmark: str) -> Path:
    """Return the folder of a benchmark's split and triplets."""
    return RESULTS / "augment" / benchmark


def model(benchmark: str, variant: str) -> Path:
    """Return the folder of the network trained on ``benchmark``."""
    return MODELS / f"{benchmark}-{variant}"


def evaluation(benchmark: str, variant: str) -> Path:
    """Return the folder of a trained network's test figures."""
    return RESULTS / "evaluate" / f"{benchmark}-{variant}"


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
    )


def augment(params: Params, benchmark: str) -> dict[str, Any]:
    """Split a benchmark's persons and draw its triplets; return their counts."""
    from mtdnet.augment import augment as run

    return run(
        ingested=ingested(benchmark),
        out=augmented(benchmark),
        settings=params.augment,
        seed=params.seed,
    )


def pretrain(params: Params, observe: Observer = ignore) -> dict[str, Any]:
    """Train the source network, from ImageNet's trunk where weights are given."""
    section = params.pretrain
    weights = Path(section.weights) if section.weights else None
    return _train(
        section.source,
        section.variant,
        section,
        params.seed,
        observe,
        width=section.width,
        weights=weights,
    )


def train(params: Params, target: str, variant: str, observe: Observer = ignore) -> dict[str, Any]:
    """Train a variant on a target, from the source network."""
    section = params.train
    check("train", section, target, variant)
    start = model(params.pretrain.source, params.pretrain.variant)
    return _train(target, variant, section.on(target), params.seed, observe, start=start)


def check(key: str, section: Train | Evaluate, target: str, variant: str) -> None:
    """Raise InputError for a target or variant that section ``key`` doesn't list."""
    named = (("target", target, section.targets), ("variant", variant, section.variants))
    for kind, name, known in named:
        if name not in known:
            raise InputError(f"{key}.{kind}s: no '{name}'; known: {', '.join(known)}")


def _train(
    benchmark: str,
    variant: str,
    settings: Training,
    seed: int,
    observe: Observer,
    **origin: Any,
) -> dict[str, Any]:
    from mtdnet.training import train as run

    out = model(benchmark, variant)
    return run(
        ingested=ingested(benchmark),
        augmented=augmented(benchmark),
        out=out,
        checkpoints=CHECKPOINTS / out.name,
        settings=settings,
        seed=seed,
        variant=variant,
        observe=observe,
        **origin,
    )


def evaluate(params: Params, target: str, variant: str) -> dict[str, dict[str, float]]:
    """Score the test persons once; return the figures of each system that the network holds."""
    from mtdnet.evaluate import evaluate as run

    section = params.evaluate
    check("evaluate", section, target, variant)
    return run(
        ingested=ingested(target),
        augmented=augmented(target),
        model=model(target, variant),
        out=evaluation(target, variant),
        settings=section,
    )


def evaluated(params: Params) -> list[tuple[str, str]]:
    """Return (benchmark, variant) of every network that the pipeline evaluates."""
    return list(product(params.evaluate.targets, params.evaluate.variants))


def report(params: Params) -> str:
    """Write the page of all evaluations; return its table as text."""
    from mtdnet.report import report as run

    pairs = evaluated(params)
    return run(
        evaluations=[evaluation(*pair) for pair in pairs],
        models=[model(*pair) for pair in pairs],
        out=RESULTS / "report",
        settings=params.report,
    )
