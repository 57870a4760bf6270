"""What evaluations and trainings left on disk, read for the report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from mtdnet.artifacts import Bins, Curves, Facts, History, Metrics, Ranks, TrainingRecord
from mtdnet.errors import InputError
from mtdnet.report.labels import BENCHMARKS, VARIANTS, place


@dataclass(frozen=True)
class Evaluation:
    """A folder ``results/evaluate/{benchmark}-{split}/{variant}``.

    ``figures``: system -> measure -> value in [0, 1].
    """

    folder: Path
    benchmark: str
    split: int
    variant: str
    figures: dict[str, dict[str, float]]
    facts: Facts
    curves: Curves
    ranks: Ranks
    bins: Bins

    @property
    def system(self) -> str:
        """The system that its pictures show: the network's first."""
        return next(iter(self.figures))

    @property
    def has_pair_head(self) -> bool:
        """Whether its network tells probabilities."""
        return "ece" in self.figures[self.system]

    @property
    def has_several_images(self) -> bool:
        """Whether a person has several gallery images."""
        return "expected-rank-1" in self.figures[self.system]

    @property
    def chance(self) -> int:
        """How many persons a query chooses from."""
        return self.facts.test_persons if self.has_several_images else self.facts.gallery

    def picture(self, name: str) -> Path:
        """Return the file of a picture."""
        return self.folder / "pictures" / f"{name}.png"


@dataclass(frozen=True)
class Model:
    """A folder ``models/{benchmark}-{split}/{variant}``."""

    folder: Path
    benchmark: str
    split: int
    variant: str
    record: TrainingRecord
    history: History


Network = TypeVar("Network", Evaluation, Model)


def evaluations(folders: Sequence[Path]) -> list[Evaluation]:
    """Read the evaluations that are there, in the order of the report.

    Raises InputError when there is none, one is broken, or two measured one system on one split.
    """
    read = [_evaluation(folder) for folder in folders if folder.is_dir()]
    if not read:
        raise InputError("no evaluation to report; run the evaluate step first")
    homes: dict[tuple[str, int, str], Path] = {}
    for one in read:
        for system in one.figures:
            other = homes.setdefault((one.benchmark, one.split, system), one.folder)
            if other != one.folder:
                raise InputError(f"{one.folder}: {system} is in {other} too; keep one of them")
    return _sorted(read)


def _evaluation(folder: Path) -> Evaluation:
    figures = Metrics.read(folder).root
    tables = Curves.read(folder), Ranks.read(folder)
    for table in tables:
        if list(table.systems) != list(figures):
            raise InputError(
                f"{folder / table.FILE}: systems {', '.join(table.systems)}, but "
                f"{Metrics.FILE} has {', '.join(figures)}; evaluate again"
            )
    return Evaluation(
        folder, *_named(folder), figures, Facts.read(folder), *tables, Bins.read(folder)
    )


def models(folders: Sequence[Path]) -> list[Model]:
    """Read the trained models that are there, in the order of the report."""
    return _sorted(
        Model(folder, *_named(folder), TrainingRecord.read(folder), History.read(folder))
        for folder in folders
        if folder.is_dir()
    )


def expected(folders: Sequence[Path], read: Sequence[Evaluation]) -> dict[str, list[str]]:
    """Return benchmark -> systems that the folders stand for: measured, or not evaluated yet."""
    systems: dict[str, dict[str, None]] = {}
    there = {e.folder for e in read}
    pairs = [(e.benchmark, tuple(e.figures)) for e in read]
    missing = [_named(folder) for folder in folders if folder not in there]
    pairs += [(benchmark, VARIANTS.get(variant, ())) for benchmark, _, variant in missing]
    for benchmark, names in pairs:
        systems.setdefault(benchmark, {}).update(dict.fromkeys(names))
    return {
        name: list(systems[name]) for name in sorted(systems, key=lambda b: place(b, BENCHMARKS))
    }


def firsts(networks: Sequence[Network]) -> list[Network]:
    """Return those of the first split of their benchmark and variant, of networks in order."""
    kinds = groupby(networks, key=lambda n: (n.benchmark, n.variant))
    return [next(own) for _, own in kinds]


def benchmarks(networks: Sequence[Network]) -> dict[str, list[Network]]:
    """Return networks by benchmark, of networks in order."""
    return {name: list(own) for name, own in groupby(networks, key=lambda n: n.benchmark)}


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
