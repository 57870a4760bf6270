"""How long a shortlist must be to hold what scoring every pair finds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Ratio

TOP = 10
SHORTLISTS = (50, 100, 200, 500, 1000)


def needed(best: NDArray[np.int64], by_features: NDArray[np.int64]) -> int:
    """Return the length of the least shortlist that holds the rows (T,) of the ``best``.

    ``best`` is what the scores of every pair put first; ``by_features``: all rows (G,), nearest by
    ranking features first.
    """
    place = np.empty(len(by_features), np.int64)
    place[by_features] = np.arange(len(by_features))
    return int(place[best].max()) + 1


def agreement(needs: Sequence[int], shortlist: int, gallery: int) -> Ratio:
    """Return for what share of queries in a gallery a shortlist gives every pair's top ten."""
    counts = {size: sum(need <= size for need in needs) for size in (*SHORTLISTS, shortlist)}
    return Ratio(
        f"queries with the same top {TOP} of {gallery:,} at a shortlist of {shortlist}",
        "every pair scored",
        "queries",
        counts[shortlist],
        len(needs),
        reach=0.99,
        notes={f"at {size}": f"{counts[size]} of {len(needs)}" for size in SHORTLISTS}
        | {"longest that one needs": max(needs)},
    )
