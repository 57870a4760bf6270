"""What evaluations and trainings left on disk, read for the report."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.files import read_json
from mtdnet.plots.loss_curves import read_history
from mtdnet.report.labels import BENCHMARKS, VARIANTS, place

Row = dict[str, float | None]


@dataclass(frozen=True)
class Ranks:
    """Of Q queries: ``query``, their rows of the image table, and ``person``, (Q,).

    ``systems``: system -> (Q,) ranks of the best true match, 0 for none.
    """

    query: NDArray[np.int64]
    person: NDArray[np.str_]
    systems: dict[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Evaluation:
    """A folder ``results/evaluate/{benchmark}-{split}/{variant}``.

    ``figures``: system -> measure -> value in [0, 1]; ``curves``: the rows of ``cmc.csv``;
    ``calibration``: those of ``calibration.csv``.
    """

    folder: Path
    benchmark: str
    split: int
    variant: str
    figures: dict[str, dict[str, float]]
    facts: dict[str, Any]
    curves: list[Row]
    ranks: Ranks
    calibration: list[dict[str, str]]

    def picture(self, name: str) -> Path:
        """Return the file of a picture."""
        return self.folder / "pictures" / f"{name}.png"


@dataclass(frozen=True)
class Model:
    """A folder ``models/{benchmark}-{split}/{variant}``: its facts, the rows of its history."""

    folder: Path
    benchmark: str
    split: int
    variant: str
    facts: dict[str, Any]
    history: list[Row]


Network = TypeVar("Network", Evaluation, Model)


def evaluations(folders: Sequence[Path]) -> list[Evaluation]:
    """Read the evaluations that are there, in the order of the report.

    Raises InputError when there is none, one is broken, or two measured one system on one split.
    """
    found = []
    for folder in filter(Path.is_dir, folders):
        figures, facts = read_json(folder / "metrics.json"), read_json(folder / "facts.json")
        curves = read_history(folder / "cmc.csv", key="rank")
        ranks, calibration = _ranks(folder / "ranks.csv"), _rows(folder / "calibration.csv")
        found.append(
            Evaluation(folder, *_named(folder), figures, facts, curves, ranks, calibration)
        )
    if not found:
        raise InputError("no evaluation to report; run the evaluate step first")
    seen: dict[tuple[str, int, str], Path] = {}
    for one in found:
        for system in one.figures:
            other = seen.setdefault((one.benchmark, one.split, system), one.folder)
            if other != one.folder:
                raise InputError(f"{one.folder}: {system} is in {other} too; keep one of them")
    return _sorted(found)


def models(folders: Sequence[Path]) -> list[Model]:
    """Read the trained models that are there, in the order of the report."""
    return _sorted(
        Model(
            folder,
            *_named(folder),
            read_json(folder / "training.json"),
            read_history(folder / "history.csv"),
        )
        for folder in filter(Path.is_dir, folders)
    )


def firsts(networks: Sequence[Network]) -> list[Network]:
    """Return those of the first split of their benchmark and variant."""
    found: dict[tuple[str, str], Network] = {}
    for one in sorted(networks, key=lambda n: n.split):
        found.setdefault((one.benchmark, one.variant), one)
    return [one for one in networks if found[one.benchmark, one.variant] is one]


def benchmarks(networks: Sequence[Network]) -> dict[str, list[Network]]:
    """Return them by benchmark."""
    found: dict[str, list[Network]] = {}
    for one in networks:
        found.setdefault(one.benchmark, []).append(one)
    return found


def _ranks(source: Path) -> Ranks:
    rows = _rows(source)
    try:
        query = np.array([int(row["query"]) for row in rows])
        person = np.array([row["person"] for row in rows])
        names = [name for name in rows[0] if name not in ("query", "person")]
        systems = {name: np.array([int(row[name]) for row in rows]) for name in names}
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        raise InputError(f"{source}: no table of ranks ({problem}); run its step again") from None
    return Ranks(query, person, systems)


def _rows(source: Path) -> list[dict[str, str]]:
    try:
        with source.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
    except FileNotFoundError:
        raise InputError(f"{source}: no such file; run the step that writes it") from None


def _named(folder: Path) -> tuple[str, int, str]:
    benchmark, _, split = folder.parent.name.rpartition("-")
    if not benchmark or not split.isdecimal():
        raise InputError(f"{folder}: no folder BENCHMARK-SPLIT/VARIANT")
    return benchmark, int(split), folder.name


def _sorted(networks: Iterable[Network]) -> list[Network]:
    """Return them by benchmark in the table's order, then variant, then split."""
    return sorted(
        networks,
        key=lambda n: (place(n.benchmark, BENCHMARKS), place(n.variant, VARIANTS), n.split),
    )
