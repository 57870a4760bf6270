"""Where the two heads of a network disagree: figure 1 of the paper, with real queries."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtdnet.artifacts import Case
from mtdnet.metrics.cmc import ranks
from mtdnet.plots import query_gallery
from mtdnet.plots.query_gallery import QueryGallery
from mtdnet.plots.sheet import EDGE, Sheet
from mtdnet.plots.style import save

IMAGES = 3  # first ones of either head
WIDE, STEP, GAP = 1.1, 1.22, 0.4  # inches
LINE, ROW = 0.36, 3.0


def draw_head_agreement(
    probes: QueryGallery,
    *,
    pair_cost: NDArray[np.floating],
    ranking_cost: NDArray[np.floating],
    target: Path,
    rows: int = 2,
    title: str = "",
) -> dict[Case, int]:
    """Count the queries that each head answers rightly; draw those of one head alone as a PNG.

    Costs: (Q, G), lower is more alike: minus the probability of the pair head, the distance of the
    ranking head. A head is right when the query's rank (``mtdnet.metrics.cmc.ranks``) is 1. Returns
    how many of the queries with a true match "both", "pair head alone", "ranking head alone" and
    "neither" answer rightly. Of either kind in the middle, the ``rows`` queries with the largest
    gap between the ranks are drawn, each with both heads' first three images and its true match.

    Raises InputError when no query has a true match.
    """
    by_pair, by_ranking = (ranks(cost, probes.names()) for cost in (pair_cost, ranking_cost))
    query_gallery.matched(by_pair, title)
    matched, pair, ranking = by_pair > 0, by_pair == 1, by_ranking == 1
    kinds: dict[Case, NDArray[np.bool_]] = {
        "both": matched & pair & ranking,
        "pair head alone": matched & pair & ~ranking,
        "ranking head alone": matched & ranking & ~pair,
        "neither": matched & ~pair & ~ranking,
    }
    counts = {kind: int(right.sum()) for kind, right in kinds.items()}
    gap = np.abs(by_pair - by_ranking)
    alone: tuple[Case, Case] = "pair head alone", "ranking head alone"
    cases = {
        kind: sorted(np.flatnonzero(kinds[kind]).tolist(), key=lambda q: -gap[q])[:rows]
        for kind in alone
    }
    heads = {"ranking head, distance": ranking_cost, "pair head, probability": pair_cost}
    width = 2 * (1 + IMAGES) * STEP + 3 * GAP + EDGE
    height = LINE + sum(2 * LINE + ROW * len(drawn) for drawn in cases.values())
    sheet = Sheet(width, height, title)
    top = LINE
    for kind, queries in cases.items():
        line = f"{kind} right: {counts[kind]} of {matched.sum()} queries"
        sheet.text(EDGE, top, line if queries else f"{kind} right: no such query", size=11)
        top += 2 * LINE
        for q in queries:
            _row(sheet, top, probes, q, heads, (by_ranking[q], by_pair[q]))
            top += ROW
    save(sheet.figure, target)
    return counts


def _row(
    sheet: Sheet,
    top: float,
    probes: QueryGallery,
    q: int,
    heads: dict[str, NDArray[np.floating]],
    places: tuple[int, int],
) -> None:
    """Draw a query, the first images of each head, and the true match with both ranks."""
    true = probes.true(q)

    def draw(left: float, row: int, above: str, below: str, true: bool | None) -> None:
        sheet.person(left, top, WIDE, probes.pixels[row], above, below, true)

    left, wrong = EDGE + STEP + GAP, np.argmax(places)
    draw(EDGE, probes.query[q], f"query\n{probes.name(q)}", "", None)
    for number, (head, cost) in enumerate(heads.items()):
        order = probes.order(q, -cost[q])
        sheet.text(left, top - 0.38, head)
        for rank, g in enumerate(order[:IMAGES], 1):
            mark, right = query_gallery.marked(str(rank), true[g]), bool(true[g])
            draw(left, probes.gallery[g], mark, f"{abs(cost[q, g]):.3f}", right)
            left += STEP
        left += GAP
        if number == wrong:
            match = probes.gallery[order[np.argmax(true[order])]]
    draw(left, match, "true match", "ranking: rank {}\npair: rank {}".format(*places), True)
