"""How long a shortlist must be to hold what scoring every pair finds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Ratio

TOP = 10
SHORTLISTS = (100, 200, 500, 1000, 2000, 5000)
SHARE = 0.99  # of the queries, that are to have every pair's top ten


def needed(best: NDArray[np.int64], order: NDArray[np.int64]) -> int:
    """Return how many of the first rows of an ``order`` (G,) hold the rows (T,) of the ``best``."""
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return int(place[best].max()) + 1


def agreement(
    near: Sequence[int], once: Sequence[int], shortlist: int, finalists: int, gallery: int
) -> Ratio:
    """Return for what share of queries shortlist and finalists give every pair's top ten.

    ``near``, ``once``: what each query's top ten need (``needed``) of the order by ranking
    features, and of that by one pass of the pair head.
    """
    end = max(0, int(np.ceil(SHARE * len(near))) - 1)
    ended = [need <= finalists for need in once]
    counts = {
        size: sum(need <= size and whole for need, whole in zip(near, ended, strict=True))
        for size in (*SHORTLISTS, shortlist)
    }
    return Ratio(
        f"queries with the same top {TOP} of {gallery:,} at a shortlist of {shortlist} and "
        f"{finalists} finalists",
        "every pair scored",
        "queries",
        counts[shortlist],
        len(near),
        reach=SHARE,
        notes={f"at {size}": f"{counts[size]} of {len(near)}" for size in SHORTLISTS}
        | {
            f"shortlist that {SHARE:.0%} need": sorted(near)[end],
            f"finalists that {SHARE:.0%} need": sorted(once)[end],
        },
    )
