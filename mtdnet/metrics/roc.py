"""Verification: whether two images show one person, by a threshold on their cost."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.metrics.cmc import Costs

Flags = NDArray[np.bool_]
FALSE = np.geomspace(1e-4, 1, 81)  # false acceptance rates of a curve


def roc(
    cost: Costs, same: Flags, at: Sequence[float] | NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Return the area under the ROC curve, and true acceptance rates (len(at),), of N pairs.

    ``at``: false acceptance rates in (0, 1]. Rate f accepts at most m = floor(f D) of the D pairs
    of different persons: the threshold lies just below their m + 1st smallest cost, so ties count
    against. The area is the chance that a pair of one person costs less than one of two, ties half
    (Mann and Whitney). Beside its arguments it takes memory for the D costs. Raises InputError
    without pairs of both kinds.
    """
    true, wrong = cost[same], cost[~same]
    if not len(true) or not len(wrong):
        raise InputError(f"{len(true)} pairs of one person and {len(wrong)} of two: ROC needs both")
    wrong.sort()
    cheaper, as_cheap = (np.searchsorted(wrong, true, side).mean() for side in ("left", "right"))
    allowed = np.floor(np.asarray(at) * len(wrong) + 1e-9).astype(int)  # 0.29 * 100 is below 29
    threshold = np.append(wrong, np.inf)[np.minimum(allowed, len(wrong))]
    true.sort()
    rates = np.searchsorted(true, threshold, "left") / len(true)
    return float(1 - (cheaper + as_cheap) / (2 * len(wrong))), rates
