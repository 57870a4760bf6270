"""Table 1 of Chen et al. 2017 as published, and whether our figures compare with it."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from mtdnet.protocol.persons import PUBLISHED
from mtdnet.report.labels import BENCHMARKS, RANKS
from mtdnet.report.load import Evaluation


@dataclass(frozen=True)
class TableRow:
    """A row of Table 1 of Chen et al. 2017: ``figures[benchmark, rank]`` in per cent."""

    system: str
    source: str
    type: str
    figures: dict[tuple[str, int], float]


def published() -> list[TableRow]:
    """Return Table 1 of Chen et al. 2017, in its order."""
    text = files("mtdnet.report").joinpath("published.csv").read_text(encoding="utf-8")
    rows = []
    for row in csv.DictReader(text.splitlines()):
        cells = {(b, k): row[f"{b} {k}"] for b in BENCHMARKS for k in RANKS}
        figures = {key: float(cell) for key, cell in cells.items() if cell}
        rows.append(TableRow(row["system"], row["source"], row["type"], figures))
    return rows


def unlike(evaluations: Sequence[Evaluation]) -> dict[str, str]:
    """Return the benchmarks whose persons differ in number from the published ones, and how.

    Ours hold validation persons out of the published training persons: their sum is compared.
    """
    differences = {}
    for e in evaluations:
        ours = e.facts.train_persons + e.facts.validation_persons, e.facts.test_persons
        train = PUBLISHED.get(e.benchmark)
        there = (train[0] + train[1], train[2]) if train else None
        if ours != there:
            of = f"published {there[0]} + {there[1]}" if there else "not in the paper"
            differences[e.benchmark] = f"{ours[0]} training + {ours[1]} test persons, {of}"
    return differences
