"""Open set: whether the person is in the gallery at all, and who it is."""

from collections.abc import Sequence

import numpy as np

from mtdnet.errors import InputError
from mtdnet.metrics.cmc import Costs, Probes, over


def detection_rates(
    cost: Costs, probes: Probes, false_alarms: Sequence[float]
) -> dict[float, float]:
    """Return the detection and identification rate, in [0, 1], at each false-alarm rate.

    Each of the N queries with a true match asks twice: against the whole gallery, and as somebody
    unknown against the gallery without its person. An answer is an alarm when its cost is within a
    threshold. Rate f allows the unknown m = floor(f N) alarms: the threshold lies just below their
    m + 1st smallest best cost. The rate found is the share of the known whose first image is a
    true match within it. Ties count against the query: of equal costs all are alarms, or none.

    Raises InputError for a rate outside (0, 1) or when no query has a true match; other arguments
    and errors are those of ``ranks``.
    """
    for rate in false_alarms:
        if not 0 < rate < 1:
            raise InputError(f"a false-alarm rate must be in (0, 1), found {rate}")

    def block(true: Costs, wrong: Costs) -> tuple[Costs, Costs]:
        return true[:, 0], wrong.min(1, initial=np.inf)

    blocks = over(block, cost, probes)
    match, other = (np.concatenate(best) for best in zip(*blocks, strict=True))
    has_match = np.isfinite(match)
    if not has_match.any():
        raise InputError(f"none of {len(cost)} queries has a true match in the gallery")
    match, other = match[has_match], other[has_match]
    alarms = np.sort(other)
    shares = np.arange(1, len(alarms) + 1) / len(alarms)  # not f N, which rounds below a whole m
    return {
        rate: float(np.mean(match < np.minimum(other, alarms[(shares <= rate).sum()])))
        for rate in false_alarms
    }
