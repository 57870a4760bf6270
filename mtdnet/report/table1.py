"""Table 1 of Chen et al. 2017 with our rows below."""

from collections.abc import Sequence
from html import escape

from mtdnet.metrics.interval import interval
from mtdnet.report.aggregate import Measures, figures, several_shots, single_shot, splits
from mtdnet.report.html import cells, note, scroll
from mtdnet.report.labels import BENCHMARKS, RANKS, SYSTEMS, label, ordered, percent
from mtdnet.report.load import Evaluation
from mtdnet.report.published import Published, published, unlike

CAPTION = (
    "Rank-1, rank-5 and rank-10 in per cent, single shot. Above: as published in Table 1 of Chen, "
    "Chen, Zhang and Huang, A Multi-task Deep Network for Person Re-identification, AAAI 2017; "
    "its text speaks of 18 other methods, the printed table holds these 17. "
    "Cl: classification loss; Rnk: ranking loss. Below: measured here"
)
SHOTS = "; on {} the expectation over random single-shot galleries"
SEVERAL = "; of several identity splits their mean (± standard deviation)"


def table1(evaluations: Sequence[Evaluation]) -> str:
    """Return the table; a benchmark of ours with other persons than published has a ``*``."""
    columns = list(dict.fromkeys([*BENCHMARKS, *(e.benchmark for e in evaluations)]))
    ours = figures(evaluations)
    groups = "".join(
        f'<th scope="colgroup" colspan="{len(RANKS)}">{escape(label(b))}</th>' for b in columns
    )
    ranks = "".join(f'<th scope="col">r = {k}</th>' for _ in columns for k in RANKS)
    other = unlike(evaluations)
    width = 2 + len(columns) * len(RANKS)
    published_rows = "\n".join(_published(row, columns) for row in published())
    types = {row.system: row.type for row in published()}
    our_rows = "\n".join(
        f'<tr><th scope="row">{escape(system)}</th>'
        + cells([types.get(system, "-")])
        + "".join(_ours(ours.get((b, system), {}), k, b in other) for b in columns for k in RANKS)
        + "</tr>"
        for system in ordered([*SYSTEMS, *(system for _, system in ours)])
    )
    several = max(map(splits, ours.values())) > 1
    shots = several_shots(ours)
    caption = f"{CAPTION}{SEVERAL if several else ''}{SHOTS.format(shots) if shots else ''}."
    notes = "; ".join(f"{label(b)}: {told}" for b, told in other.items())
    return scroll(
        "Table 1 and our figures",
        f"<table><caption><span>{escape(caption)}</span></caption>\n"
        f'<thead><tr><th scope="col" rowspan="2">system</th><th scope="col" rowspan="2">type</th>'
        f"{groups}</tr>\n<tr>{ranks}</tr></thead>\n"
        f'<tbody><tr><th scope="rowgroup" colspan="{width}">published</th></tr>\n'
        f"{published_rows}</tbody>\n"
        f'<tbody class="ours"><tr><th scope="rowgroup" colspan="{width}">measured here</th></tr>\n'
        f"{our_rows}</tbody></table>",
    ) + (note(f"* Not comparable with the published rows. {notes}.") if other else "")


def _published(row: Published, columns: Sequence[str]) -> str:
    found = [row.figures.get((b, k)) for b in columns for k in RANKS]
    return (
        f'<tr><th scope="row">{escape(row.system)} '
        f'<span class="source">({escape(row.source)})</span></th>'
        + cells([row.type or "-", *("-" if f is None else f"{f:.2f}" for f in found)])
        + "</tr>"
    )


def _ours(measured: Measures, rank: int, other: bool) -> str:
    values = single_shot(measured, rank)
    if not values:
        return "<td>-</td>"
    found, star = interval(values), "*" if other else ""
    sd = "" if found.sd is None else f' <span class="sd">(± {percent(found.sd)})</span>'
    return f"<td>{percent(found.mean)}{star}{sd}</td>"
