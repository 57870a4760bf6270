"""What evaluations and trainings left on disk, read for the report."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from mtdnet.errors import InputError
from mtdnet.files import read_json
from mtdnet.pictures.losses import read_history
from mtdnet.splits import PUBLISHED

BENCHMARKS = {
    "cuhk03": "CUHK03",
    "cuhk01": "CUHK01",
    "viper": "VIPeR",
    "ilids": "i-LIDS",
    "prid2011": "PRID 2011",
}
SYSTEMS = ("MTDnet-rnk", "MTDnet-cls", "MTDnet-trp", "MTDnet", "MTDnet-aug", "MTDnet-cross")
RANKS = (1, 5, 10)

Row = dict[str, float | None]


@dataclass(frozen=True)
class Evaluation:
    """A folder ``results/evaluate/{benchmark}-{variant}``.

    ``figures``: system -> "rank-k" and "mAP", in [0, 1]; ``curves``: the rows of ``cmc.csv``.
    """

    folder: Path
    benchmark: str
    variant: str
    figures: dict[str, dict[str, float]]
    facts: dict[str, Any]
    curves: list[Row]


@dataclass(frozen=True)
class Model:
    """A folder ``models/{benchmark}-{variant}``: its facts and the rows of ``history.csv``."""

    folder: Path
    benchmark: str
    variant: str
    facts: dict[str, Any]
    history: list[Row]


@dataclass(frozen=True)
class Published:
    """A row of Table 1 of Chen et al. 2017: ``figures[benchmark, rank]`` in per cent."""

    system: str
    source: str
    type: str
    figures: dict[tuple[str, int], float]


def evaluations(folders: Sequence[Path]) -> list[Evaluation]:
    """Read the evaluations that are there, in the table's order of benchmarks.

    Raises InputError when there is none, one is broken, or two measured one system alike.
    """
    found = []
    for folder in filter(Path.is_dir, folders):
        figures, facts = read_json(folder / "metrics.json"), read_json(folder / "facts.json")
        curves = read_history(folder / "cmc.csv", key="rank")
        found.append(Evaluation(folder, *_named(folder), figures, facts, curves))
    if not found:
        raise InputError("no evaluation to report; run the evaluate step first")
    seen: dict[tuple[str, str], Path] = {}
    for one in found:
        for system in one.figures:
            other = seen.setdefault((one.benchmark, system), one.folder)
            if other != one.folder:
                raise InputError(f"{one.folder}: {system} is in {other} too; keep one of them")
    return sorted(found, key=lambda e: _place(e.benchmark))


def models(folders: Sequence[Path]) -> list[Model]:
    """Read the trained models that are there, in the table's order of benchmarks."""
    found = [
        Model(
            folder,
            *_named(folder),
            read_json(folder / "training.json"),
            read_history(folder / "history.csv"),
        )
        for folder in filter(Path.is_dir, folders)
    ]
    return sorted(found, key=lambda m: _place(m.benchmark))


def published() -> list[Published]:
    """Return Table 1 of Chen et al. 2017, in its order."""
    text = files("mtdnet.report").joinpath("published.csv").read_text(encoding="utf-8")
    rows = []
    for row in csv.DictReader(text.splitlines()):
        cells = {(b, k): row[f"{b} {k}"] for b in BENCHMARKS for k in RANKS}
        figures = {key: float(cell) for key, cell in cells.items() if cell}
        rows.append(Published(row["system"], row["source"], row["type"], figures))
    return rows


def unlike(evaluations: Sequence[Evaluation]) -> dict[str, str]:
    """Return the benchmarks whose persons differ in number from the published ones, and how.

    Ours hold validation persons out of the published training persons: their sum is compared.
    """
    found = {}
    for e in evaluations:
        seen = e.facts.get("train_persons", 0) + e.facts.get("validation_persons", 0)
        ours, train = (seen, e.facts.get("test_persons")), PUBLISHED.get(e.benchmark)
        there = (train[0] + train[1], train[2]) if train else None
        if ours != there:
            of = f"{there[0]} + {there[1]}" if there else "-"
            found[e.benchmark] = f"{ours[0]} training + {ours[1]} test persons, published {of}"
    return found


def label(benchmark: str) -> str:
    """Return a benchmark's name as its authors write it."""
    return BENCHMARKS.get(benchmark, benchmark)


def ordered(systems: set[str]) -> list[str]:
    """Return systems in the order of Table 1, others after them."""
    return sorted(systems, key=lambda s: (SYSTEMS.index(s) if s in SYSTEMS else len(SYSTEMS), s))


def _named(folder: Path) -> tuple[str, str]:
    benchmark, _, variant = folder.name.rpartition("-")
    if not benchmark:
        raise InputError(f"{folder}: no folder BENCHMARK-VARIANT")
    return benchmark, variant


def _place(benchmark: str) -> tuple[int, str]:
    known = list(BENCHMARKS)
    return (known.index(benchmark) if benchmark in known else len(known), benchmark)
