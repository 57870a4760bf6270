"""The section of one benchmark: figures over all splits, and the pictures of the first one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mtdnet.plots import draw_cmc
from mtdnet.report.aggregate import curve_rows, figures, mean, mean_curves, span, splits
from mtdnet.report.compare import Comparisons, comparisons
from mtdnet.report.heads import Calibration, HeadAgreement, calibration, head_agreement
from mtdnet.report.labels import (
    FURTHER,
    LOWER_IS_BETTER,
    heading,
    label,
    measures,
    percent,
)
from mtdnet.report.load import Evaluation, firsts
from mtdnet.report.provenance import Provenance, provenance
from mtdnet.report.view import Cell, Picture, Row, Table, best, picture, system_row, table


@dataclass(frozen=True)
class BenchmarkSection:
    """All of one benchmark. ``measured``: kinds of measure; ``system``: of the pictures."""

    name: str
    key: str
    system: str
    measured: set[str]
    measures: Table
    further: Table | None
    roc: Picture
    curves: Picture
    heads: HeadAgreement | None
    comparisons: Comparisons | None
    ranked: Picture
    occlusion: Picture | None
    more: Sequence[str]
    calibration: Calibration | None
    provenance: Provenance


def section(key: str, evaluations: Sequence[Evaluation]) -> BenchmarkSection:
    """Return the section of the benchmark ``key``, from its evaluations in the report's order.

    The pictures of persons are of the first network; ``more`` has the folders of the others.
    """
    first = firsts(evaluations)
    main, name = first[0], label(key)
    rank1 = f"{main.system}: rank-1 {percent(main.figures[main.system].get('rank-1'))} %."
    areas = ", ".join(f"{system} {percent(of.get('auc'))} %" for system, of in main.figures.items())
    return BenchmarkSection(
        name,
        key,
        main.system,
        _measured(evaluations),
        _measures(f"Measured on {name}", evaluations, further=False),
        _measures(f"Further measures on {name}", evaluations, further=True)
        if _measured(evaluations) & {*FURTHER}
        else None,
        picture(
            main.picture("roc"),
            f"ROC curves on {name}, split {main.split}: the share of pairs of one person within a "
            f"threshold over that of pairs of two; area: {areas}.",
        ),
        _curves(name, evaluations),
        head_agreement(name, evaluations),
        comparisons(key, evaluations),
        picture(
            main.picture("ranked"),
            f"Queries of {name}, each with its highest ranked gallery images and its true match. "
            f"{rank1}",
            photo=True,
        ),
        picture(
            main.picture("occlusion_maps"),
            f"Pairs of images of {name} with the places on which the pair head's probability "
            f"rests. {rank1}",
            photo=True,
        )
        if main.has_pair_head
        else None,
        [str(e.folder / "pictures") for e in first[1:]],
        calibration(name, first),
        provenance(
            "evaluation",
            {f"{e.variant}, split {e.split}": e.facts.model_dump() for e in evaluations},
        ),
    )


def _measured(evaluations: Sequence[Evaluation]) -> set[str]:
    names = {name for e in evaluations for of in e.figures.values() for name in of}
    kinds = {name.split("-")[0] for name in names}
    several = len({e.split for e in evaluations}) > 1
    return kinds | ({"splits"} if several else set())


def _measures(caption: str, evaluations: Sequence[Evaluation], further: bool) -> Table:
    """Return measures of every system: count of splits, mean, spread and interval.

    Of the kinds in ``FURTHER`` or of the others.
    """
    of = {system: one for (_, system), one in figures(evaluations).items()}
    every = measures(measure for one in of.values() for measure in one)
    names = [m for m in every if (m.split("-")[0] in FURTHER) == further]
    means = [[np.mean(one[m]).item() if m in one else None for m in names] for one in of.values()]
    marks = best(means, [m in LOWER_IS_BETTER for m in names])
    rows = []
    for (system, one), bold in zip(of.items(), marks, strict=True):
        n = Cell(str(splits(one)))
        cells = [_cell(mean(one.get(m, [])), "±", b) for m, b in zip(names, bold, strict=True)]
        rows.append(system_row(system, [n, *cells]))
        if splits(one) > 1:
            rows.append(Row("95 %", [n, *(_cell(span(one.get(m, [])), "to") for m in names)]))
    head = ["system", "splits", *map(heading, names)]
    return Table(f"{caption}, in per cent", head, [("", rows)])


def _cell(text: str, word: str, best: bool = False) -> Cell:
    """Return a cell with what follows ``word`` below the value, which keeps a table narrow."""
    value, _, rest = text.partition(f" {word} ")
    return Cell(value, best, f"{word} {rest}" if rest else "")


def _curves(name: str, evaluations: Sequence[Evaluation]) -> Picture:
    """Return the CMC curves of all systems, each the mean over its splits, and their values."""
    curves = mean_curves(evaluations)
    first = ", ".join(f"{system} {percent(float(c[0]))} %" for system, c in curves.items())
    values = table(
        f"CMC on {name}, in per cent of the queries",
        ["rank", *curves],
        list(map(list, curve_rows(curves))),
    )
    with TemporaryDirectory() as room:
        file = Path(room) / "cmc.png"
        draw_cmc(curves, file, evaluations[0].chance, f"{name}, test persons")
        return picture(
            file,
            f"CMC curves on {name}. Rank-1: {first}.",
            values=values,
        )
