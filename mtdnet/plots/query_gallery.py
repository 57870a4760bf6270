"""Queries and a gallery: what all pictures of persons share."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.metrics.cmc import Probes

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
