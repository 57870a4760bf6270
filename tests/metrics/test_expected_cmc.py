import itertools

import numpy as np
import pytest

from mtdnet.errors import InputError
from mtdnet.metrics import cmc as module
from mtdnet.metrics.cmc import Probes, cmc, ranks
from mtdnet.metrics.expected_cmc import expected_cmc

QUERY, GALLERY = np.array(["1", "2", "3"]), np.array(["1", "1", "2", "3", "3", "4", "4", "4"])
QUERY_AT = np.array(["a", "a", ""])
GALLERY_AT = np.array(["b", "a", "b", "b", "", "a", "b", "b"])


@pytest.mark.parametrize("seed", range(4))
def test_equals_the_mean_over_all_galleries(seed: int) -> None:
    cost = np.random.default_rng(seed).integers(0, 6, (3, 8)).astype(float)  # with ties
    curves = []
    for q, (who, where) in enumerate(zip(QUERY, QUERY_AT, strict=True)):
        images: dict[str, list[int]] = {}
        for g, (person, camera) in enumerate(zip(GALLERY, GALLERY_AT, strict=True)):
            if not (person == who and camera == where != ""):
                images.setdefault(person, []).append(g)
        found = []
        for gallery in itertools.product(*images.values()):
            (match,) = (g for g in gallery if GALLERY[g] == who)
            rank = 1 + sum(cost[q, g] <= cost[q, match] for g in gallery if g != match)
            found.append([rank <= k for k in range(1, 5)])
        curves.append(np.mean(found, axis=0))
    expected = expected_cmc(cost, Probes(QUERY, GALLERY, QUERY_AT, GALLERY_AT))
    np.testing.assert_allclose(expected, np.mean(curves, axis=0))
    short = expected_cmc(cost, Probes(QUERY, GALLERY, QUERY_AT, GALLERY_AT), size=2)
    np.testing.assert_allclose(short, expected[:2])


def test_blocks_of_queries_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cost = np.random.default_rng(0).random((3, 8))
    whole = expected_cmc(cost, Probes(QUERY, GALLERY))
    monkeypatch.setattr(module, "BLOCK", 2 * 8)
    np.testing.assert_allclose(expected_cmc(cost, Probes(QUERY, GALLERY)), whole)


def test_is_the_plain_curve_where_everybody_has_one_image() -> None:
    rng = np.random.default_rng(0)
    persons = np.arange(30).astype(str)
    query, cost = rng.permutation(np.repeat(persons, 2)), rng.random((60, 30))
    plain = cmc(ranks(cost, Probes(query, persons)), 30)
    np.testing.assert_allclose(expected_cmc(cost, Probes(query, persons), size=30), plain)
    assert np.all(np.diff(plain) >= 0) and plain[-1] == 1


def test_queries_without_a_true_match_are_left_out() -> None:
    cost = np.array([[0.1, 0.2, 0.3], [0.3, 0.1, 0.2]])
    gallery = np.array(["1", "2", "2"])
    found = expected_cmc(cost, Probes(np.array(["9", "2"]), gallery))
    assert (
        found.tolist()
        == expected_cmc(cost[1:], Probes(np.array(["2"]), gallery)).tolist()
        == [1, 1]
    )


@pytest.mark.slow
def test_many_draws_come_to_it() -> None:
    rng = np.random.default_rng(0)
    gallery = np.repeat(np.arange(6).astype(str), 4)
    query, cost = np.arange(6).astype(str), rng.random((6, 24))
    curves = []
    for _ in range(3000):
        drawn = np.arange(6) * 4 + rng.integers(0, 4, 6)
        curves.append(cmc(ranks(cost[:, drawn], Probes(query, gallery[drawn])), 6))
    np.testing.assert_allclose(
        expected_cmc(cost, Probes(query, gallery)), np.mean(curves, 0), atol=0.02
    )


def test_no_true_match_is_one_line() -> None:
    with pytest.raises(InputError, match="none of 1 queries has a true match"):
        expected_cmc(np.zeros((1, 2)), Probes(np.array(["9"]), np.array(["1", "2"])))


def test_persons_and_true_images_left_out_early_change_nothing() -> None:
    rng = np.random.default_rng(0)
    gallery = np.repeat(np.arange(300).astype(str), 2)
    query = np.arange(12).astype(str)
    cost = np.round(rng.random((12, 600)), 2) ** np.linspace(1, 3, 12)[:, None]
    for q in range(12):
        cost[q, 2 * q] /= 8 * (q + 1)  # one true image early, the other anywhere
    total = np.zeros(300)
    for q, costs in enumerate(cost):
        for match in (2 * q, 2 * q + 1):
            chances = (costs.reshape(300, 2) <= costs[match]).mean(1)
            exact = np.ones(1)
            for p in np.delete(chances, q):
                exact = np.convolve(exact, [1 - p, p])
            total += exact / 2
    curve = np.cumsum(total)[:10] / 12
    np.testing.assert_allclose(
        expected_cmc(cost, Probes(query, gallery), size=10), curve, rtol=1e-12
    )
