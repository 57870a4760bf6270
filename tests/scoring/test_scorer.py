"""Scores by tiles and halves against one plain forward pass a pair."""

import copy
import itertools
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mtdnet.device import Device
from mtdnet.networks.caffenet import prepare
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.scoring import scorer as module
from mtdnet.scoring import tiles
from mtdnet.scoring.scorer import Scorer
from tests.networks.spread import spread

CPU = Device(torch.device("cpu"), bf16=False, name="test")


@pytest.fixture(scope="module")
def network() -> MTDnet:
    return spread(1 / 16)


@pytest.fixture(scope="module")
def pixels() -> Tensor:
    colours = torch.randint(0, 256, (9, 1, 1, 3))
    noise = torch.randint(-30, 30, (9, 227, 227, 3))
    return (colours + noise).clamp(0, 255).to(torch.uint8)


def with_distance(network: MTDnet) -> MTDnet:
    own = copy.deepcopy(network)
    own.pair.take_distance(own.feature_size)
    return own


@torch.no_grad()
def eight(network: MTDnet, one: Tensor, two: Tensor) -> float:
    scores = []
    for a, b in itertools.product((one, one.flip(1)), (two, two.flip(1))):
        first, second = (network.trunk(prepare(image[None])) for image in (a, b))
        for left, right in ((first, second), (second, first)):
            logits = network.pair.tail(network.left(left) + network.right(right))
            scores.append(float(logits[0].double().softmax(0)[1]))
    if not network.takes_distance:
        return float(np.mean(scores))
    odds = [math.log(p / (1 - p)) for p in scores]
    return 1 / (1 + math.exp(-sum(odds) / len(odds)))


