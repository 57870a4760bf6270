"""A registered network's card: what it rests on, how good it is, what it is for and not for."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtdnet import steps
from mtdnet.artifacts import Facts, Metrics, Ranks, SplitCounts, TrainingRecord
from mtdnet.errors import InputError
from mtdnet.metrics.calibration import ENOUGH
from mtdnet.metrics.interval import CONFIDENCE, rank1_difference
from mtdnet.report.labels import BENCHMARKS, label
from mtdnet.steps import Network
from tasks import datasets

PURPOSE = """\
For: asking whether two pictures, cut out around one person each and taken by cameras of one
place, show the same person; for research on re-identification.
Not for: deciding anything about a person without another person who looks; following people
without their knowledge or a legal ground; faces, vehicles, or cameras unlike those it was trained
on. A probability is for a prior of one half: among many strangers most high ones are false."""


@dataclass(frozen=True)
class Card:
    """A network's card as Markdown, the table of it with a heading, and its facts as tags."""

    text: str
    table: str
    tags: dict[str, str]


def write(model: Path, network: Network, root: Path) -> Card:
    """Return the card of a model folder's network; what is not on disk any more is "-" there.

    ``root``: the project's folder, with its split and its test.
    """
    benchmark, split, variant = network
    record, counts = TrainingRecord.read(model), _counts(root, network)
    persons = counts.persons if counts else None
    tags = {
        "variant": variant,
        "split": str(split),
        "data_hash": datasets.data_hash(benchmark, root) or "-",
        "train_persons": str(persons.train) if persons else "-",
        "validation_persons": str(record.validation_persons),
        "validation_rank1": str(record.validation_rank1),
        "calibration": calibration(record),
        "licence_of_data": _licence(benchmark),
        "commit": record.commit,
    }
    parts = "-"
    if persons:
        parts = f"{persons.train} train, {persons.validation} validate, {persons.test} test"
    rows = {
        "data": f"{label(benchmark)}, DVC's hash {tags['data_hash']}",
        "split": f"{split} ({counts.split}, seed {counts.seed})" if counts else str(split),
        "persons": parts,
        "network": f"{variant}, {record.trunk}, width {record.width:g}, from {record.start}",
        "validation": validation(record),
        **_tested(root, network),
        "calibration": tags["calibration"],
        "licence of the data": tags["licence_of_data"],
        "commit": record.commit or "-",
    }
    lines = ["| | |", "| --- | --- |", *(f"| {key} | {value} |" for key, value in rows.items()), ""]
    title = f"# {label(benchmark)}: is this the same person?"
    text = "\n".join([title, "", PURPOSE, "", *lines])
    return Card(
        text, "\n".join([f"{variant} on {label(benchmark)}, split {split}", "", *lines]), tags
    )


def _counts(root: Path, network: Network) -> SplitCounts | None:
    try:
        return SplitCounts.read(root / steps.augmented(*network[:2]))
    except InputError:
        return None


def _tested(root: Path, network: Network) -> dict[str, str]:
    """Return the test figures of each system of the network, with the interval of rank-1."""
    folder = root / steps.evaluation(*network)
    try:
        figures, ranks, facts = Metrics.read(folder).root, Ranks.read(folder), Facts.read(folder)
    except InputError:
        return {"test": "-"}
    person = np.array(ranks.person)
    return {
        f"test, {system}": f"{rank1(np.array(own), person)}, mAP {figures[system]['mAP']:.1%}, "
        f"{facts.test_persons} persons"
        for system, own in ranks.systems.items()
    }


def rank1(ranks: NDArray[np.int64], person: NDArray[np.str_]) -> str:
    """Return rank-1 of ranks (Q,) of the persons (Q,) in words, with its interval over persons."""
    never = np.where(ranks > 0, 2, 0)  # a system that is right never: the difference is the figure
    sure = rank1_difference(ranks, never, person)
    if sure.low is None:
        return f"rank-1 {sure.difference:.1%}"
    return (
        f"rank-1 {sure.difference:.1%} ({CONFIDENCE:.0%} interval over persons {sure.low:.1%} to "
        f"{sure.high:.1%})"
    )


def validation(record: TrainingRecord) -> str:
    """Return how a training stood with its validation persons, and what they decided of it."""
    figures = f"rank-1 {record.validation_rank1:.1%}, mAP {record.validation_mAP:.1%}"
    then = ", before the verdict was weighed" if record.fusion else ""
    return f"{figures} on {record.validation_persons} persons{then}; they decided {record.decided}"


def calibration(record: TrainingRecord) -> str:
    """Return in words whether a network is calibrated, and by whom."""
    if record.temperature is None:
        return f"not calibrated: fewer than {ENOUGH} pairs of one person, or of two, to validate"
    return f"temperature {record.temperature:.3f}, from {record.validation_persons} persons"


def _licence(benchmark: str) -> str:
    if benchmark in BENCHMARKS:
        return "non-commercial research, as the authors of the benchmark say"
    return "that of whoever took the pictures"
