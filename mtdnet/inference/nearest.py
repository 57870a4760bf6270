"""Nearest neighbours by inner product: by FAISS where it is installed, else by torch."""

import numpy as np
import torch
from numpy.typing import NDArray

BLOCK = 65_536  # features in memory at a time; 128 MB at the paper's width

Features = NDArray[np.float32]
Rows = NDArray[np.int64]


def nearest(features: Features, queries: Features, count: int) -> Rows:
    """Return the rows (Q, count) of features (G, F) nearest to each query (Q, F), nearest first.

    Nearest by squared distance ``2 - 2 q.g``, which is by the largest product: exact, in one pass
    over the features, which may be memory-mapped. ``count`` is at most G.
    """
    try:
        import faiss
    except ImportError:
        return by_torch(features, queries, count)
    rows: Rows = faiss.knn(queries, features, count, faiss.METRIC_INNER_PRODUCT)[1]
    return rows


@torch.inference_mode()
def by_torch(features: Features, queries: Features, count: int) -> Rows:
    """Do what ``nearest`` does without FAISS."""
    points = torch.from_numpy(queries)
    best = torch.empty(len(queries), 0)
    rows = torch.empty(len(queries), 0, dtype=torch.int64)
    for start in range(0, len(features), BLOCK):
        products = points @ torch.from_numpy(features[start : start + BLOCK]).T
        here = torch.arange(start, start + products.shape[1]).expand_as(products)
        best, rows = torch.cat([best, products], 1), torch.cat([rows, here], 1)
        best, columns = best.topk(min(count, best.shape[1]))
        rows = rows.gather(1, columns)
    return rows.numpy()
