"""Queries, a gallery and how its images are drawn: what all pictures of persons share."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.metrics.cmc import Probes
from mtdnet.plots.style import GREEN, RED

SMALL = 9  # points
TICK, CROSS = "\N{CHECK MARK}", "\N{BALLOT X}"

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class QueryGallery:
    """Q queries of a gallery of G images.

    ``pixels``: (N, H, W, 3) RGB, ``person`` and ``camera``: (N,), of all images, camera "" for an
    unknown one; ``query`` (Q,) and ``gallery`` (G,): rows of them.
    """

    pixels: NDArray[np.uint8]
    person: NDArray[np.str_]
    camera: NDArray[np.str_]
    query: NDArray[np.int64]
    gallery: NDArray[np.int64]

    def names(self) -> Probes:
        """Return the persons and cameras of queries and gallery."""
        q, g = self.query, self.gallery
        return Probes(self.person[q], self.person[g], self.camera[q], self.camera[g])

    def name(self, q: int) -> str:
        """Return the person of a query."""
        return f"person {self.person[self.query[q]]}"

    def same(self, q: int) -> Flags:
        """Tell which gallery images (G,) show the query's person."""
        same: Flags = self.person[self.gallery] == self.person[self.query[q]]
        return same

    def true(self, q: int) -> Flags:
        """Tell which of them another or an unknown camera took."""
        own = str(self.camera[self.query[q]])
        return self.same(q) if own == "" else self.same(q) & (self.camera[self.gallery] != own)

    def order(self, q: int, score: NDArray[np.floating]) -> NDArray[np.intp]:
        """Return places in the gallery, best ``score`` (G,) first, a wrong image first in a tie.

        The query's person in its own camera is passed over.
        """
        true = self.true(q)
        best = np.lexsort((true, -score))
        return best[(true | ~self.same(q))[best]]


def matched(ranks: NDArray[np.int64], title: str) -> NDArray[np.intp]:
    """Return the queries that have a rank, of (Q,) with 0 for none; InputError when none has."""
    found = np.flatnonzero(ranks > 0)
    if not len(found):
        raise InputError(f"{title}: none of {len(ranks)} queries has a true match to draw")
    return found


def marked(text: str, true: bool) -> str:
    """Return a text with a tick or a cross."""
    return f"{text} {TICK if true else CROSS}"


def aspect(image: NDArray[np.generic]) -> float:
    """Return what draws an image or a map (H, W, ...) of an upright person half as wide as tall."""
    return float(2 * image.shape[1] / image.shape[0])


def person(
    axes: Axes, pixels: NDArray[np.uint8], above: str, below: str = "", true: bool | None = None
) -> None:
    """Draw an upright person; a true match in a solid frame, a wrong one in a dashed frame."""
    axes.set_axis_on()
    axes.imshow(pixels, aspect=aspect(pixels))
    axes.set(xticks=[], yticks=[])
    mark = "black" if true is None else GREEN if true else RED
    axes.set_title(above, fontsize=SMALL, pad=4, color=mark)
    axes.set_xlabel(below, fontsize=SMALL, labelpad=3)
    for side in axes.spines.values():
        side.set_visible(true is not None)
        side.set(color=GREEN if true else RED, linewidth=3, capstyle="butt")
        side.set_linestyle("-" if true else (0, (3, 1.5)))


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Return new axes; all in inches, from the figure's upper left corner."""
    full, tall = figure.get_size_inches()
    axes: Axes = figure.add_axes(
        (left / full, 1 - (top + height) / tall, width / full, height / tall)
    )
    return axes


def text_at(figure: Figure, left: float, top: float, text: str, size: float = SMALL) -> None:
    """Write a text, its upper left corner in inches from the figure's."""
    full, tall = figure.get_size_inches()
    figure.text(left / full, 1 - top / tall, text, fontsize=size, verticalalignment="top")
