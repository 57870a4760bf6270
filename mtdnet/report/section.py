"""The section of one benchmark: figures over all splits, and the pictures of the first one."""

from collections.abc import Sequence

import numpy as np

from mtdnet.plots.cmc import draw_cmc
from mtdnet.report import view
from mtdnet.report.aggregate import curve_rows, figures, mean, mean_curves, span, splits
from mtdnet.report.compare import Comparison, comparisons
from mtdnet.report.heads import calibration, head_agreement
from mtdnet.report.labels import FURTHER, LOWER_IS_BETTER, heading, label, measures, percent
from mtdnet.report.load import Evaluation, firsts
from mtdnet.report.provenance import provenance


def section(
    key: str, evaluations: Sequence[Evaluation], compared: Sequence[Comparison]
) -> view.View:
    """Return the section of the benchmark ``key``, from its evaluations in the report's order.

    ``compared``: its systems in pairs; ``measured``: kinds of measure. The pictures of persons are
    of the first network, as ``system``; ``more`` has the folders of the others.
    """
    first = firsts(evaluations)
    main, name, measured = first[0], label(key), _measured(evaluations)
    rank1 = f"{main.system}: rank-1 {percent(main.figures[main.system].get('rank-1'))} %."
    areas = ", ".join(f"{system} {percent(of.get('auc'))} %" for system, of in main.figures.items())
    further = _measures(f"Further measures on {name}", evaluations, further=True)
    roc = (
        f"ROC curves on {name}, split {main.split}: the share of pairs of one person within a "
        f"threshold over that of pairs of two; area: {areas}."
    )
    ranked = (
        f"Queries of {name}, each with its highest ranked gallery images and its true match. "
        f"{rank1}"
    )
    maps = (
        f"Pairs of images of {name} with the places on which the pair head's probability "
        f"rests. {rank1}"
    )
    return {
        "name": name,
        "key": key,
        "system": main.system,
        "measured": measured,
        "measures": _measures(f"Measured on {name}", evaluations, further=False),
        "further": further if measured & {*FURTHER} else None,
        "roc": view.picture(main.picture("roc"), roc),
        "curves": _curves(name, evaluations),
        "heads": head_agreement(name, evaluations),
        "comparisons": comparisons(key, compared),
        "ranked": view.picture(main.picture("ranked"), ranked, photo=True),
        "occlusion": view.picture(main.picture("occlusion_maps"), maps, photo=True)
        if main.has_pair_head
        else None,
        "more": [str(e.folder / "pictures") for e in first[1:]],
        "calibration": calibration(name, first),
        "provenance": provenance(
            "evaluation",
            {f"{e.variant}, split {e.split}": e.facts.model_dump() for e in evaluations},
        ),
    }


def _measured(evaluations: Sequence[Evaluation]) -> set[str]:
    names = {name for e in evaluations for of in e.figures.values() for name in of}
    kinds = {name.split("-")[0] for name in names}
    several = len({e.split for e in evaluations}) > 1
    return kinds | ({"splits"} if several else set())


def _measures(caption: str, evaluations: Sequence[Evaluation], further: bool) -> view.Table:
    """Return measures of every system: count of splits, mean, spread and interval.

    Of the kinds in ``FURTHER`` or of the others.
    """
    of = {system: one for (_, system), one in figures(evaluations).items()}
    every = measures(measure for one in of.values() for measure in one)
    names = [m for m in every if (m.split("-")[0] in FURTHER) == further]
    means = [[np.mean(one[m]).item() if m in one else None for m in names] for one in of.values()]
    marks = view.best(means, [m in LOWER_IS_BETTER for m in names])
    rows = []
    for (system, one), bold in zip(of.items(), marks, strict=True):
        n = view.Cell(str(splits(one)))
        cells = [view.cell(mean(one.get(m, [])), b) for m, b in zip(names, bold, strict=True)]
        rows.append(view.system_row(system, [n, *cells]))
        if splits(one) > 1:
            rows.append(
                view.Row("95 %", [n, *(view.cell(span(one.get(m, [])), word="to") for m in names)])
            )
    head = ["system", "splits", *map(heading, names)]
    return view.Table(f"{caption}, in per cent", head, [("", rows)])


def _curves(name: str, evaluations: Sequence[Evaluation]) -> view.Picture:
    """Return the CMC curves of all systems, each the mean over its splits, and their values."""
    curves = mean_curves(evaluations)
    first = ", ".join(f"{system} {percent(float(c[0]))} %" for system, c in curves.items())
    values = view.table(
        f"CMC on {name}, in per cent of the queries",
        ["rank", *curves],
        list(map(list, curve_rows(curves))),
    )
    return view.drawn(
        lambda file: draw_cmc(curves, file, evaluations[0].chance, f"{name}, test persons"),
        f"CMC curves on {name}. Rank-1: {first}.",
        values=values,
    )