@pytest.mark.parametrize("distance", [False, True])
@pytest.mark.parametrize("block", [2, 256])
def test_probability_is_the_mean_of_eight_passes(
    network: MTDnet, pixels: Tensor, block: int, distance: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if distance:
        network = with_distance(network)
    monkeypatch.setattr(tiles, "ROWS", block)
    monkeypatch.setattr(tiles, "COLUMNS", block + 1)
    monkeypatch.setitem(module.PAIRS, "cpu", 16)
    query, gallery = np.array([0, 4, 2]), np.array([1, 8, 3, 5, 7])
    scorer = Scorer(network, CPU)
    found = scorer.probabilities(pixels, query, gallery)
    expected = [[eight(network, pixels[q], pixels[g]) for g in gallery] for q in query]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(found) > 1e-3  # else the comparison says nothing
    some = scorer.halves(pixels[query]), scorer.halves(pixels[gallery[:3]])
    matched = [expected[n][n] for n in range(3)]
    np.testing.assert_allclose(scorer.matched(*some), matched, atol=1e-5)
    one = scorer.halves(pixels[query[:1]])
    np.testing.assert_allclose(scorer.against(one, some[1]), expected[0][:3], atol=1e-5)


def test_a_verdict_of_the_distance_alone_ranks_by_it(network: MTDnet, pixels: Tensor) -> None:
    network = with_distance(network)
    network.pair.weigh(0, distance=9, bias=4)
    scorer, rows = Scorer(network, CPU), (pixels, np.array([0, 4, 2]), np.array([1, 8, 3, 5, 7]))
    found = scorer.probabilities(*rows)
    np.testing.assert_allclose(
        np.log(found / (1 - found)), 4 - 9 * scorer.distances(*rows), atol=1e-3
    )


SCORED = """
import sys, torch
from safetensors.torch import save_file
from mtdnet.device import Device
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.scoring.scorer import Scorer
torch.manual_seed(0)
network, scores = MTDnet(1 / 16), {}
pixels = torch.randint(0, 256, (70, 227, 227, 3), dtype=torch.uint8)
query, gallery = torch.arange(3).numpy(), torch.arange(40).numpy()
for bf16 in (False, True):
    scorer = Scorer(network, Device(torch.device("cpu"), bf16, "test"))
    scores[f"pair {bf16}"] = scorer.probabilities(pixels, query, gallery)
    scores[f"ranking {bf16}"] = scorer.distances(pixels, torch.arange(70).numpy(), gallery)
    scores[f"matched {bf16}"] = scorer.matched(*[scorer.halves(pixels[:20])] * 2)
save_file({name: torch.from_numpy(score) for name, score in scores.items()}, sys.argv[1])
"""


@pytest.mark.slow
def test_the_number_of_threads_does_not_show(tmp_path: Path) -> None:
    for count in ("1", "3"):
        environment = os.environ | {"OMP_NUM_THREADS": count}
        command = [sys.executable, "-c", SCORED, str(tmp_path / count)]
        subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
    one, three = ((tmp_path / count).read_bytes() for count in ("1", "3"))
    assert one == three


def test_out_of_memory_pieces_are_halved(
    network: MTDnet, pixels: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    query, gallery = np.array([0, 4, 2]), np.array([1, 8, 3, 5, 7])
    expected = Scorer(network, CPU).probabilities(pixels, query, gallery)
    scorer, room = Scorer(network, CPU), 7
    tail = scorer.tail

    def full(joint: Tensor) -> Tensor:
        if len(joint) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return tail(joint)

    monkeypatch.setattr(scorer, "tail", full)
    found = scorer.probabilities(pixels, query, gallery)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert scorer.pairs < 256
    room = 256
    for _ in range(8):
        scorer.probabilities(pixels, query, gallery)
    assert scorer.pairs == 256, "what filled it is gone"
    room = 0
    with pytest.raises(torch.OutOfMemoryError):
        scorer.probabilities(pixels, query, gallery)


@pytest.mark.slow
def test_a_compiled_tail_scores_the_same(network: MTDnet, pixels: Tensor) -> None:
    units = Device(torch.device("cpu"), bf16=True, name="test")
    query, gallery = np.array([0, 4]), np.array([1, 8, 3])
    plain = Scorer(network, units).probabilities(pixels, query, gallery)
    found = Scorer(network, units, compiled=True).probabilities(pixels, query, gallery)
    np.testing.assert_allclose(found, plain, atol=0.01)
    assert np.ptp(plain) > 0.02  # else the comparison says nothing


def test_one_query_against_a_gallery_is_a_row(
    network: MTDnet, pixels: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.PAIRS, "cpu", 8)
    scorer, query, gallery = Scorer(network, CPU), np.array([4]), np.array([1, 8, 3])
    expected = [eight(network, pixels[4], pixels[g]) for g in gallery]
    of_query, of_gallery = scorer.halves(pixels[query]), scorer.halves(pixels[gallery])
    found = scorer.against(of_query, of_gallery)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(found) > 1e-3  # else the comparison says nothing
    once = scorer.once(of_query, of_gallery[1][: len(gallery)])
    np.testing.assert_allclose(
        once, scorer.probabilities(pixels, query, gallery, folds=1)[0], atol=1e-6
    )


def test_probability_is_symmetric(network: MTDnet, pixels: Tensor) -> None:
    scorer, rows = Scorer(network, CPU), np.arange(4)
    found = scorer.probabilities(pixels, rows, rows)
    np.testing.assert_allclose(found, found.T, atol=1e-6)


@torch.no_grad()
def test_distance_is_the_mean_of_four(network: MTDnet, pixels: Tensor) -> None:
    query, gallery = np.array([3, 0]), np.array([1, 2, 5])

    def views(row: int) -> list[Tensor]:
        image = pixels[row]
        return [network.ranking(network.trunk(prepare(v[None])))[0] for v in (image, image.flip(1))]

    expected = [
        [
            np.mean([float((a - b).square().sum()) for a in views(q) for b in views(g)])
            for g in gallery.tolist()
        ]
        for q in query.tolist()
    ]
    found = Scorer(network, CPU).distances(pixels, query, gallery)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_matched_pairs_are_the_diagonal(
    network: MTDnet, pixels: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.PAIRS, "cpu", 16)
    scorer, first, second = Scorer(network, CPU), np.array([0, 4, 2]), np.array([1, 8, 2])
    expected = scorer.probabilities(pixels, first, second).diagonal()
    left, right = (scorer.halves(pixels[rows]) for rows in (first, second))
    np.testing.assert_allclose(scorer.matched(left, right), expected, atol=1e-6)
    once = scorer.probabilities(pixels, first, second, folds=1).diagonal()
    left, right = (scorer.halves(pixels[rows], (False,)) for rows in (first, second))
    np.testing.assert_allclose(scorer.matched(left, right, folds=1), once, atol=1e-6)


def test_bf16_is_close(network: MTDnet, pixels: Tensor) -> None:
    rows = np.arange(4)
    fine = Scorer(network, CPU).probabilities(pixels, rows, rows)
    coarse = Scorer(network, Device(CPU.torch, True, "test")).probabilities(pixels, rows, rows)
    assert np.ptp(fine) > 0.1  # else the comparison says nothing
    np.testing.assert_allclose(coarse, fine, atol=0.02)
