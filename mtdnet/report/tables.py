"""Our figures as terminal text and as a CSV file."""

import csv
from collections.abc import Sequence
from pathlib import Path

from mtdnet.files import whole
from mtdnet.report.gather import RANKS, Evaluation, label, ordered, published, unlike

MEASURES = (*(f"rank-{k}" for k in RANKS), "mAP")
FACTS = (
    "split",
    "split_seed",
    "seed",
    "train_persons",
    "test_persons",
    "queries",
    "gallery",
    "device",
    "commit",
    "data_hash",
)


def percent(value: float | None) -> str:
    """Return a share in [0, 1] in per cent as Table 1 writes it, "-" for none."""
    return "-" if value is None else f"{100 * value:.2f}"


def figures(evaluations: Sequence[Evaluation]) -> dict[tuple[str, str], dict[str, float]]:
    """Return (benchmark, system) -> measure -> value in [0, 1]."""
    return {
        (one.benchmark, system): measured
        for one in evaluations
        for system, measured in one.figures.items()
    }


def terminal(evaluations: Sequence[Evaluation]) -> str:
    """Return a table, a line a benchmark and system, in per cent; "-" was not evaluated."""
    ours = figures(evaluations)
    theirs = {
        (b, row.system): f for row in published() for (b, k), f in row.figures.items() if k == 1
    }
    other = unlike(evaluations)
    lines = [["benchmark", "system", *MEASURES, "paper rank-1"]]
    for benchmark in dict.fromkeys(one.benchmark for one in evaluations):
        for system in ordered({system for _, system in ours}):
            measured = ours.get((benchmark, system), {})
            there = theirs.get((benchmark, system))
            lines.append(
                [label(benchmark), system]
                + [percent(measured.get(name)) for name in MEASURES]
                + ["-" if there is None else f"{there:.2f}{'*' if benchmark in other else ''}"]
            )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ) + ("\n* published for other persons: not comparable" if other else "")


def write_csv(target: Path, evaluations: Sequence[Evaluation]) -> None:
    """Write a row a benchmark and system: measures in per cent, and what they rest on."""
    with whole(target) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["benchmark", "variant", "system", *MEASURES, *FACTS])
        for one in evaluations:
            for system in ordered(set(one.figures)):
                measured = [percent(one.figures[system].get(name)) for name in MEASURES]
                facts = [one.facts.get(name, "-") for name in FACTS]
                writer.writerow([one.benchmark, one.variant, system, *measured, *facts])
