import numpy as np
import pytest
from numpy.typing import NDArray

from mtdnet.metrics.rerank import rerank

Distances = NDArray[np.floating]


def drawn(seed: int, images: int = 40, persons: int = 8) -> Distances:
    """Return squared distances of points around a few centres."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=(persons, 4))
    points = centre[np.arange(images) % persons] + 0.7 * rng.normal(size=(images, 4))
    return np.asarray(np.square(points[:, None] - points).sum(2))


def plain(d: Distances, queries: int, k1: int, k2: int, weight: float) -> Distances:
    count = len(d)
    order = [[j for _, j in sorted(zip(row, range(count), strict=True))] for row in d]
    far = [max(row) for row in d]

    def reciprocal(i: int, k: int) -> set[int]:
        return {j for j in order[i][: k + 1] if i in order[j][: k + 1]}

    described = np.zeros_like(d)
    for i in range(count):
        own = reciprocal(i, k1)
        wide = set(own)
        for j in own:
            half = reciprocal(j, round(k1 / 2))
            if len(half & own) > 2 / 3 * len(half):
                wide |= half
        for j in wide:
            described[i, j] = np.exp(-d[i][j] / far[i])
        described[i] /= described[i].sum()
    mean = [sum(described[j] for j in order[i][:k2]) / k2 for i in range(count)]
    out = np.zeros((queries, count - queries))
    for q in range(queries):
        for g in range(queries, count):
            low = sum(min(a, b) for a, b in zip(mean[q], mean[g], strict=True))
            high = sum(max(a, b) for a, b in zip(mean[q], mean[g], strict=True))
            out[q, g - queries] = (1 - weight) * (1 - low / high) + weight * d[q][g] / far[q]
    return out


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k1, k2, weight", [(6, 3, 0.3), (5, 1, 0.0), (9, 2, 1.0), (20, 6, 0.3)])
def test_equals_a_plain_loop_over_sets(seed: int, k1: int, k2: int, weight: float) -> None:
    distance = drawn(seed)
    found = rerank(distance, 12, k1, k2, weight)
    np.testing.assert_allclose(found, plain(distance, 12, k1, k2, weight), atol=1e-6)


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    distance = drawn(0)
    before = rerank(distance, 12)
    monkeypatch.setattr("mtdnet.metrics.rerank.ROWS", 7)
    assert np.array_equal(rerank(distance, 12), before)


def test_equal_images_and_fewer_than_k_have_costs() -> None:
    assert np.isfinite(rerank(np.zeros((6, 6)), 2)).all()


def test_several_images_of_a_person_help_each_other() -> None:
    distance = drawn(1, images=120)
    person = np.arange(120) % 8
    same = person[:24, None] == person[24:]

    def chance_of_right_order(cost: Distances) -> float:
        return float((cost[:, :, None] < cost[:, None])[same[:, :, None] & ~same[:, None]].mean())

    assert chance_of_right_order(rerank(distance, 24)) > chance_of_right_order(distance[:24, 24:])
