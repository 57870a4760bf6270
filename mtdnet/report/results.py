"""The results: our figures beside those of Table 1 of Chen et al. 2017."""

from collections.abc import Mapping, Sequence

from mtdnet.metrics.interval import interval
from mtdnet.report.aggregate import Figures, figures, mean, several_shots, single_shot, splits
from mtdnet.report.labels import BENCHMARKS, RANKS, SYSTEMS, label, ordered, percent
from mtdnet.report.load import Evaluation
from mtdnet.report.published import TableRow, published, unlike
from mtdnet.report.view import Cell, Row, Table, View, best, cell, system_row

SHOTS = "; on {} the expectation over random single-shot galleries"
SEVERAL = "; of several identity splits their mean (± standard deviation)"


def results(evaluations: Sequence[Evaluation], expected: Mapping[str, Sequence[str]]) -> View:
    """Return the tables; ``expected``: benchmark -> systems that were to be measured.

    Of the ``paper``'s benchmarks and of ``own`` ones; the paper's other rows; what is unlike it.
    """
    ours, other = figures(evaluations), unlike(evaluations)
    chance = {e.benchmark: e.chance for e in evaluations}
    several = max(map(splits, ours.values())) > 1
    shots = several_shots(evaluations)
    how = f"single shot{SEVERAL if several else ''}{SHOTS.format(shots) if shots else ''}"
    columns = [b for b in expected if b in BENCHMARKS]
    own = [b for b in expected if b not in BENCHMARKS]

    def measured(of: Sequence[str]) -> list[Row]:
        systems = ordered(system for b in of for system in expected[b])
        return _ours(systems, of, ours, chance, other)

    paper = None
    if columns:
        rows = _published([row for row in published() if row.system in SYSTEMS], columns)
        groups = [("measured here", measured(columns)), ("published by Chen et al. 2017", rows)]
        paper = _table(f"Rank-1, rank-5 and rank-10 in per cent, {how}.", columns, groups)
    caption = f"Own benchmarks: rank-k in per cent, {how}."
    others = [row for row in published() if row.system not in SYSTEMS]
    return {
        "paper": paper,
        "own": _table(caption, own, [("", measured(own))]) if own else None,
        "others": _table(
            "Rank-1, rank-5 and rank-10 in per cent of the other methods in Table 1 of Chen et al. "
            "2017. Its text speaks of 18 other methods, the printed table holds these 17. "
            "Cl: classification loss; Rnk: ranking loss.",
            list(BENCHMARKS),
            [("", _published(others, [*BENCHMARKS]))],
        ),
        "unlike": "; ".join(f"{label(b)}: {how}" for b, how in other.items() if b in columns),
    }


def _table(
    caption: str, benchmarks: Sequence[str], groups: Sequence[tuple[str, Sequence[Row]]]
) -> Table:
    spans = [(label(b), len(RANKS)) for b in benchmarks]
    return Table(
        caption, ["system", *(f"r = {k}" for _ in benchmarks for k in RANKS)], groups, spans
    )


def _ours(
    systems: Sequence[str],
    benchmarks: Sequence[str],
    ours: Figures,
    chance: Mapping[str, int],
    other: Mapping[str, str],
) -> list[Row]:
    """Return a row a system, and that of a random order."""
    columns = [(b, k) for b in benchmarks for k in RANKS]
    values = [[single_shot(ours.get((b, s), {}), k) for b, k in columns] for s in systems]
    marks = best([[interval(one).mean if one else None for one in row] for row in values])
    stars = ["*" if b in other and b in BENCHMARKS else "" for b, _ in columns]
    rows = []
    for system, row, bold in zip(systems, values, marks, strict=True):
        own = zip(row, bold, stars, strict=True)
        cells = [cell(mean(one), mark, star if one else "") for one, mark, star in own]
        rows.append(system_row(system, cells))
    random = [percent(min(1, k / chance[b])) if b in chance else "-" for b, k in columns]
    return [*rows, Row("chance", [Cell(text) for text in random])]


def _published(rows: Sequence[TableRow], benchmarks: Sequence[str]) -> list[Row]:
    values = [[row.figures.get((b, k)) for b in benchmarks for k in RANKS] for row in rows]
    marks = best([[value and value / 100 for value in row] for row in values])
    made = []
    for row, own, bold in zip(rows, values, marks, strict=True):
        texts = ["-" if value is None else f"{value:.2f}" for value in own]
        cells = [Cell(text, mark) for text, mark in zip(texts, bold, strict=True)]
        if row.system in SYSTEMS:
            made.append(system_row(row.system, cells))
        else:
            made.append(Row(row.system, cells, ", ".join(filter(None, (row.source, row.type)))))
    return made
