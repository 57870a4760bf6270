import builtins
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mtdnet.inference import nearest as module
from mtdnet.inference.nearest import Features, Rows, by_torch, nearest


@pytest.fixture
def points() -> tuple[Features, Features]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(200, 32)).astype("f4"), rng.normal(size=(3, 32)).astype("f4")


def without_faiss(features: Features, queries: Features, count: int) -> Rows:
    own = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name == "faiss":
            raise ImportError(name)
        return own(name, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builtins, "__import__", absent)
        return nearest(features, queries, count)


def with_faiss(features: Features, queries: Features, count: int) -> Rows:
    pytest.importorskip("faiss", reason="FAISS is not installed")
    return nearest(features, queries, count)


@pytest.mark.parametrize("search", [by_torch, without_faiss, with_faiss])
@pytest.mark.parametrize("count", [1, 40, 200])
def test_finds_the_nearest_by_squared_distance(
    search: Callable[..., Rows],
    count: int,
    points: tuple[Features, Features],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BLOCK", 23)
    features, queries = points
    rows = search(features, queries, count)
    distance = 2 - 2 * queries.astype("f8") @ features.astype("f8").T
    np.testing.assert_array_equal(rows, np.argsort(distance, axis=1)[:, :count])
