"""Measures over the splits of a benchmark, and its CMC curves."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from mtdnet.plots import draw_cmc
from mtdnet.report.aggregate import figures, mean, span, splits
from mtdnet.report.html import details, figure, note, table
from mtdnet.report.labels import label, measures, ordered, percent, told
from mtdnet.report.load import Evaluation
from mtdnet.report.provenance import rests

SHOWN = 50  # ranks, as in the picture
OPEN_SET = (
    "DIR, detection and identification rate, is open-set: each query asks once with and once "
    "without its person in the gallery; the rate is the share of queries whose true match is first "
    "and passes a threshold that at most the given share of the questions without a person pass."
)
ECE = "ECE: expected calibration error before (raw) and after the temperature, in per cent."
EXPECTED = (
    "Expected rank-k: over random galleries of one image a person; rank-k is of the whole gallery."
)
SPLITS = (
    "± is the standard deviation over the splits. The 95 % interval is of the mean, by Student's "
    "t, and somewhat narrow: the splits of a benchmark share persons."
)


def over(benchmark: str, evaluations: Sequence[Evaluation]) -> str:
    """Return every measure of every system: count of splits, mean, spread and interval."""
    found = {system: one for (_, system), one in figures(evaluations).items()}
    names = measures(name for one in found.values() for name in one)
    rows = []
    for system, of in found.items():
        count = splits(of)
        rows.append([system, count, *(mean(of.get(name, [])) for name in names)])
        if count > 1:
            rows.append([f"{system}, 95 %", count, *(span(of.get(name, [])) for name in names)])
    several = max(map(splits, found.values())) > 1
    notes = [
        *([EXPECTED] if "expected-rank-1" in names else []),
        *([OPEN_SET] if any(name.startswith("dir-") for name in names) else []),
        *([ECE] if "ece" in names else []),
        *([SPLITS] if several else []),
        rests(*evaluations),
    ]
    head = ["system", "splits", *map(told, names)]
    return "\n".join(
        [
            f"<h3>{'Over the splits' if several else 'Figures'}</h3>",
            table(f"Measured on {label(benchmark)}, in per cent", head, rows),
            note(" ".join(notes)),
        ]
    )


def curves(benchmark: str, evaluations: Sequence[Evaluation]) -> str:
    """Return the CMC curves of all systems, each the mean over its splits, and their values."""
    name, found = label(benchmark), _means(evaluations)
    first = ", ".join(f"{system} {percent(float(curve[0]))} %" for system, curve in found.items())
    shown = min(SHOWN, max(map(len, found.values())))
    values = table(
        f"CMC on {name}, in per cent of the queries",
        ["rank", *found],
        [
            [k + 1, *(percent(float(c[k])) if k < len(c) else "-" for c in found.values())]
            for k in range(shown)
        ],
    )
    with TemporaryDirectory() as room:
        picture = Path(room) / "cmc.png"
        draw_cmc(found, picture, _chance(evaluations[0]), f"{name}, test persons")
        return "<h3>CMC curves</h3>\n" + figure(
            picture,
            f"CMC curves on {name}. Rank-1: {first}.",
            "Share of the queries whose true match is among the first ranks, mean over the splits; "
            f"dotted: chance. {rests(*evaluations)}",
            details("Values of the CMC curves", values),
        )


def _means(evaluations: Sequence[Evaluation]) -> dict[str, NDArray[np.float64]]:
    """Return system -> mean CMC curve, up to the smallest gallery of its splits."""
    found: dict[str, list[list[float]]] = {}
    for e in evaluations:
        for system in e.figures:
            found.setdefault(system, []).append([row[system] or 0.0 for row in e.curves])
    return {
        system: np.mean([curve[: min(map(len, found[system]))] for curve in found[system]], axis=0)
        for system in ordered(found)
    }


def _chance(e: Evaluation) -> int:
    """Return how many persons a query chooses from."""
    several = any("expected-rank-1" in measured for measured in e.figures.values())
    return int(e.facts["test_persons" if several else "gallery"])
