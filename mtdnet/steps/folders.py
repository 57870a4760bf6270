"""Where each step writes, relative to the current folder.

``data/BENCHMARK`` -> ``results/ingest/BENCHMARK`` -> ``results/augment/BENCHMARK-SPLIT`` ->
``models/BENCHMARK-SPLIT/VARIANT`` -> ``results/evaluate/BENCHMARK-SPLIT/VARIANT`` ->
``results/report``.
"""

import re
from pathlib import Path

from mtdnet.errors import InputError

DATA, RESULTS, MODELS = Path("data"), Path("results"), Path("models")
REPORT = RESULTS / "report"
CHECKPOINTS = Path("checkpoints")  # outside of what DVC clears before a stage runs

Network = tuple[str, int, str]  # benchmark, split, variant


def ingested(benchmark: str) -> Path:
    """Return the folder of a benchmark's table and packed images."""
    return RESULTS / "ingest" / _name(benchmark)


def augmented(benchmark: str, split: int) -> Path:
    """Return the folder of an identity split of a benchmark and its triplets."""
    return RESULTS / "augment" / f"{_name(benchmark)}-{split}"


def model(benchmark: str, split: int, variant: str) -> Path:
    """Return the folder of the network of ``variant`` trained on a split of ``benchmark``."""
    return MODELS / _place(benchmark, split, variant)


def checkpoints(benchmark: str, split: int, variant: str) -> Path:
    """Return the folder of what a training continues from."""
    return CHECKPOINTS / _place(benchmark, split, variant)


def evaluation(benchmark: str, split: int, variant: str) -> Path:
    """Return the folder of a trained network's test figures."""
    return RESULTS / "evaluate" / _place(benchmark, split, variant)


def scored(benchmark: str, split: int, variant: str) -> Path:
    """Return the folder of the scores that an evaluation continues from."""
    return CHECKPOINTS / "evaluate" / _place(benchmark, split, variant)


def _place(benchmark: str, split: int, variant: str) -> Path:
    return Path(f"{_name(benchmark)}-{split}", _name(variant))


def _name(name: str) -> str:
    """Return a name that makes one folder; InputError for a path, which would lead elsewhere."""
    if not re.fullmatch(r"\w[\w-]*", name, re.ASCII):
        raise InputError(
            f"'{name}': no name of a benchmark or variant; letters, digits, - and _ make one"
        )
    return name
