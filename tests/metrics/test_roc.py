import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mtdnet.errors import InputError
from mtdnet.metrics.roc import FALSE, roc


@pytest.mark.parametrize("digits", [1, 6])  # with ties and without
def test_equals_a_loop_over_thresholds(digits: int) -> None:
    rng = np.random.default_rng(digits)
    same = rng.random(300) < 0.2
    cost = np.round(rng.random(300) - 0.4 * same, digits)
    rates = (0.01, 0.1, 0.29, 0.5, 1.0)
    area, true = roc(cost, same, rates)
    wrong = cost[~same]
    for rate, found in zip(rates, true, strict=True):
        thresholds = [t for t in (-9.0, *cost) if (wrong <= t).sum() <= rate * len(wrong) + 1e-9]
        assert found == max(np.mean(cost[same] <= t) for t in thresholds)
    pairs = [(t < w) + (t == w) / 2 for t in cost[same] for w in wrong]
    assert area == pytest.approx(sum(pairs) / len(pairs))
    assert area == pytest.approx(roc_auc_score(same, -cost))


def test_the_curve_rises_to_1_and_its_arguments_stay() -> None:
    rng = np.random.default_rng(0)
    cost, same = rng.random(500).astype(np.float32), np.arange(500) < 50
    before = cost.copy()
    _, true = roc(cost, same, FALSE)
    assert (np.diff(true) >= 0).all() and true[-1] == 1
    assert np.array_equal(cost, before)


def test_perfect_hopeless_and_constant_costs() -> None:
    same = np.arange(10) < 3
    assert roc(1.0 - same, same, [0.1])[0] == 1 and roc(same * 1.0, same, [0.1])[0] == 0
    area, true = roc(np.ones(10), same, [0.1])
    assert area == 0.5 and true.tolist() == [0]


def test_needs_pairs_of_both_kinds() -> None:
    with pytest.raises(InputError, match="3 pairs of one person and 0 of two"):
        roc(np.ones(3), np.ones(3, bool), [0.1])
