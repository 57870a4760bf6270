from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.metrics import cmc as module
from mtdnet.metrics.cmc import Probes, cmc, mean_average_precision, ranks, retrieval

Setting = tuple[NDArray[np.float64], Probes]


def market(seed: int, ties: bool = False) -> Setting:
    """Return costs, persons and cameras of 30 queries and 80 gallery images, some unmatched."""
    random = np.random.default_rng(seed)
    cost = random.random((30, 80))
    cost = np.round(cost, 1) if ties else cost
    people = random.integers(0, 12, 30).astype(str), random.integers(2, 15, 80).astype(str)
    places = np.array(["1", "2", "3", ""])
    cameras = random.choice(places, 30), random.choice(places, 80)
    return cost, Probes(*people, *cameras)


def kept(setting: Setting, q: int) -> list[tuple[float, bool]]:
    """Return (cost, true match) of each gallery image that counts for query ``q``: plainly."""
    cost, (who, whom, where, there) = setting
    assert where is not None and there is not None
    return [
        (float(cost[q, g]), bool(who[q] == whom[g]))
        for g in range(cost.shape[1])
        if not (who[q] == whom[g] and where[q] == there[g] and where[q] != "")
    ]


def plain_rank(setting: Setting, q: int) -> int:
    ordered = sorted(kept(setting, q))  # False before True: a wrong match comes first in a tie
    return next((place for place, (_, true) in enumerate(ordered, 1) if true), 0)


def plain_precision(setting: Setting, q: int) -> float | None:
    hits, precisions = 0, []
    for place, (_, true) in enumerate(sorted(kept(setting, q)), 1):
        if true:
            hits += 1
            precisions.append(hits / place)
    return sum(precisions) / hits if hits else None


@pytest.mark.parametrize("ties", [False, True])
def test_inverse_penalty_equals_a_plain_loop(ties: bool) -> None:
    setting = market(0, ties)
    for q, found in enumerate(retrieval(*setting)[2]):
        ordered = [true for _, true in sorted(kept(setting, q))]
        hardest = max((place for place, true in enumerate(ordered, 1) if true), default=0)
        assert found == pytest.approx(sum(ordered) / hardest if hardest else 0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ties", [False, True])
def test_ranks_and_precision_equal_plain_loops(seed: int, ties: bool) -> None:
    setting = market(seed, ties)
    queries = range(len(setting[0]))
    expected = [plain_rank(setting, q) for q in queries]
    assert 0 in expected  # queries without a true match are among them
    assert ranks(*setting).tolist() == expected
    precisions = [p for q in queries if (p := plain_precision(setting, q)) is not None]
    assert mean_average_precision(*setting) == pytest.approx(sum(precisions) / len(precisions))


@pytest.mark.parametrize("measure", [ranks, mean_average_precision])
def test_blocks_of_queries_change_nothing(
    measure: Callable[..., NDArray[np.int64] | float], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = measure(*market(1, ties=True))
    monkeypatch.setattr(module, "BLOCK", 80 * 7)
    assert np.array_equal(measure(*market(1, ties=True)), whole)


def test_average_precision_equals_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    setting = market(3)
    expected = []
    for q in range(len(setting[0])):
        costs, true = zip(*kept(setting, q), strict=True)
        if any(true):
            expected.append(metrics.average_precision_score(true, -np.array(costs)))
    assert mean_average_precision(*setting) == pytest.approx(np.mean(expected))


def test_ties_count_against_the_query() -> None:
    people = np.array(["x", "y", "z"])
    assert ranks(np.zeros((3, 3)), Probes(people, people)).tolist() == [3, 3, 3]
    assert mean_average_precision(np.zeros((3, 3)), Probes(people, people)) == pytest.approx(1 / 3)


def test_only_the_same_person_in_the_same_known_camera_is_passed_over() -> None:
    cost = np.array([[0.1, 0.2, 0.3, 0.4]])
    gallery = np.array(["x", "y", "y", "x"])
    cameras = np.array(["1", "1", "2", "2"])
    assert ranks(cost, Probes(np.array(["x"]), gallery, np.array(["1"]), cameras)).tolist() == [3]
    assert ranks(cost, Probes(np.array(["x"]), gallery)).tolist() == [1]
    unknown = np.full(4, "")
    assert ranks(cost, Probes(np.array(["x"]), gallery, np.array([""]), unknown)).tolist() == [1]


def test_cmc_is_the_share_of_queries_up_to_each_rank() -> None:
    curve = cmc(np.array([1, 3, 3, 0, 9, 1]), 5)
    assert curve.tolist() == pytest.approx([2 / 5, 2 / 5, 4 / 5, 4 / 5, 4 / 5])


def test_a_perfect_and_the_worst_ranking() -> None:
    people = np.array([str(i) for i in range(6)])
    perfect = 1 - np.eye(6)
    assert cmc(ranks(perfect, Probes(people, people)), 6).tolist() == [1] * 6
    assert mean_average_precision(perfect, Probes(people, people)) == 1
    assert cmc(ranks(-perfect, Probes(people, people)), 6).tolist() == [0] * 5 + [1]


def test_no_true_match_at_all_is_an_error() -> None:
    setting = np.zeros((2, 1)), Probes(np.array(["x", "y"]), np.array(["z"]))
    assert ranks(*setting).tolist() == [0, 0]
    with pytest.raises(InputError, match="none of 2 queries has a true match"):
        cmc(ranks(*setting), 1)
    with pytest.raises(InputError, match="none of 2 queries has a true match"):
        mean_average_precision(*setting)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_score_that_is_not_finite_is_an_error(bad: float) -> None:
    cost = np.zeros((3, 2))
    cost[1, 0] = bad
    people = np.array(["x", "y", "z"])
    with pytest.raises(InputError, match="query 1: a score is not finite"):
        ranks(cost, Probes(people, people[:2]))


def test_costs_of_another_shape_are_refused() -> None:
    people = np.array(["x", "y", "z"])
    with pytest.raises(ValueError, match=r"costs \(2, 3\) for 3 queries, 2 images"):
        ranks(np.zeros((2, 3)), Probes(people, people[:2]))


def test_agrees_with_torchmetrics_and_scikit_learn() -> None:
    import torch
    from sklearn.metrics import average_precision_score
    from torchmetrics.retrieval import RetrievalHitRate

    rng = np.random.default_rng(0)
    query, gallery = (np.arange(20).astype(str), np.repeat(np.arange(20).astype(str), 3))
    cost = rng.permutation(20 * 60).reshape(20, 60) / 1200.0
    curve = cmc(ranks(cost, Probes(query, gallery)), 60)
    same = query[:, None] == gallery
    scores, truth = torch.from_numpy(-cost), torch.from_numpy(same)
    index = torch.arange(20)[:, None].expand(20, 60)
    for k in (1, 5, 10, 20):
        theirs = float(RetrievalHitRate(top_k=k)(scores, truth, indexes=index))
        assert curve[k - 1] == pytest.approx(theirs)
    precisions = [average_precision_score(t, s) for t, s in zip(same, -cost, strict=True)]
    assert mean_average_precision(cost, Probes(query, gallery)) == pytest.approx(
        np.mean(precisions)
    )
