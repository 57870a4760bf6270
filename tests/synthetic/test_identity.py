"""What tells drawn people apart: where colours are worn, not which colours there are."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mtdnet.synthetic.scene import Pixels
from mtdnet.synthetic.studio import Studio

TRAIN, TEST = 80, 40

Scores = NDArray[np.float64]


@pytest.fixture(scope="module")
def pairs() -> list[list[Pixels]]:
    studio = Studio("identity", 0, lambda: None)
    return [studio.album(str(person), "ab") for person in range(TRAIN + TEST)]


def rank_1(scores: Scores) -> float:
    """Return the share of queries (rows) whose own person scores above all others."""
    return float(((scores >= np.diag(scores)[:, None]).sum(1) == 1).mean())


def histogram(pixels: Pixels, space: str) -> Scores:
    values = np.asarray(Image.fromarray(pixels).convert(space)).reshape(-1, 3) // 32
    return np.bincount(values @ np.array([64, 8, 1]), minlength=512) / len(values)


def grid(pixels: Pixels) -> Scores:
    """Return mean colours of 9 rows by 3 columns."""
    small = Image.fromarray(pixels).resize((3, 9), Image.Resampling.BOX)
    return np.asarray(small, float).ravel()


@pytest.mark.parametrize("space", ["RGB", "HSV"])
def test_colour_histograms_are_weak(pairs: list[list[Pixels]], space: str) -> None:
    a, b = (np.array([histogram(pair[view], space) for pair in pairs[TRAIN:]]) for view in (0, 1))
    assert rank_1(np.minimum(a[:, None], b).sum(2)) < 0.15


def test_places_of_colours_learned_on_others_are_strong(pairs: list[list[Pixels]]) -> None:
    a, b = (np.array([grid(pair[view]) for pair in pairs]) for view in (0, 1))
    a, b = ((x - x[:TRAIN].mean(0)) / x[:TRAIN].std(0) for x in (a, b))
    change = (a - b)[:TRAIN]  # of one person between the cameras: what a distance should ignore
    metric = np.linalg.inv(change.T @ change / TRAIN + 0.3 * np.eye(change.shape[1]))
    apart = a[TRAIN:, None] - b[None, TRAIN:]
    assert rank_1(-np.einsum("qgi,ij,qgj->qg", apart, metric, apart)) > 0.5
