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
    images, then over queries with a true match. Arguments and errors are those of ``ranks``.
    """
    names, person = np.unique(gallery_person, return_inverse=True)
    size = min(size, len(names))
    total, matched = np.zeros(size), 0
    for _, costs, true, wrong in blocks(
        cost, query_person, gallery_person, query_camera, gallery_camera
    ):
        for row, own, others in zip(costs, true, wrong, strict=True):
            if own.any():
                total += _first(row, own, others, person, len(names), size)
                matched += 1
    if not matched:
        raise InputError(f"none of {len(cost)} queries has a true match in the gallery")
    return np.minimum(np.cumsum(total) / matched, 1.0)


def _first(
    row: Costs,
    own: NDArray[np.bool_],
    others: NDArray[np.bool_],
    person: NDArray[np.intp],
    persons: int,
    size: int,
) -> NDArray[np.float64]:
    """Return the probabilities (size,) that one query's true match has rank 1, 2, ..."""
    images = np.bincount(person[others], minlength=persons)
    before = others & (row <= row[own][:, None])  # (true images, gallery)
    counts = np.stack([np.bincount(person[each], minlength=persons) for each in before])
    chance = counts[:, images > 0] / images[images > 0]
    found = np.zeros((len(chance), size))
    found[:, 0] = 1.0
    for p in chance.T[:, :, None]:  # one person after the other
        found[:, 1:] = found[:, 1:] * (1 - p) + found[:, :-1] * p
        found[:, :1] *= 1 - p
    return np.asarray(found.mean(0))
