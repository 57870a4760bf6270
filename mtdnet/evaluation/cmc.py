"""CMC curves and mean average precision from a matrix of costs, in plain numpy.

The metric is the one of Market-1501: gallery images of the query's person in the query's own
camera are passed over, every other gallery image counts. With one gallery image a person this is
the single-shot CMC of Chen et al. 2017. Ties count against the query.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mtdnet.errors import InputError

BLOCK = 2**22  # costs looked at together: bounds the memory to some hundred MB

Costs = NDArray[np.floating]
Names = NDArray[np.str_]


def ranks(
    cost: Costs,
    query_person: Names,
    gallery_person: Names,
    query_camera: Names | None = None,
    gallery_camera: Names | None = None,
) -> NDArray[np.int64]:
    """Return the rank (Q,) of each query's best true match: 1 + the images that are not worse.

    ``cost``: (Q, G), lower is better; persons and cameras: (Q,) and (G,). A camera "" is unknown:
    it equals no other, and without cameras no gallery image is passed over. 0 stands for a query
    without a true match in the gallery. Raises InputError for a cost that is not finite.
    """
    found = np.zeros(len(cost), np.int64)
    for rows, costs, true, wrong in blocks(
        cost, query_person, gallery_person, query_camera, gallery_camera
    ):
        best = np.where(true, costs, np.inf).min(1, initial=np.inf)
        not_worse = (wrong & (costs <= best[:, None])).sum(1)
        found[rows] = np.where(true.any(1), 1 + not_worse, 0)
    return found


def cmc(ranks: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """Return the CMC curve (size,): the share of queries with rank 1, up to 2, ... up to ``size``.

    ``ranks``: (Q,), from 1; 0, no true match, is left out. Raises InputError when none remains.
    """
    matched = ranks[ranks > 0]
    if not len(matched):
        raise InputError(f"none of {len(ranks)} queries has a true match in the gallery")
    counts = np.bincount(matched, minlength=size + 1)[1 : size + 1]
    return np.asarray(np.cumsum(counts) / len(matched))


def mean_average_precision(
    cost: Costs,
    query_person: Names,
    gallery_person: Names,
    query_camera: Names | None = None,
    gallery_camera: Names | None = None,
) -> float:
    """Return the mean, over queries with a true match, of the average precision, in (0, 1].

    The precision is taken at every true match (no interpolation). Arguments and errors are those
    of ``ranks`` and ``cmc``.
    """
    precisions = []
    for _, costs, true, wrong in blocks(
        cost, query_person, gallery_person, query_camera, gallery_camera
    ):
        order = np.lexsort((true, np.where(true | wrong, costs, np.inf)), axis=1)
        hit = np.take_along_axis(true, order, axis=1)
        precision = np.cumsum(hit, axis=1) / np.arange(1, hit.shape[1] + 1)
        matches = hit.sum(1)
        precisions.append((precision * hit).sum(1)[matches > 0] / matches[matches > 0])
    values = np.concatenate(precisions) if precisions else np.empty(0)
    if not len(values):
        raise InputError(f"none of {len(cost)} queries has a true match in the gallery")
    return float(values.mean())


def blocks(
    cost: Costs,
    query_person: Names,
    gallery_person: Names,
    query_camera: Names | None,
    gallery_camera: Names | None,
) -> Iterator[tuple[slice, Costs, NDArray[np.bool_], NDArray[np.bool_]]]:
    """Yield rows of queries, their costs, and which gallery images are true and wrong matches."""
    if cost.shape != (len(query_person), len(gallery_person)):
        raise ValueError(
            f"costs {cost.shape} for {len(query_person)} queries, {len(gallery_person)} images"
        )
    size = max(1, BLOCK // max(1, cost.shape[1]))
    for start in range(0, len(cost), size):
        rows = slice(start, start + size)
        costs = cost[rows]
        if not np.isfinite(costs).all():
            row = start + int(np.flatnonzero(~np.isfinite(costs).all(1))[0])
            raise InputError(f"query {row}: a score is not finite; the network has diverged")
        same = query_person[rows, None] == gallery_person
        true = same
        if query_camera is not None and gallery_camera is not None:
            cameras = query_camera[rows, None]
            true = same & ((cameras != gallery_camera) | (cameras == ""))
        yield rows, costs, true, ~same
