import numpy as np
import pytest
from scipy import stats

from mtdnet.errors import InputError
from mtdnet.metrics.interval import Difference, interval, mean_difference, rank1_difference


def test_interval_is_students() -> None:
    values = [0.31, 0.27, 0.35, 0.30]
    found = interval(values)
    mean = sum(values) / 4
    sd = (sum((v - mean) ** 2 for v in values) / 3) ** 0.5
    low, high = stats.t.interval(0.95, 3, loc=mean, scale=sd / 2)
    got = [found.mean, found.sd, found.low, found.high]
    assert got == pytest.approx([mean, sd, low, high])


def test_one_value_has_no_interval_and_equal_ones_none_wide() -> None:
    one = interval([0.5])
    assert (one.mean, one.sd, one.low, one.high) == (0.5, None, None, None)
    equal = interval([0.5, 0.5])
    assert (equal.sd, equal.low, equal.high) == (0.0, 0.5, 0.5)


def test_difference_equals_a_loop_that_draws_persons() -> None:
    rng = np.random.default_rng(0)
    person = rng.integers(0, 25, 80).astype(str)
    ranks, others = rng.integers(0, 4, (2, 80))
    found = rank1_difference(ranks, others, person)
    asked = [q for q in range(80) if ranks[q] and others[q]]
    gains = {q: int(ranks[q] == 1) - int(others[q] == 1) for q in asked}
    assert found.difference == pytest.approx(sum(gains.values()) / len(asked))
    names = sorted({person[q] for q in asked})
    of = {name: [gains[q] for q in asked if person[q] == name] for name in names}
    shares = []
    for _ in range(4000):
        drawn = [gain for name in rng.choice(names, len(names)) for gain in of[name]]
        shares.append(sum(drawn) / len(drawn))
    low, high = np.quantile(shares, [0.025, 0.975])
    assert [found.low, found.high] == pytest.approx([low, high], abs=0.02)


def test_one_system_against_itself_and_the_other_way_round() -> None:
    rng = np.random.default_rng(1)
    person = np.repeat(np.arange(40).astype(str), 2)
    ranks, others = rng.integers(1, 4, (2, 80))
    same = rank1_difference(ranks, ranks, person)
    assert (same.difference, same.low, same.high) == (0, 0, 0)
    one, two = rank1_difference(ranks, others, person), rank1_difference(others, ranks, person)
    assert one.difference == -two.difference
    assert two.low is not None and two.high is not None
    assert [one.low, one.high] == pytest.approx([-two.high, -two.low])


def test_the_interval_holds_a_known_difference() -> None:
    rng = np.random.default_rng(2)
    held = 0
    for draw in range(60):
        person = np.repeat(np.arange(150).astype(str), 2)
        ranks = np.where(rng.random(300) < 0.6, 1, 2)
        others = np.where(rng.random(300) < 0.5, 1, 2)
        found = rank1_difference(ranks, others, person, seed=draw)
        assert found.low is not None and found.high is not None
        held += found.low <= 0.1 <= found.high
    assert held >= 52  # 57 expected; fewer once in 2,000


def test_one_person_has_no_interval_and_a_constant_gain_none_wide() -> None:
    found = rank1_difference(np.array([1, 2]), np.array([2, 2]), np.array(["1", "1"]))
    assert (found.difference, found.low, found.high) == (0.5, None, None)
    found = rank1_difference(np.array([1, 1, 0]), np.array([2, 2, 0]), np.array(["1", "2", "3"]))
    assert (found.difference, found.low, found.high) == (1, 1, 1)


def test_no_true_match_is_one_line() -> None:
    with pytest.raises(InputError, match="none of 2 queries has a true match"):
        rank1_difference(np.zeros(2, int), np.zeros(2, int), np.array(["1", "2"]))


def test_a_mean_of_differences_is_as_sure_as_drawn_sums_are() -> None:
    rng = np.random.default_rng(3)
    person = np.arange(60).astype(str)
    drawn = rng.integers(1, 3, (3, 2, 60))
    parts = [rank1_difference(ranks, others, person) for ranks, others in drawn]
    found = mean_difference(parts)
    assert found.difference == pytest.approx(sum(part.difference for part in parts) / 3)
    draws = sum(rng.normal(part.difference, part.error or 0, 100_000) for part in parts) / 3
    assert [found.low, found.high] == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.003)
    assert found.error == pytest.approx(np.std(draws), abs=0.001)
    lone = mean_difference([*parts, Difference(0.5, None, None, None)])
    assert (lone.low, lone.high, lone.error) == (None, None, None)
