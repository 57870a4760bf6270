"""What evaluations and trainings left on disk, read for the report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mtdnet.artifacts import Bins, Curves, Facts, History, Metrics, Ranks, Table, TrainingRecord
from mtdnet.errors import InputError
from mtdnet.report.labels import BENCHMARKS, VARIANTS, place

Row = dict[str, float | None]


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
    calibration: list[dict[str, Any]]

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
        figures, facts = (
            Metrics.read(folder).root,
            Facts.read(folder).model_dump(exclude_unset=True),
        )
        curves, calibration = _rows(Curves.read(folder)), _rows(Bins.read(folder))
        ranks = Ranks.read(folder)
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
            TrainingRecord.read(folder).model_dump(),
            _rows(History.read(folder)),
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


def _rows(table: Table) -> list[dict[str, Any]]:
    columns = table.model_dump()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


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
