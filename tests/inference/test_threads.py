"""Many threads ask one object at once: each gets the answer that it would get alone."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mtdnet.device import Device
from mtdnet.inference.index_build import build
from mtdnet.inference.pairs import Scores
from mtdnet.inference.search import Gallery
from mtdnet.inference.verifier import Verifier
from mtdnet.scoring.scorer import Scorer
from tests.networks.spread import spread

pytestmark = pytest.mark.usefixtures("float32")
THREADS, EACH = 8, 6


def compare(questions: Sequence[Callable[[], Scores]], close: float) -> None:
    """Ask every question alone, then all of them in threads, several times."""
    alone = [question() for question in questions]
    assert all(len(answer) for answer in alone)
    with ThreadPoolExecutor(THREADS) as pool:
        asked = [(n, pool.submit(questions[n])) for _ in range(EACH) for n in range(len(questions))]
        for n, answer in asked:
            np.testing.assert_allclose(answer.result(), alone[n], atol=close)
    one, *others = (np.ravel(answer)[:1] for answer in alone)
    assert np.ptp([one, *others]) > 1e-3  # else a mix-up would not show


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.png" for number in range(8)]
    for number, path in enumerate(paths):
        rng = np.random.default_rng(number)
        noisy = rng.integers(0, 256, (1, 1, 3)) + rng.integers(-40, 40, (64, 24, 3))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path)
    return paths


def test_pairs_and_rankings(files: list[Path], networks: dict[str, Path]) -> None:
    verifier, a = Verifier(networks["random"]), files
    compare(
        [
            lambda: verifier.probability(a[:1], a[1:2]),
            lambda: verifier.probability(a[2:5], a[5:8]),
            lambda: verifier.probability([a[0], a[0], a[3]], [a[7], a[6], a[3]]),
            lambda: verifier.scores(a[4], a[:4]),
            lambda: verifier.scores(a[1], a[5:]),
        ],
        1e-5,
    )


def test_distances(files: list[Path], networks: dict[str, Path]) -> None:
    verifier = Verifier(networks["ranking"])
    compare([partial(verifier.scores, files[n], files[n + 1 :]) for n in range(4)], 1e-5)


@pytest.mark.parametrize("halves", [True, False])
def test_an_index(halves: bool, shop: Path, networks: dict[str, Path]) -> None:
    build(shop, shop.parent / "index", networks["random"], halves)
    gallery = Gallery(shop.parent / "index", networks["random"])
    queries = sorted(shop.glob("*.bmp"))[:4]

    def ask(query: Path) -> Scores:
        return np.array([score for _, score in gallery.rank(query, top=3)])

    compare([partial(ask, query) for query in queries], 1e-5)


@pytest.mark.slow
def test_a_compiled_tail_that_is_first_passed_by_threads() -> None:
    network = spread(1 / 32)
    units = Device(torch.device("cpu"), bf16=True, name="test")
    pixels = torch.randint(0, 256, (6, 227, 227, 3), dtype=torch.uint8)
    plain, scorer = Scorer(network, units), Scorer(network, units, compiled=True)
    sides = [(np.array([n]), np.arange(1, n + 2)) for n in range(5)]
    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(lambda rows: scorer.probabilities(pixels, *rows), sides))
    for scores, rows in zip(found, sides, strict=True):
        np.testing.assert_allclose(scores, plain.probabilities(pixels, *rows), atol=0.01)
