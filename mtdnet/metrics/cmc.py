"""CMC curves and mean average precision from a matrix of costs, in plain numpy.

The metric is the one of Market-1501: gallery images of the query's person in the query's own
camera are passed over, every other gallery image counts. With one gallery image a person this is
the single-shot CMC of Chen et al. 2017. Ties count against the query.

No gallery is ranked image by image. A person's images are looked up, so a query's few true
matches are known, and each stands behind the wrong images that cost no more.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from mtdnet.errors import InputError

BLOCK = 2**20  # costs looked at together, 4 MB: a thread's share of the cache

Costs = NDArray[np.floating]
Names = NDArray[np.str_]
Retrieval = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]
T = TypeVar("T")


class Probes(NamedTuple):
    """Persons of Q queries and G gallery images, and the cameras that took them, (Q,) and (G,).

    A camera "" is unknown: it equals no other. Without cameras no gallery image is passed over.
    """

    query: Names
    gallery: Names
    query_camera: Names | None = None
    gallery_camera: Names | None = None


def ranks(cost: Costs, probes: Probes) -> NDArray[np.int64]:
    """Return the rank (Q,) of each query's best true match: 1 + the images that are not worse.

    ``cost``: (Q, G), lower is better. 0 stands for a query without a true match in the gallery.
    Raises InputError for a cost that is not finite.
    """
    return retrieval(cost, probes)[0]


def cmc(ranks: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """Return the CMC curve (size,): the share of queries with rank 1, up to 2, ... up to ``size``.

    ``ranks``: (Q,), from 1; 0, no true match, is left out. Raises InputError when none remains.
    """
    matched = ranks[ranks > 0]
    if not len(matched):
        raise InputError(f"none of {len(ranks)} queries has a true match in the gallery")
    counts = np.bincount(matched, minlength=size + 1)[1 : size + 1]
    return np.asarray(np.cumsum(counts) / len(matched))


def mean_average_precision(cost: Costs, probes: Probes) -> float:
    """Return the mean, over queries with a true match, of the average precision, in (0, 1].

    Arguments and errors are those of ``ranks`` and ``cmc``.
    """
    first_ranks, precision, _ = retrieval(cost, probes)
    if not first_ranks.any():
        raise InputError(f"none of {len(cost)} queries has a true match in the gallery")
    return float(precision[first_ranks > 0].mean())


def retrieval(cost: Costs, probes: Probes) -> Retrieval:
    """Return the ranks (Q,) of ``ranks``, average precisions (Q,) and inverse penalties (Q,).

    The precision is taken at every true match (no interpolation): the k-th best, with w wrong
    images that are not worse, has k / (k + w). That of the worst one is the inverse negative
    penalty: Ye et al. 2021, "Deep Learning for Person Re-identification". Without a true match
    either is 0.
    """

    def block(true: Costs, wrong: Costs) -> Retrieval:
        wrong.sort(axis=1)
        places = [np.searchsorted(w, t, side="right") for w, t in zip(wrong, true, strict=True)]
        before, has_match = np.stack(places), np.isfinite(true)
        hits = np.arange(1, true.shape[1] + 1)
        precision = np.where(has_match, hits / (hits + before), 0)
        first = np.where(has_match[:, 0], 1 + before[:, 0], 0)
        count = np.maximum(has_match.sum(1), 1)
        worst = precision[np.arange(len(count)), count - 1]
        return first, precision.sum(1) / count, worst

    blocks = over(block, cost, probes)
    first_ranks, precision, worst = zip(*blocks, strict=True) if blocks else ((), (), ())
    return (
        np.concatenate([np.empty(0, np.int64), *first_ranks]),
        np.concatenate([np.empty(0, np.float64), *precision]),
        np.concatenate([np.empty(0, np.float64), *worst]),
    )


def over(work: Callable[[Costs, Costs], T], cost: Costs, probes: Probes) -> list[T]:
    """Return ``work(true, wrong)`` of each block of R queries, in order, done by threads.

    ``true``: (R, at least 1), the costs of a query's true matches, rising, then infinity.
    ``wrong``: (R, G), a copy of the costs, with infinity at every image of the query's person.
    Errors are those of ``ranks``.
    """
    query, gallery, query_camera, gallery_camera = probes
    if cost.shape != (len(query), len(gallery)):
        raise ValueError(f"costs {cost.shape} for {len(query)} queries, {len(gallery)} images")
    order = np.argsort(gallery, kind="stable")  # images of a person stand together
    people = gallery[order]
    start, end = (np.searchsorted(people, query, side) for side in ("left", "right"))
    size = max(1, BLOCK // max(1, cost.shape[1]))

    def block(first: int) -> T:
        rows = slice(first, first + size)
        wrong = cost[rows].copy()
        if not np.isfinite(wrong).all():
            number = first + int(np.flatnonzero(~np.isfinite(wrong).all(1))[0])
            raise InputError(f"query {number}: a score is not finite; the network has diverged")
        images = end[rows] - start[rows]
        true = np.full((len(wrong), max(1, images.max())), np.inf, cost.dtype)
        row, place = np.nonzero(np.arange(true.shape[1]) < images[:, None])
        column = order[start[rows][row] + place]
        true[row, place] = wrong[row, column]
        wrong[row, column] = np.inf
        if query_camera is not None and gallery_camera is not None:
            camera = query_camera[rows][row]
            junk = (camera == gallery_camera[column]) & (camera != "")
            true[row[junk], place[junk]] = np.inf
        true.sort(axis=1)
        return work(true, wrong)

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # numpy works outside the interpreter's lock
        return list(pool.map(block, range(0, len(cost), size)))
