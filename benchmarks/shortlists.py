"""How long a shortlist must be to hold what scoring every pair finds."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Ratio
from mtdnet.inference.search import FINALISTS, PART

TOP = 10
SHORTLISTS = (100, 200, 500, 1000, 2000, 5000)
SHARE = 0.99  # of the queries, that are to have every pair's top ten


def needed(best: NDArray[np.int64], order: NDArray[np.int64]) -> int:
    """Return how many of the first rows of an ``order`` (G,) hold the rows (T,) of the ``best``."""
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return int(place[best].max()) + 1


def lengths(near: Sequence[int], once: Sequence[int]) -> list[int]:
    """Return what shortlist each query needs, for its best to be among the finalists.

    ``near``, ``once``: what its best need (``needed``) of the order by ranking features, and of
    that by one pass of the pair head.
    """
    return [max(a, PART * b if b > FINALISTS else 0) for a, b in zip(near, once, strict=True)]


def enough(needs: Sequence[int]) -> int:
    """Return the shortlist that is long enough for all but a hundredth of the queries."""
    return sorted(needs)[ceil(SHARE * len(needs)) - 1]


def agreement(needs: Sequence[int], shortlist: int, gallery: int) -> Ratio:
    """Return for what share of queries in a gallery a shortlist gives every pair's top ten."""
    counts = {size: sum(need <= size for need in needs) for size in (*SHORTLISTS, shortlist)}
    return Ratio(
        f"queries with the same top {TOP} of {gallery:,} at a shortlist of {shortlist}",
        "every pair scored",
        "queries",
        counts[shortlist],
        len(needs),
        reach=SHARE,
        notes={f"at {size}": f"{counts[size]} of {len(needs)}" for size in SHORTLISTS}
        | {f"shortlist that {SHARE:.0%} need": enough(needs)},
    )
