"""Queries with the gallery images that a system ranks highest."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mtdnet.plots import query_gallery
from mtdnet.plots.query_gallery import QueryGallery
from mtdnet.plots.sheet import Labels, Sheet
from mtdnet.plots.style import save

IMAGES = 8
WIDE, STEP, ROW = 1.04, 1.16, 2.8  # inches: a person, and from one to the next
FIRST, TOP = 0.06, 0.72


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
    sheet = Sheet(STEP * columns, ROW * len(picked) + 0.3, title)
    for row, (place, kind) in enumerate(picked):
        q, top = order[place], TOP + ROW * row
        first = f"{kind}\n{probes.name(q)}", f"{label}:", None
        persons = [(int(probes.query[q]), first), *_listed(probes, q, score[q], ranks[q])]
        for column, (image, labels) in enumerate(persons):
            sheet.person(FIRST + STEP * column, top, WIDE, probes.pixels[image], *labels)
    save(sheet.figure, target)


def _listed(
    probes: QueryGallery, q: int, score: NDArray[np.floating], rank: int
) -> Iterator[tuple[int, Labels]]:
    """Yield a query's best gallery images, and its true match at ``rank``, with their labels."""
    right, number = probes.true(q), np.abs(score)
    best = probes.order(q, score)
    for place, g in enumerate(best[:IMAGES], 1):
        mark = query_gallery.marked(str(place), right[g])
        yield probes.gallery[g], (mark, f"{number[g]:.3f}", bool(right[g]))
    match = best[np.argmax(right[best])]
    yield probes.gallery[match], (f"true match\nrank {rank}", f"{number[match]:.3f}", True)


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
