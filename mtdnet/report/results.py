"""The results: our figures beside those of Table 1 of Chen et al. 2017."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mtdnet.metrics.interval import interval
from mtdnet.report.aggregate import Figures, figures, several_shots, single_shot, splits
from mtdnet.report.labels import BENCHMARKS, RANKS, SYSTEMS, label, ordered, percent
from mtdnet.report.load import Evaluation
from mtdnet.report.published import TableRow, published, unlike
from mtdnet.report.view import Cell, Row, Table, best, system_row

SHOTS = "; on {} the expectation over random single-shot galleries"
SEVERAL = "; of several identity splits their mean (± standard deviation)"


@dataclass(frozen=True)
class Results:
    """Of the paper's benchmarks and of own ones; the paper's other rows; what is not like it."""

    paper: Table | None
    own: Table | None
    others: Table
    unlike: str


def results(evaluations: Sequence[Evaluation], expected: Mapping[str, Sequence[str]]) -> Results:
    """Return the tables; ``expected``: benchmark -> systems that were to be measured."""
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
    return Results(
        paper,
        _table(f"Own benchmarks: rank-k in per cent, {how}.", own, [("", measured(own))])
        if own
        else None,
        _table(
            "Rank-1, rank-5 and rank-10 in per cent of the other methods in Table 1 of Chen et al. "
            "2017. Its text speaks of 18 other methods, the printed table holds these 17. "
            "Cl: classification loss; Rnk: ranking loss.",
            list(BENCHMARKS),
            [("", _published([r for r in published() if r.system not in SYSTEMS], [*BENCHMARKS]))],
        ),
        "; ".join(f"{label(b)}: {how}" for b, how in other.items() if b in columns),
    )


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
    over = [
        [
            interval(values) if (values := single_shot(ours.get((b, system), {}), k)) else None
            for b, k in columns
        ]
        for system in systems
    ]
    marks = best([[None if one is None else one.mean for one in row] for row in over])
    rows = []
    for i, system in enumerate(systems):
        cells = []
        for j, (b, _) in enumerate(columns):
            one, star = over[i][j], "*" if b in other and b in BENCHMARKS else ""
            sd = "" if one is None or one.sd is None else f"± {percent(one.sd)}"
            text = "-" if one is None else f"{percent(one.mean)}{star}"
            cells.append(Cell(text, marks[i][j], sd))
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
