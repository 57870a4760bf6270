import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from torchmetrics.classification import BinaryCalibrationError

from mtdnet.errors import InputError
from mtdnet.metrics.calibration import (
    calibrated,
    calibration_error,
    compared,
    fit,
    reliability,
)
from mtdnet.metrics.cmc import Probes

Pairs = tuple[NDArray[np.float64], NDArray[np.bool_]]


def drawn(sharper: float, same: int = 4000, different: int = 4000) -> Pairs:
    """Draw pairs whose true log odds, at a prior of one half, are the logits over ``sharper``."""
    rng = np.random.default_rng(0)
    odds = np.concatenate([rng.normal(2, 2, same), rng.normal(-2, 2, different)])
    truth = np.arange(same + different) < same  # two such Gaussians: log odds = value
    return 1 / (1 + np.exp(-odds * sharper)), truth


@pytest.mark.parametrize("sharper", [0.5, 1.0, 3.0])
def test_finds_how_much_too_sure_a_network_is(sharper: float) -> None:
    probability, same = drawn(sharper)
    temperature = fit(probability, same)
    assert temperature == pytest.approx(sharper, rel=0.05)
    before = calibration_error(reliability(probability, same))
    after = calibration_error(reliability(calibrated(probability, temperature), same))
    assert after < 0.03 and (sharper == 1 or after < before / 2)


def test_probabilities_of_0_and_1_have_a_temperature() -> None:
    probability = np.array([1, 1, 0, 1, 0, 0, 0, 1], np.float32)
    found = fit(probability, np.arange(8) < 4)  # right three times of four
    assert calibrated(probability, found) == pytest.approx(np.where(probability, 0.75, 0.25))


def test_numbers_of_same_and_different_pairs_change_nothing() -> None:
    probability, same = drawn(2.0, 400, 40_000)
    assert fit(probability, same) == pytest.approx(2.0, rel=0.15)


def test_calibrated_keeps_order_and_one_half() -> None:
    probability = np.array([0, 1e-9, 0.2, 0.5, 0.9, 1], np.float32)
    found = calibrated(probability, 2.5)
    assert found.dtype == np.float64 and np.isfinite(found).all()
    assert (np.diff(found) >= 0).all() and found[3] == 0.5
    np.testing.assert_allclose(calibrated(probability[2:5], 1.0), probability[2:5], rtol=1e-6)


def test_reliability_equals_a_loop() -> None:
    rng = np.random.default_rng(1)
    probability, same = rng.random(300), rng.random(300) < 0.2
    found = reliability(probability, same, bins=7)
    weights = [0.5 / same.sum() if y else 0.5 / (~same).sum() for y in same]
    rows = []
    for b in range(7):
        held = [i for i, p in enumerate(probability) if b / 7 < p <= (b + 1) / 7]
        total = sum(weights[i] for i in held)
        predicted = sum(weights[i] * probability[i] for i in held) / total
        observed = sum(weights[i] for i in held if same[i]) / total
        rows.append((b / 7, (b + 1) / 7, predicted, observed, total))
    columns = (found.low, found.high, found.predicted, found.observed, found.weight)
    np.testing.assert_allclose(np.stack(columns, 1), rows)
    error = sum(total * abs(predicted - observed) for _, _, predicted, observed, total in rows)
    assert calibration_error(found) == pytest.approx(error)


def test_a_bin_holds_its_upper_edge_and_the_first_also_0() -> None:
    probability = np.array([0, 0.5, 0.75, 1])
    found = reliability(probability, np.array([False, False, True, True]), bins=4)
    assert found.low.tolist() == [0, 0.25, 0.5, 0.75]
    assert found.predicted.tolist() == probability.tolist()
    observed, _ = calibration_curve([0, 0, 1, 1], probability, n_bins=4)
    assert found.observed.tolist() == observed.tolist() == [0, 0, 1, 1]


def test_agrees_with_torchmetrics_and_scikit_learn_on_balanced_pairs() -> None:
    probability, same = drawn(2.0)
    found = reliability(probability, same, bins=10)
    theirs = BinaryCalibrationError(n_bins=10, norm="l1")
    expected = float(theirs(torch.from_numpy(probability), torch.from_numpy(same).int()))
    assert calibration_error(found) == pytest.approx(expected, abs=1e-6)
    observed, predicted = calibration_curve(same, probability, n_bins=10)
    np.testing.assert_allclose(found.observed, observed)
    np.testing.assert_allclose(found.predicted, predicted)


def test_leaves_out_the_own_person_in_the_own_camera() -> None:
    keep, same = compared(
        Probes(
            np.array(["1", "2"]),
            np.array(["1", "1", "2", "2"]),
            np.array(["a", ""]),
            np.array(["a", "b", "a", ""]),
        ),
    )
    assert same.tolist() == [[True, True, False, False], [False, False, True, True]]
    assert keep.tolist() == [[False, True, True, True], [True, True, True, True]]


def test_needs_pairs_of_both_kinds() -> None:
    for function in (fit, reliability):
        with pytest.raises(InputError, match="3 pairs of one person and 0 of two"):
            function(np.full(3, 0.5), np.ones(3, bool))
