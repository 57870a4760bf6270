"""Pictures of what the heads decide: cases, calibration, and what the pair head looks at."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from mtdnet.device import Device
from mtdnet.errors import InputError
from mtdnet.metrics import calibration
from mtdnet.metrics.cmc import ranks
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.plots.head_agreement import draw_head_agreement
from mtdnet.plots.occlusion_maps import draw_occlusion_maps
from mtdnet.plots.query_gallery import QueryGallery
from mtdnet.plots.reliability import draw_reliability
from mtdnet.scoring.scorer import Scorer

PERSONS = 12
Costs = NDArray[np.float64]


def shown() -> QueryGallery:
    """Return ``PERSONS`` queries of camera a and as many gallery images of camera b."""
    rng = np.random.default_rng(0)
    return QueryGallery(
        pixels=rng.integers(0, 256, (2 * PERSONS, 227, 227, 3), np.uint8),
        person=np.tile(np.arange(PERSONS).astype(str), 2),
        camera=np.repeat(["a", "b"], PERSONS),
        query=np.arange(PERSONS),
        gallery=np.arange(PERSONS) + PERSONS,
    )


def costs(right: range) -> Costs:
    """Return costs that put the true match first for the queries ``right`` alone."""
    found = np.random.default_rng(1).random((PERSONS, PERSONS)) + 1
    for q in range(PERSONS):
        found[q, q] = 0 if q in right else 9
    return found


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Collect the figures that are saved."""
    found: list[Figure] = []
    for module in ("head_agreement", "occlusion_maps", "reliability"):
        home = import_module(f"mtdnet.plots.{module}")
        monkeypatch.setattr(home, "save", lambda figure, target: found.append(figure))
    return found


def test_counts_who_is_right_and_draws_the_clearest_cases(
    tmp_path: Path, figures: list[Figure]
) -> None:
    counts = draw_head_agreement(
        shown(),
        pair_cost=costs(range(7)),
        ranking_cost=costs(range(5, 10)),
        target=tmp_path / "head_agreement.png",
        rows=2,
    )
    assert counts == {
        "both": 2,
        "pair head alone": 5,
        "ranking head alone": 3,
        "neither": 2,
    }
    found = texts(figures[0])
    assert "pair head alone right: 5 of 12 queries" in found
    assert "ranking head alone right: 3 of 12 queries" in found
    assert (
        len(figures[0].axes[0].images) == 4 * 8
    )  # two of each kind: query, three, three, true match


def test_the_largest_gaps_between_ranks_are_drawn(tmp_path: Path, figures: list[Figure]) -> None:
    ranking = np.tile(np.arange(PERSONS) * 1.0, (PERSONS, 1))  # query q is found at rank q + 1
    ranking[np.arange(PERSONS), np.arange(PERSONS)] -= 0.5
    target = tmp_path / "head_agreement.png"
    own = costs(range(PERSONS))
    draw_head_agreement(shown(), pair_cost=own, ranking_cost=ranking, target=target, rows=2)
    told = texts(figures[0])
    assert [text for text in told if "query\n" in text] == ["query\nperson 11", "query\nperson 10"]
    marks = [text for text in told if text[:1].isdigit() and text[-1] in "✓✗"]
    assert marks[:6] == ["1 ✗", "2 ✗", "3 ✗", "1 ✓", "2 ✗", "3 ✗"]
    assert next(text for text in told if "rank " in text) == "ranking: rank 12\npair: rank 1"


def test_ties_are_nobodys_right_answer(tmp_path: Path, figures: list[Figure]) -> None:
    level = np.zeros((PERSONS, PERSONS))
    target = tmp_path / "head_agreement.png"
    counts = draw_head_agreement(shown(), pair_cost=level, ranking_cost=level, target=target)
    assert counts["neither"] == PERSONS and sum(counts.values()) == PERSONS
    assert "pair head alone right: no such query" in texts(figures[0])
    assert not figures[0].axes[0].images


