"""Queries with the gallery images that a system ranks highest."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.pictures.paper import GREEN, RED, save

SHOWN = 10
TICK, CROSS = "\N{CHECK MARK}", "\N{BALLOT X}"


def ranked_lists(
    *,
    pixels: NDArray[np.uint8],
    person: NDArray[np.str_],
    camera: NDArray[np.str_],
    query: NDArray[np.int64],
    gallery: NDArray[np.int64],
    score: NDArray[np.floating],
    ranks: NDArray[np.int64],
    target: Path,
    queries: int = 6,
    title: str = "",
) -> None:
    """Draw a PNG file: a row a query, its ten best gallery images, and its true match.

    ``pixels``: (N, H, W, 3) RGB, ``person`` and ``camera``: (N,), of all images; ``query`` (Q,)
    and ``gallery`` (G,): rows of them; ``score``: (Q, G), higher is more alike; ``ranks``: (Q,)
    from ``mtdnet.evaluation.cmc.ranks``, 0 for no true match. A third of the ``queries`` are the
    best, a third typical (middle ranks), a third the worst; among equal ranks the score of the
    true match decides. True matches have a solid frame and a tick, wrong ones a dashed frame and
    a cross; the score stands below. The query's person in its own camera is passed over.

    Raises InputError when no query has a true match.
    """

    def true(q: int) -> NDArray[np.bool_]:
        """Tell which gallery images show the query's person from another or unknown camera."""
        own = str(camera[query[q]])
        same: NDArray[np.bool_] = person[gallery] == person[query[q]]
        return same if own == "" else same & (camera[gallery] != own)

    matched = np.flatnonzero(ranks > 0)
    if not len(matched):
        raise InputError(f"{title}: none of {len(ranks)} queries has a true match to draw")
    order = sorted(matched.tolist(), key=lambda q: (ranks[q], -score[q][true(q)].max()))
    picked = _pick(len(order), queries)

    columns = min(SHOWN, len(gallery)) + 2
    width, height = 0.74 * columns, 1.85 * len(picked) + 0.3  # inches
    figure = Figure(figsize=(width, height))
    figure.suptitle(title, fontsize=10, y=1 - 0.08 / height, verticalalignment="top")
    room = {"left": 0.04 / width, "right": 1 - 0.04 / width, "wspace": 0.12, "hspace": 0.38}
    room |= {"top": 1 - 0.65 / height, "bottom": 0.2 / height}
    grid = figure.subplots(len(picked), columns, squeeze=False, gridspec_kw=room)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (place, kind) in zip(grid, picked, strict=True):
        q = order[place]
        right, row = true(q), score[q]
        best = np.lexsort((right, -row))  # a wrong image comes first in a tie
        best = best[right[best] | (person[gallery[best]] != person[query[q]])]
        _image(axes[0], pixels[query[q]], f"{kind}\nperson {person[query[q]]}")
        for rank, g in enumerate(best[: columns - 2], 1):
            mark = f"{rank} {TICK if right[g] else CROSS}"
            _image(axes[rank], pixels[gallery[g]], mark, f"{row[g]:.3f}", bool(right[g]))
        match = best[np.argmax(right[best])]
        label = f"true match\nrank {ranks[q]}"
        _image(axes[-1], pixels[gallery[match]], label, f"{row[match]:.3f}", True)
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


def _image(
    axes: Axes, pixels: NDArray[np.uint8], above: str, below: str = "", true: bool | None = None
) -> None:
    axes.set_axis_on()
    axes.imshow(pixels, aspect=2)  # the network's square stands for an upright person
    axes.set(xticks=[], yticks=[])
    axes.set_title(above, fontsize=7, pad=3)
    axes.set_xlabel(below, fontsize=7, labelpad=3)
    for side in axes.spines.values():
        side.set_visible(true is not None)
        side.set(color=GREEN if true else RED, linewidth=2.5, capstyle="butt")
        side.set_linestyle("-" if true else (0, (3, 1.5)))
