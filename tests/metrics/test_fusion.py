import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from mtdnet.artifacts import Fusion
from mtdnet.errors import InputError
from mtdnet.metrics.fusion import RIDGE, fit, fused

Pairs = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]


def drawn(count: int = 3000) -> Pairs:
    """Draw pairs whose log odds are 1.5 of the logit and -2 of the distance, and a third more."""
    rng = np.random.default_rng(0)
    same = np.arange(count) < count // 4
    sign = np.where(same, 1, -1)
    # Gaussians apart by 2 m with variance v: log odds of 2 m / v
    logits, distance = rng.normal(0.75 * sign), rng.normal(2 - 0.5 * sign, np.sqrt(0.5))
    return 1 / (1 + np.exp(-logits)), distance, same


def test_finds_the_weights_that_pairs_were_drawn_by() -> None:
    found = fit(*drawn(100_000))
    assert found.logit == pytest.approx(1.5, rel=0.05)
    assert found.distance == pytest.approx(2, rel=0.05)


def test_equals_a_plain_loop_of_gradient_steps() -> None:
    probability, distance, same = drawn(200)
    found = fit(probability, distance, same)
    weights = [0.5 / same.sum() if y else 0.5 / (~same).sum() for y in same]
    inputs = [(np.log(p / (1 - p)), -d) for p, d in zip(probability, distance, strict=True)]
    mean = [sum(w * x[i] for w, x in zip(weights, inputs, strict=True)) for i in range(2)]
    squares = [
        sum(w * (x[i] - mean[i]) ** 2 for w, x in zip(weights, inputs, strict=True))
        for i in range(2)
    ]
    sd, u, c = np.sqrt(squares), [0.0, 0.0], 0.0
    for _ in range(600):
        slope, constant = [2 * RIDGE / same.sum() * value for value in u], 0.0
        for w, x, y in zip(weights, inputs, same, strict=True):
            z = [(x[i] - mean[i]) / sd[i] for i in range(2)]
            error = w * (1 / (1 + np.exp(-(u[0] * z[0] + u[1] * z[1] + c))) - y)
            slope, constant = [slope[i] + error * z[i] for i in range(2)], constant + error
        u, c = [max(0.0, u[i] - 2 * slope[i]) for i in range(2)], c - 2 * constant
    assert found.logit == pytest.approx(u[0] / sd[0], rel=1e-3)
    assert found.distance == pytest.approx(u[1] / sd[1], rel=1e-3)
    bias = c - u[0] * mean[0] / sd[0] - u[1] * mean[1] / sd[1]
    assert found.bias == pytest.approx(bias, rel=1e-3)


def test_agrees_with_scikit_learn() -> None:
    probability, distance, same = drawn()
    inputs = np.stack([np.log(probability / (1 - probability)), -distance], 1)
    theirs = LogisticRegression(C=1e6, class_weight="balanced", tol=1e-8).fit(inputs, same)
    found = fit(probability, distance, same)
    expected = theirs.predict_proba(inputs)[:, 1]
    np.testing.assert_allclose(
        1 / (1 + np.exp(-fused(found, probability, distance))), expected, atol=0.01
    )


def test_a_head_that_says_the_contrary_weighs_nothing() -> None:
    probability, distance, same = drawn()
    assert fit(probability, 4 - distance, same).distance == 0
    found = fit(1 - probability, distance, same)
    assert found.logit == 0
    order = np.argsort(distance, kind="stable")
    assert (np.diff(fused(found, probability, distance)[order]) <= 0).all()


def test_pairs_told_apart_without_error_and_constant_heads_end() -> None:
    same = np.arange(20) < 10
    found = fit(same.astype(np.float32), np.where(same, 0.5, 1.5).astype(np.float32), same)
    assert 0 < found.logit < 100 and 0 < found.distance < 100
    flat = fit(np.full(20, 0.5), np.full(20, 2.0), same)
    assert fused(flat, np.full(3, 0.5), np.full(3, 2.0)) == pytest.approx(0, abs=1e-3)


def test_log_odds_are_weighed() -> None:
    probability, distance = np.array([[0.5, 0.9]]), np.array([[1.0, 2.0]])
    found = fused(Fusion(logit=2.0, distance=3.0, bias=0.5), probability, distance)
    assert found == pytest.approx(np.array([[-2.5, 2 * np.log(9) - 5.5]]))


def test_needs_pairs_of_both_kinds() -> None:
    with pytest.raises(InputError, match="3 pairs of one person and 0 of two"):
        fit(np.full(3, 0.5), np.ones(3), np.ones(3, bool))