def test_no_true_match_is_one_line(tmp_path: Path) -> None:
    alone = replace(shown(), person=np.arange(2 * PERSONS).astype(str))
    with pytest.raises(InputError, match="some: none of 12 queries has a true match"):
        draw_head_agreement(
            alone,
            pair_cost=costs(range(0)),
            ranking_cost=costs(range(0)),
            target=tmp_path / "head_agreement.png",
            title="some",
        )


@pytest.fixture
def scorer() -> Scorer:
    torch.manual_seed(0)
    return Scorer(MTDnet(1 / 32), Device(torch.device("cpu"), bf16=False, name="test"))


@pytest.mark.parametrize("right", [range(0), range(1), range(6), range(PERSONS)])
def test_shows_pairs_of_each_kind_once(
    right: range,
    tmp_path: Path,
    figures: list[Figure],
    scorer: Scorer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pairs: list[tuple[int, int]] = []

    def maps(_: Scorer, *images: torch.Tensor) -> tuple[Costs, Costs]:
        first, second = (
            int(np.flatnonzero((own.pixels == image.numpy()).all((1, 2, 3)))[0]) for image in images
        )
        pairs.append((first, second))
        return np.zeros((227, 227)), np.full((227, 227), 0.2)

    monkeypatch.setattr(import_module("mtdnet.plots.occlusion_maps"), "occlusion", maps)
    own, cost = shown(), costs(right)
    target = tmp_path / "occlusion_maps.png"
    draw_occlusion_maps(
        own, scorer=scorer, score=-cost, ranks=ranks(cost, own.names()), target=target
    )
    told = [text.split("\n") for text in texts(figures[0]) if "\n" in text]
    kinds = [kind for kind, _ in told[1::2]]
    assert len(kinds) == 4 == len(set(pairs))
    if len(right) == 6:
        assert kinds == ["surest, right", "typical, right", "surest, wrong", "missed"]
    for (query, gallery), (_, first), (kind, second) in zip(
        pairs, told[::2], told[1::2], strict=True
    ):
        assert first == f"person {query}"
        true = query == gallery - PERSONS
        assert second == f"person {gallery - PERSONS} {'✓' if true else '✗'}"
        assert true == ("wrong" not in kind) and (query in right) == ("right" in kind)
    scales = [axes for axes in figures[0].axes if axes.get_ylabel() == "drop of P(same)"]
    assert [axes.get_ylim() for axes in scales] == [(-0.2, 0.2)] * 4


def test_a_network_looks_at_its_own_images(tmp_path: Path, scorer: Scorer) -> None:
    own, cost = shown(), costs(range(6))
    target = tmp_path / "occlusion_maps.png"
    draw_occlusion_maps(
        own, scorer=scorer, score=-cost, ranks=ranks(cost, own.names()), target=target, pairs=1
    )
    with Image.open(target) as opened:
        assert opened.format == "PNG" and opened.width < 1300


def test_reliability_lines_hold_the_curves(tmp_path: Path, figures: list[Figure]) -> None:
    rng = np.random.default_rng(0)
    probability, same = rng.random(500), rng.random(500) < 0.3
    raw = calibration.reliability(probability, same)
    own = calibration.reliability(calibration.calibrated(probability, 2.0), same)
    draw_reliability({"MTDnet": (raw, own)}, tmp_path / "reliability.png")
    above, below = figures[0].axes
    _, first, second = above.lines
    assert np.array_equal(np.asarray(first.get_xdata()), raw.predicted)
    assert np.array_equal(np.asarray(second.get_ydata()), own.observed)
    assert first.get_label() == f"raw: error {calibration.calibration_error(raw):.1%}"
    assert first.get_linestyle() != second.get_linestyle()  # not by colour alone
    assert len(below.patches) == len(raw.weight) + len(own.weight)


def test_pictures_are_small_png_files(tmp_path: Path) -> None:
    target = tmp_path / "head_agreement.png"
    draw_head_agreement(
        shown(), pair_cost=costs(range(7)), ranking_cost=costs(range(5, 10)), target=target
    )
    with Image.open(target) as opened:
        assert opened.format == "PNG" and opened.width < 1300
