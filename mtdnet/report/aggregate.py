"""Figures over the identity splits of a benchmark."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mtdnet.metrics.interval import interval
from mtdnet.report.labels import label, ordered, percent
from mtdnet.report.load import Evaluation, benchmarks

Measures = dict[str, list[float]]
Figures = dict[tuple[str, str], Measures]
LAST_RANK = 50  # as in the picture


def figures(evaluations: Sequence[Evaluation]) -> Figures:
    """Return (benchmark, system) -> measure -> values in [0, 1] of its splits, as Table 1 goes."""
    gathered: Figures = {}
    for benchmark, own in benchmarks(evaluations).items():
        for system in ordered(name for e in own for name in e.figures):
            of = gathered[benchmark, system] = {}
            for measured in (e.figures.get(system, {}) for e in own):
                for name, value in measured.items():
                    of.setdefault(name, []).append(value)
    return gathered


def splits(measured: Measures) -> int:
    """Return on how many splits a system was measured."""
    return max(map(len, measured.values()), default=0)


def single_shot(measured: Measures, rank: int) -> list[float]:
    """Return rank-k with one gallery image a person, on each split: what Table 1 compares.

    Where persons have several, that is the expectation over random single-shot galleries.
    """
    return measured.get(f"expected-rank-{rank}") or measured.get(f"rank-{rank}", [])


def several_shots(evaluations: Sequence[Evaluation]) -> str:
    """Return the benchmarks of which a person has several gallery images, in a line."""
    names = (label(e.benchmark) for e in evaluations if e.has_several_images)
    return ", ".join(dict.fromkeys(names))


def mean(values: Sequence[float]) -> str:
    """Return the mean in per cent, of several splits ± the standard deviation; "-" for none."""
    if not values:
        return "-"
    over = interval(values)
    return percent(over.mean) + ("" if over.sd is None else f" ± {percent(over.sd)}")


def span(values: Sequence[float]) -> str:
    """Return the 95 % interval of the mean in per cent, cut to what a share can be; or "-"."""
    over = interval(values) if values else None
    if over is None or over.low is None or over.high is None:
        return "-"
    return f"{percent(max(over.low, 0))} to {percent(min(over.high, 1))}"


def mean_curves(evaluations: Sequence[Evaluation]) -> dict[str, NDArray[np.float64]]:
    """Return system -> mean CMC curve, up to the smallest gallery of its splits."""
    of: dict[str, list[list[float]]] = {}
    for e in evaluations:
        for system, curve in e.curves.systems.items():
            of.setdefault(system, []).append(curve)
    return {
        system: np.mean([curve[: min(map(len, of[system]))] for curve in of[system]], axis=0)
        for system in ordered(of)
    }


def curve_rows(curves: Mapping[str, NDArray[np.float64]]) -> Iterator[tuple[int | str, ...]]:
    """Yield rank and each system's share in per cent, "-" beyond its gallery, to ``LAST_RANK``."""
    for k in range(min(LAST_RANK, max(map(len, curves.values())))):
        yield k + 1, *(percent(float(c[k])) if k < len(c) else "-" for c in curves.values())
