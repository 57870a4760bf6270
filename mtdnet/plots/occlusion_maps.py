"""What the pair head looks at, in a few pairs of images."""

from collections.abc import Iterator
from itertools import chain, islice, zip_longest
from pathlib import Path

import numpy as np
import torch
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from numpy.typing import NDArray

from mtdnet.plots import query_gallery
from mtdnet.plots.query_gallery import QueryGallery
from mtdnet.plots.sheet import EDGE, SMALL, Sheet
from mtdnet.plots.style import BLUE, RED, save
from mtdnet.scoring.occlusion import occlusion
from mtdnet.scoring.scorer import Scorer

LEAST = 0.01  # a colour bar ends here at least: bfloat16 rounds, which is no finding
COLUMNS = 2  # pairs side by side
WIDE, STEP = 1.1, 1.18  # inches
PAIR, ROW, HEAD = 5.9, 3.0, 1.0
HEAT = LinearSegmentedColormap.from_list(
    "heat", [(0, f"{BLUE}F0"), (0.5, f"{BLUE}00"), (0.5, f"{RED}00"), (1, f"{RED}F0")]
)


def draw_occlusion_maps(
    probes: QueryGallery,
    *,
    scorer: Scorer,
    score: NDArray[np.floating],
    ranks: NDArray[np.int64],
    target: Path,
    pairs: int = 4,
    title: str = "",
) -> None:
    """Draw a PNG file of pairs of images with ``mtdnet.scoring.occlusion`` over them.

    ``score``: (Q, G), P(same); ``ranks``: (Q,) of its best true matches, 0 for none. In turn come
    the surest right first match, a typical one, the surest wrong one, and the true match of the
    worst rank, as far as there are such; then the next of each. A pair has a scale of colours of
    its own.

    Raises InputError when no query has a true match.
    """
    query_gallery.matched(ranks, title)
    chosen = list(islice(_pairs(probes, score, ranks), pairs))
    rows = -(-len(chosen) // COLUMNS)
    sheet = Sheet(min(len(chosen), COLUMNS) * PAIR, HEAD + rows * ROW, title)
    told = "where a grey patch lowers P(same): red; where it raises P(same): blue"
    sheet.text(EDGE, 0.34, told)
    for number, (kind, q, g) in enumerate(chosen):
        down, right = divmod(number, COLUMNS)
        below = f"P(same) {score[q, g]:.3f}"
        below += f"; the true match has rank {ranks[q]}"
        _pair(sheet, HEAD + down * ROW, right * PAIR, probes, (q, g), (kind, below), scorer)
    save(sheet.figure, target)


def _pairs(
    probes: QueryGallery, score: NDArray[np.floating], ranks: NDArray[np.int64]
) -> Iterator[tuple[str, int, int]]:
    """Yield what a pair stands for, its query and its place in the gallery; none of them twice."""
    first = {q: int(probes.order(q, score[q])[0]) for q in np.flatnonzero(ranks > 0).tolist()}
    sure = sorted(first, key=lambda q: -score[q, first[q]])
    right, wrong = ([q for q in sure if (ranks[q] == 1) == kind] for kind in (True, False))
    half = len(right) // 2
    middle = [right[i] for i in sorted(range(len(right)), key=lambda i: abs(i - half))]
    missed = {
        q: int(np.argmax(np.where(probes.true(q), score[q], -np.inf)))
        for q in sorted(wrong, key=lambda q: -ranks[q])
    }
    kinds = (
        [("surest, right", q, first[q]) for q in right],
        [("typical, right", q, first[q]) for q in middle],
        [("surest, wrong", q, first[q]) for q in wrong],
        [("missed", q, g) for q, g in missed.items()],
    )
    seen = set()
    for kind, q, g in filter(None, chain.from_iterable(zip_longest(*kinds))):
        if (q, g) not in seen:
            seen.add((q, g))
            yield kind, q, g


def _pair(
    sheet: Sheet,
    top: float,
    left: float,
    probes: QueryGallery,
    place: tuple[int, int],
    labels: tuple[str, str],
    scorer: Scorer,
) -> None:
    """Draw both images of a pair, plain outside, under their maps inside, and the scale."""
    q, g = place
    rows = int(probes.query[q]), int(probes.gallery[g])
    first, second = torch.from_numpy(probes.pixels[[*rows]])
    maps = occlusion(scorer, first, second)
    end = max(LEAST, *(float(np.abs(each).max()) for each in maps))
    scale = Normalize(-end, end)
    true = bool(probes.true(q)[g])
    names = f"query\n{probes.name(q)}", f"{labels[0]}\nperson {probes.person[rows[1]]}"
    columns = ((0, 0, False), (1, 0, True), (2, 1, True), (3, 1, False))
    for column, image, covered in columns:
        corner = left + EDGE + column * STEP, top, WIDE
        outer = column in (0, 3)
        frame = None if image == 0 or covered else true
        above = query_gallery.marked(names[1], true) if column == 3 else names[0] if outer else ""
        pixels = probes.pixels[rows[image]]
        sheet.person(*corner, _pale(pixels) if covered else pixels, above, "", frame)
        if covered:
            sheet.image(*corner, maps[image], cmap=HEAT, norm=scale)
    sheet.text(left + EDGE, top + 2 * WIDE + 0.06, labels[1])
    bar = sheet.axes(left + EDGE + 4 * STEP, top + 0.1, 0.1, 2 * WIDE - 0.2)
    sheet.figure.colorbar(ScalarMappable(scale, HEAT), cax=bar)
    bar.tick_params(labelsize=SMALL, length=2, pad=1)
    bar.set_ylabel("drop of P(same)", fontsize=SMALL, labelpad=3)


def _pale(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image (H, W, 3) in light greys, which leave the colours to the map over it."""
    grey = (90 + pixels.mean(2) * (165 / 255)).astype(np.uint8)
    return np.stack([grey] * 3, axis=2)
