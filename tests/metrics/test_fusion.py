import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from mtdnet.artifacts import Fusion
from mtdnet.errors import InputError
from mtdnet.metrics.fusion import LOGIT_RIDGE, RIDGE, SLIGHTEST, fit, fused

Values = NDArray[np.float64]
Pairs = tuple[Values, Values, NDArray[np.bool_], NDArray[np.int64]]


def drawn(queries: int = 300, gallery: int = 10) -> Pairs:
    """Draw pairs whose log odds are 1.5 of the logit and -2 of the distance, and one more."""
    rng = np.random.default_rng(0)
    same = np.tile(np.arange(gallery) == 0, queries)
    sign = np.where(same, 1, -1)
    # Gaussians apart by 2 m with variance v: log odds of 2 m / v
    logits, distance = rng.normal(0.75 * sign), rng.normal(2 - 0.5 * sign, np.sqrt(0.5))
    return 1 / (1 + np.exp(-logits)), distance, same, np.repeat(np.arange(queries), gallery)


def test_finds_the_weights_that_pairs_were_drawn_by() -> None:
    found = fit(*drawn(20_000))
    assert found.logit == pytest.approx(1.5, rel=0.05)
    assert found.distance == pytest.approx(2, rel=0.05)
    assert found.bias == pytest.approx(4, rel=0.05)


def test_equals_plain_loops_of_both_sums() -> None:
    probability, distance, same, query = drawn(12, 5)
    same[[1, 7]] = True  # two pairs of a query show its person
    found = fit(probability, distance, same, query)
    count = same.sum()
    weights = [0.5 / count if y else 0.5 / (~same).sum() for y in same]
    inputs = [(math.log(p / (1 - p)), -d) for p, d in zip(probability, distance, strict=True)]
    mean = [sum(w * x[i] for w, x in zip(weights, inputs, strict=True)) for i in range(2)]
    sd = [
        math.sqrt(sum(w * (x[i] - mean[i]) ** 2 for w, x in zip(weights, inputs, strict=True)))
        for i in range(2)
    ]

    def score(u: Values, pair: int) -> float:
        first, second = (float(u[i]) * (inputs[pair][i] - mean[i]) / sd[i] for i in range(2))
        return float(first + second)

    def ranked(u: Values) -> float:
        total = (LOGIT_RIDGE * u[0] ** 2 + RIDGE * u[1] ** 2) / count
        for s in np.flatnonzero(same).tolist():
            rivals = np.flatnonzero((query == query[s]) & ~same).tolist()
            ahead = sum(math.exp(score(u, j) - score(u, s)) for j in rivals)
            total += math.log(1 + ahead) / count
        return float(total)

    u = minimize(ranked, np.ones(2), bounds=[(0, None)] * 2).x
    assert found.logit / found.distance == pytest.approx(u[0] / sd[0] / u[1] * sd[1], rel=1e-2)

    line = [score(u, pair) for pair in range(len(same))]
    middle = sum(w * x for w, x in zip(weights, line, strict=True))
    size = math.sqrt(sum(w * (x - middle) ** 2 for w, x in zip(weights, line, strict=True)))

    def told(x: Values) -> float:
        total = RIDGE / count * x[0] ** 2
        for w, value, y in zip(weights, line, same, strict=True):
            margin = (1 if y else -1) * (x[0] * (value - middle) / size + x[1])
            total += w * math.log(1 + math.exp(-margin))
        return float(total)

    e, c = minimize(told, np.array([1.0, 0.0])).x
    expected = [e * ((line[pair] - middle) / size) + c for pair in range(len(same))]
    np.testing.assert_allclose(fused(found, probability, distance), expected, atol=0.02)


def test_a_query_is_compared_within_its_own_gallery() -> None:
    probability, distance, same, query = drawn()
    offset = 0.01 * query  # of all distances of a query: no rank changes
    plain, moved = fit(*drawn()), fit(probability, distance + offset, same, query)
    assert moved.logit / moved.distance == pytest.approx(plain.logit / plain.distance, rel=0.05)


def test_a_head_that_says_the_contrary_weighs_nothing() -> None:
    probability, distance, same, query = drawn()
    assert fit(probability, 4 - distance, same, query).distance == 0
    found = fit(1 - probability, distance, same, query)
    assert found.logit == SLIGHTEST
    order = np.argsort(distance, kind="stable")
    most = SLIGHTEST * np.ptp(np.log(probability / (1 - probability)))
    assert (np.diff(fused(found, probability, distance)[order]) <= most).all()


def test_pairs_told_apart_without_error_and_constant_heads_end() -> None:
    same, query = np.tile([True, False], 10), np.repeat(np.arange(10), 2)
    found = fit(same.astype(np.float32), np.where(same, 0.5, 1.5).astype(np.float32), same, query)
    assert 0 < found.logit < 100 and 0 < found.distance < 100
    flat = fit(np.full(20, 0.5), np.full(20, 2.0), same, query)
    assert fused(flat, np.full(3, 0.5), np.full(3, 2.0)) == pytest.approx(0, abs=1e-3)


def test_log_odds_are_weighed() -> None:
    probability, distance = np.array([[0.5, 0.9]]), np.array([[1.0, 2.0]])
    found = fused(Fusion(logit=2.0, distance=3.0, bias=0.5), probability, distance)
    assert found == pytest.approx(np.array([[-2.5, 2 * np.log(9) - 5.5]]))


def test_needs_pairs_of_both_kinds() -> None:
    with pytest.raises(InputError, match="3 pairs of one person and 0 of two"):
        fit(np.full(3, 0.5), np.ones(3), np.ones(3, bool), np.zeros(3, np.int64))
