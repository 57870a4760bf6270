"""k-reciprocal re-ranking: Zhong et al. 2017, "Re-ranking Person Re-identification"."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mtdnet.metrics.cmc import Costs

ROWS = 256  # of distances sorted together


def rerank(
    distance: Costs, queries: int, k1: int = 20, k2: int = 6, weight: float = 0.3
) -> NDArray[np.float32]:
    """Return costs (Q, G), lower is better, from distances of all images with all.

    ``distance``: (N, N) with N = Q + G, the ``queries`` Q first, then the gallery. Images are
    described by their ``k1`` reciprocal neighbours, expanded by those of half as many (eq. 5),
    weighed by ``exp(-d)`` with d over the largest of its row (7), averaged over ``k2`` neighbours
    (11); the cost is ``(1 - weight)`` of the Jaccard distance (10) and ``weight`` of d (12). An
    image's weights sum to 1, as in the code that everybody uses. Equal distances stand by number.

    Memory: ``distance``, 4 N^2 bytes in float32, the result, and some hundred values an image.
    """
    nearest = np.concatenate(
        [
            np.argsort(distance[start : start + ROWS], axis=1, kind="stable")[:, : k1 + 1]
            for start in range(0, len(distance), ROWS)
        ]
    )
    top = distance.max(1)
    own, half = _reciprocal(nearest), _reciprocal(nearest[:, : round(k1 / 2) + 1])
    # those of own whose own half lies within own by more than two thirds
    overlap = (own @ half.T).multiply(own).tocsr()
    size = np.asarray(half.sum(1)).ravel()
    overlap.data = (overlap.data > 2 / 3 * size[overlap.indices]).astype(np.float32)
    wide = ((own + overlap @ half) > 0).tocoo()
    near = np.exp(-distance[wide.row, wide.col] / np.maximum(top[wide.row], 1e-12))
    total = np.bincount(wide.row, near, len(distance))
    described = sparse.csr_matrix((near / total[wide.row], (wide.row, wide.col)), distance.shape)
    mean = nearest[:, :k2]
    rows = np.repeat(np.arange(len(mean)), mean.shape[1])
    chosen = sparse.csr_matrix(
        (np.full(mean.size, 1 / mean.shape[1]), (rows, mean.ravel())), distance.shape
    )
    described = chosen @ described
    columns = described[queries:].tocsc()
    out = np.empty((queries, len(distance) - queries), np.float32)
    for query in range(queries):
        row = described[query]
        some = columns[:, row.indices]
        common = np.minimum(some.data, np.repeat(row.data, np.diff(some.indptr)))
        shared = np.bincount(some.indices, common, out.shape[1])
        original = distance[query, queries:] / max(top[query], 1e-12)
        out[query] = (1 - weight) * (1 - shared / (2 - shared)) + weight * original
    return out


def _reciprocal(nearest: NDArray[np.int64]) -> sparse.csr_matrix:
    """Return (N, N), 1 where two images are among each other's nearest (N, k)."""
    count, k = nearest.shape
    rows = np.repeat(np.arange(count), k)
    ones = np.ones(nearest.size, np.float32)
    forward = sparse.csr_matrix((ones, (rows, nearest.ravel())), (count, count))
    return forward.multiply(forward.T).tocsr()
