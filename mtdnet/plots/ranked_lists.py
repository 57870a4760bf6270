"""Queries with the gallery images that a system ranks highest."""

from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mtdnet.plots import query_gallery
from mtdnet.plots.query_gallery import QueryGallery
from mtdnet.plots.style import save

IMAGES = 8
WIDE, TALL = 1.16, 2.8  # inches a person, labels included


def draw_ranked_lists(
    probes: QueryGallery,
    *,
    score: NDArray[np.floating],
    ranks: NDArray[np.int64],
    target: Path,
    queries: int = 6,
    title: str = "",
    label: Literal["probability", "distance"] = "probability",
) -> None:
    """Draw a PNG file: a row a query, its eight best gallery images, and its true match.

    ``score``: (Q, G), higher is more alike: a "probability", or minus a "distance", as ``label``
    says; ``ranks``: (Q,) from ``mtdnet.metrics.cmc.ranks``, 0 for no true match. A third of the
    ``queries`` are the best, a third typical (middle ranks), a third the worst; among equal ranks
    the score of the true match decides. True matches have a solid frame and a tick, wrong ones a
    dashed frame and a cross; the probability or distance stands below. The query's person in its
    own camera is passed over.

    Raises InputError when no query has a true match.
    """
    matched = query_gallery.matched(ranks, title)
    order = sorted(matched.tolist(), key=lambda q: (ranks[q], -score[q][probes.true(q)].max()))
    picked = _pick(len(order), queries)

    columns = min(IMAGES, len(probes.gallery)) + 2
    width, height = WIDE * columns, TALL * len(picked) + 0.3
    figure = Figure(figsize=(width, height))
    figure.suptitle(title, fontsize=12, y=1 - 0.08 / height, verticalalignment="top")
    room = {"left": 0.04 / width, "right": 1 - 0.04 / width, "wspace": 0.12, "hspace": 0.3}
    room |= {"top": 1 - 0.75 / height, "bottom": 0.28 / height}
    grid = figure.subplots(len(picked), columns, squeeze=False, gridspec_kw=room)
    for axes in grid.flat:
        axes.set_axis_off()
    pixels, gallery = probes.pixels, probes.gallery
    for axes, (place, kind) in zip(grid, picked, strict=True):
        q = order[place]
        right, number = probes.true(q), np.abs(score[q])
        best = probes.order(q, score[q])
        query_gallery.person(
            axes[0], probes.pixels[probes.query[q]], f"{kind}\n{probes.name(q)}", f"{label}:"
        )
        for rank, g in enumerate(best[: columns - 2], 1):
            mark, true = query_gallery.marked(str(rank), right[g]), bool(right[g])
            query_gallery.person(axes[rank], pixels[gallery[g]], mark, f"{number[g]:.3f}", true)
        match = best[np.argmax(right[best])]
        above = f"true match\nrank {ranks[q]}"
        query_gallery.person(axes[-1], pixels[gallery[match]], above, f"{number[match]:.3f}", True)
    save(figure, target)


def _pick(count: int, queries: int) -> list[tuple[int, str]]:
    """Return places in an order of ``count`` from best to worst, and what each stands for."""
    if count <= queries:
        third = count / 3
        return [(i, ("best", "typical", "worst")[int(i // third)]) for i in range(count)]
    ends = max(1, queries // 3)
    middle = max(0, queries - 2 * ends)
    start = (count - middle) // 2
    places = [(i, "best") for i in range(min(ends, queries))]
    places += [(start + i, "typical") for i in range(middle)]
    return places + [(count - ends + i, "worst") for i in range(queries - len(places))]
