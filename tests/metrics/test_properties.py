"""What holds of CMC and average precision, whatever the costs."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mtdnet.metrics.calibration import calibrated, calibration_error, fit, reliability
from mtdnet.metrics.cmc import Probes, cmc, mean_average_precision, ranks, retrieval

some = settings(derandomize=True, deadline=None, max_examples=60)


@some
@given(
    seed=st.integers(0, 2**32 - 1),
    queries=st.integers(1, 6),
    gallery=st.integers(1, 12),
    levels=st.integers(1, 9),
)
def test_order_alone_counts(seed: int, queries: int, gallery: int, levels: int) -> None:
    random = np.random.default_rng(seed)
    cost = random.integers(0, levels, (queries, gallery)).astype(float)  # few levels: many ties
    who, whom = (random.integers(0, 4, n).astype(str) for n in (queries, gallery))
    where, there = (random.choice(["", "a", "b"], n) for n in (queries, gallery))
    found, precision, _ = retrieval(cost, Probes(who, whom, where, there))
    moved = random.permutation(gallery)
    for again in (
        retrieval(cost[:, moved], Probes(who, whom[moved], where, there[moved])),
        retrieval(np.exp(cost / 9), Probes(who, whom, where, there)),
    ):
        assert np.array_equal(again[0], found) and np.allclose(again[1], precision)
    better = np.where(who[:, None] == whom, cost - 1, cost)
    assert (ranks(better, Probes(who, whom, where, there)) <= found).all()
    assert ((found >= 0) & (found <= gallery)).all()
    if not found.any():
        return
    curve = cmc(found, gallery)
    assert (np.diff(curve) >= 0).all() and curve[-1] == 1
    assert 0 < mean_average_precision(cost, Probes(who, whom, where, there)) <= 1
    assert (precision[found == 1] > 0).all() and (precision[found > 0] <= 1).all()


@some
@given(
    pairs=st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60),
    temperature=st.floats(0.01, 100),
)
def test_a_temperature_keeps_order_and_sides(
    pairs: list[tuple[float, bool]], temperature: float
) -> None:
    probability, same = np.array([p for p, _ in pairs]), np.array([y for _, y in pairs])
    found = calibrated(probability, temperature)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found[np.argsort(probability, kind="stable")]) >= 0).all()
    assert ((found > 0.5) <= (probability >= 0.5)).all()
    assert np.allclose(calibrated(1 - probability, temperature), 1 - found, atol=1e-6)
    if same.all() or not same.any():
        return
    assert 0.01 <= fit(probability, same) <= 100
    curve = reliability(found, same)
    assert (curve.weight > 0).all() and np.isclose(curve.weight.sum(), 1)
    assert 0 <= calibration_error(curve) <= 1
