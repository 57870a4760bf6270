"""The CMC curve to be expected of random single-shot galleries, exactly."""

import numpy as np
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.evaluation.cmc import Costs, Names, blocks


def expected_cmc(
    cost: Costs,
    query_person: Names,
    gallery_person: Names,
    query_camera: Names | None = None,
    gallery_camera: Names | None = None,
    size: int = 50,
) -> NDArray[np.float64]:
    """Return the expected CMC curve, (size,) or as long as there are gallery persons.

    A gallery holds one image of every person, each image of a person as likely as another; others
    draw ten such galleries and take the mean. Given the true match's cost, another person is at
    or before it with probability p = the share of his images that don't cost more, and all
    persons independently: how many are is Poisson-binomial. The mean is over the query's true
    images, then over queries with a true match. Arguments and errors are those of ``ranks`` and
    ``cmc``.
    """
    names, person, images = np.unique(gallery_person, return_inverse=True, return_counts=True)
    order = np.argsort(person, kind="stable")  # images of a person stand together
    starts = np.cumsum(images) - images
    size = min(size, len(names))
    total, matched = np.zeros(size), 0
    for _, costs, true, wrong in blocks(
        cost, query_person, gallery_person, query_camera, gallery_camera
    ):
        matches = true.sum(1)
        matched += int((matches > 0).sum())
        queries, columns = np.nonzero(true)
        for start in range(0, len(queries), len(costs)):  # as many rows as a block: same memory
            row, column = queries[start : start + len(costs)], columns[start : start + len(costs)]
            before = wrong[row] & (costs[row] <= costs[row, column][:, None])
            counts = np.add.reduceat(before[:, order], starts, axis=1, dtype=np.int32)
            total += _first(counts / images, size) @ (1 / matches[row])
    if not matched:
        raise InputError(f"none of {len(cost)} queries has a true match in the gallery")
    return np.minimum(np.cumsum(total) / matched, 1.0)


def _first(chance: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the probability (size, N) that a true image has rank 1, 2, ... up to ``size``.

    ``chance``: (N, persons), of each person to be at or before it.
    """
    found = np.zeros((size, len(chance)))
    found[0] = 1.0
    for p in chance.T:  # one person after the other
        moved = found * p
        found -= moved
        found[1:] += moved[:-1]
    return found
