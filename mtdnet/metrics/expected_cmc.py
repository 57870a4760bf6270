"""The CMC curve to be expected of random single-shot galleries, exactly."""

import numpy as np
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.metrics.cmc import Costs, Probes, over

NEVER = 40  # -log of a probability that no float64 sum of shares shows


def expected_cmc(cost: Costs, probes: Probes, size: int = 50) -> NDArray[np.float64]:
    """Return the expected CMC curve, (size,) or as long as there are gallery persons.

    A gallery holds one image of every person, each image of a person as likely as another; others
    draw ten such galleries and take the mean. Given the true match's cost, another person is at
    or before it with probability p = the share of their images that don't cost more, and all
    persons independently: how many are is Poisson-binomial. The mean is over the query's true
    images, then over queries with a true match. Arguments and errors are those of ``ranks`` and
    ``cmc``.
    """
    names, person, images = np.unique(probes.gallery, return_inverse=True, return_counts=True)
    order = np.argsort(person, kind="stable")  # images of a person stand together
    starts = np.cumsum(images) - images
    size = min(size, len(names))

    def block(true: Costs, wrong: Costs) -> tuple[NDArray[np.float64], int]:
        wrong = wrong.take(order, axis=1)  # by rows, as indexing does not lay it out
        matches = np.isfinite(true).sum(1)
        queries, places = np.nonzero(np.isfinite(true))
        total, some = np.zeros(size), 8 * len(true)  # true images at once: bounds the memory
        for first in range(0, len(queries), some):
            row, place = queries[first : first + some], places[first : first + some]
            counts = [
                np.add.reduceat(wrong[r] <= true[r, place[row == r], None], starts, 1, np.int32)
                for r in np.unique(row)
            ]
            total += _first(np.concatenate(counts) / images, 1 / matches[row], size)
        return total, int((matches > 0).sum())

    blocks = over(block, cost, probes)
    matched = sum(has_match for _, has_match in blocks)
    if not matched:
        raise InputError(f"none of {len(cost)} queries has a true match in the gallery")
    total = np.sum([total for total, _ in blocks], axis=0)
    return np.minimum(np.cumsum(total) / matched, 1.0)


def _first(
    chance: NDArray[np.float64], weight: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """Return the weighted sum (size,) of the probabilities of rank 1, 2, ... up to ``size``.

    ``chance``: (N, persons), of each person to be at or before a true image; ``weight``: (N,).
    """
    mean = chance.sum(1)
    near = mean - size < np.sqrt(2 * NEVER * mean)  # Chernoff: exp(-(mean - size)^2 / (2 mean))
    some = (chance > 0).sum(1)
    rows = np.argsort(-some)
    rows = rows[near[rows]]
    chance = -np.sort(-chance[rows], axis=1)
    chances = np.zeros((size, len(rows)))
    chances[0] = 1.0
    for p in chance.T:  # one person after the other, while he is possible
        possible = np.count_nonzero(p)
        if not possible:
            break
        these = chances[:, :possible]
        moved = these * p[:possible]
        these -= moved
        these[1:] += moved[:-1]
    return np.asarray(chances @ weight[rows])
