"""Figures over the identity splits of a benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass

from mtdnet.evaluation.interval import interval
from mtdnet.report.gather import Evaluation
from mtdnet.report.names import percent


@dataclass(frozen=True)
class Spread:
    """A measure in [0, 1] over ``count`` splits; of one split there is no ``sd`` and no interval.

    ``low`` and ``high``: the 95 % interval of ``mean``.
    """

    count: int
    mean: float
    sd: float | None = None
    low: float | None = None
    high: float | None = None


def spread(values: Sequence[float]) -> Spread:
    """Return what values of different splits have in common."""
    if len(values) == 1:
        return Spread(1, values[0])
    found = interval(values)
    return Spread(len(values), found.mean, found.sd, found.low, found.high)


def figures(evaluations: Sequence[Evaluation]) -> dict[tuple[str, str], dict[str, Spread]]:
    """Return (benchmark, system) -> measure -> its spread over the splits that have it."""
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    for one in evaluations:
        for system, measured in one.figures.items():
            of = found.setdefault((one.benchmark, system), {})
            for name, value in measured.items():
                of.setdefault(name, []).append(value)
    return {
        key: {name: spread(values) for name, values in measured.items()}
        for key, measured in found.items()
    }


def mean(measured: Spread | None, sign: str = " ± {}") -> str:
    """Return a mean in per cent and, of several splits, its standard deviation after ``sign``."""
    if measured is None:
        return "-"
    return percent(measured.mean) + (
        "" if measured.sd is None else sign.format(percent(measured.sd))
    )


def span(measured: Spread | None, signed: bool = False) -> str:
    """Return the 95 % interval of a mean in per cent, "-" for none."""
    if measured is None or measured.low is None or measured.high is None:
        return "-"
    form = "{:+.2f} to {:+.2f}" if signed else "{:.2f} to {:.2f}"
    return form.format(100 * measured.low, 100 * measured.high)
