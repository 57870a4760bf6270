"""Open set: whether the person is in the gallery at all, and who it is."""

from collections.abc import Sequence

import numpy as np

from mtdnet.errors import InputError
from mtdnet.evaluation.cmc import Costs, Names, blocks


def detection_rates(
    cost: Costs,
    query_person: Names,
    gallery_person: Names,
    query_camera: Names | None,
    gallery_camera: Names | None,
    false_alarms: Sequence[float],
) -> dict[float, float]:
    """Return the detection and identification rate, in [0, 1], at each false-alarm rate.

    Every query with a true match asks twice: against the whole gallery, and as somebody unknown
    against the gallery without its person. An answer is an alarm when its cost is within a
    threshold. The threshold for rate f is the largest at which no more than a share f of the
    unknown raise an alarm; the rate found is the share of the known whose first image is a true
    match within it. Ties count against the query, costs equal to the threshold's next as alarms.

    Raises InputError for a rate outside (0, 1) or when no query has a true match; other arguments
    and errors are those of ``ranks``.
    """
    for rate in false_alarms:
        if not 0 < rate < 1:
            raise InputError(f"a false-alarm rate must be in (0, 1), found {rate}")
    known, unknown = [], []
    for _, costs, true, wrong in blocks(
        cost, query_person, gallery_person, query_camera, gallery_camera
    ):
        asked = true.any(1)
        known.append(np.where(true, costs, np.inf).min(1, initial=np.inf)[asked])
        unknown.append(np.where(wrong, costs, np.inf).min(1, initial=np.inf)[asked])
    match, other = np.concatenate(known), np.concatenate(unknown)
    if not len(match):
        raise InputError(f"none of {len(cost)} queries has a true match in the gallery")
    alarms = np.sort(other)
    first_too_many = [int(np.floor(rate * len(alarms))) for rate in false_alarms]
    return {
        rate: float(np.mean((match < other) & (match < alarms[count])))
        for rate, count in zip(false_alarms, first_too_many, strict=True)
    }
