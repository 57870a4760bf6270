from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.metrics import cmc
from mtdnet.metrics.cmc import Probes, ranks
from mtdnet.metrics.open_set import detection_rates

Names = NDArray[np.str_]
RATES = (0.01, 0.1, 0.29, 0.3, 0.9)


def example(seed: int) -> tuple[NDArray[np.float64], Names, Names, Names, Names]:
    rng = np.random.default_rng(seed)
    query, gallery = (rng.integers(0, 12, n).astype(str) for n in (40, 30))
    where = [rng.choice(["a", "b", ""], n) for n in (40, 30)]
    cost = rng.random((40, 30)) - 0.5 * (query[:, None] == gallery)
    return np.round(cost, 1 if seed else 6), query, gallery, where[0], where[1]


@pytest.mark.parametrize("seed", range(3))
def test_equals_a_loop_over_thresholds(seed: int) -> None:
    cost, query, gallery, q_at, g_at = example(seed)
    asked = []  # cost of the best true match, cost of the best other
    for q in range(40):
        true, other = [], []
        for g in range(30):
            if query[q] != gallery[g]:
                other.append(cost[q, g])
            elif q_at[q] == "" or q_at[q] != g_at[g]:
                true.append(cost[q, g])
        if true:
            asked.append((min(true), min(other)))
    for rate, found in detection_rates(cost, Probes(query, gallery, q_at, g_at), RATES).items():
        best = 0.0
        for threshold in sorted({c - 1e-9 for pair in asked for c in pair} | {9.0}):
            allowed = Fraction(str(rate)) * len(asked)
            if sum(other <= threshold for _, other in asked) <= allowed:
                right = sum(true < other and true <= threshold for true, other in asked)
                best = right / len(asked)
        assert found == pytest.approx(best), rate


def test_rises_with_the_alarms_up_to_rank_1(monkeypatch: pytest.MonkeyPatch) -> None:
    cost, query, gallery, q_at, g_at = example(0)
    every = (*RATES, 0.999)
    rates = list(detection_rates(cost, Probes(query, gallery, q_at, g_at), every).values())
    found = ranks(cost, Probes(query, gallery, q_at, g_at))
    assert rates == sorted(rates)
    assert 0 < rates[0] < rates[-1] == np.mean(found[found > 0] == 1)
    monkeypatch.setattr(cmc, "BLOCK", 7 * 30)
    assert list(detection_rates(cost, Probes(query, gallery, q_at, g_at), every).values()) == rates


def test_as_many_alarms_as_the_rate_allows() -> None:
    persons = np.arange(100).astype(str)
    cost = np.full((100, 100), 999.0)
    np.fill_diagonal(cost, np.arange(100))
    cost[np.arange(100), (np.arange(100) + 50) % 100] = np.arange(100) + 0.5
    found = detection_rates(cost, Probes(persons, persons), [0.01, 0.29])
    assert found == {0.01: 0.02, 0.29: 0.3}  # 0.29 * 100 is below 29


def test_a_perfect_system_finds_everybody_without_alarm() -> None:
    persons = np.arange(20).astype(str)
    cost = 1.0 - np.eye(20)
    assert detection_rates(cost, Probes(persons, persons), [0.01]) == {0.01: 1.0}
    assert detection_rates(-cost, Probes(persons, persons), [0.01]) == {0.01: 0.0}


def test_bad_input_is_one_line() -> None:
    persons = np.array(["1", "2"])
    with pytest.raises(InputError, match=r"false-alarm rate must be in \(0, 1\), found 1"):
        detection_rates(np.eye(2), Probes(persons, persons), [1.0])
    with pytest.raises(InputError, match="none of 2 queries has a true match"):
        detection_rates(np.eye(2), Probes(persons, np.array(["3", "4"])), [0.1])
