"""What an evaluation writes, against plain loops over the test's pairs."""

from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file

from mtdnet.artifacts import Facts, Fusion, Metrics, Ranks, TrainingRecord
from mtdnet.data.images import Images
from mtdnet.evaluation.evaluate import evaluate
from mtdnet.files import read_json
from mtdnet.metrics.rerank import rerank
from mtdnet.networks import serialization
from mtdnet.networks.base import Network
from mtdnet.params import Evaluate, Rerank

pytestmark = pytest.mark.usefixtures("float32")
WEIGHTS = Fusion(logit=0.7, distance=1.3, bias=-0.2)
Scores = NDArray[np.float64]


@pytest.fixture(scope="module")
def room(
    small: Path, train_small: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a folder with a trained model, whose fusion is given."""
    folder = tmp_path_factory.mktemp("evaluated")
    train_small(folder, steps=2, learning_rate=0.01, validate_every=2)
    record = TrainingRecord.read(folder / "model")
    record.model_copy(update={"fusion": WEIGHTS}).write(folder / "model")
    return folder


def figures_of(small: Path, room: Path, **settings: object) -> Path:
    evaluate(
        ingested=small / "ingest" / "viper",
        augmented=small / "augment" / "viper-0",
        model=room / "model",
        out=room / "viper-0" / "test",
        checkpoints=room / "kept",
        settings=Evaluate(pictures=1, rerank=Rerank(k1=2, k2=1)),
        **settings,  # type: ignore[arg-type]
    )
    return room / "viper-0" / "test"


def network(room: Path) -> Network:
    return serialization.load(room / "model" / "network.safetensors").network


def views(small: Path, own: Network, rows: Iterable[int]) -> list[list[torch.Tensor]]:
    """Return the trunk's maps of each image, plain and mirrored."""
    pixels = torch.from_numpy(Images.open(small / "ingest" / "viper").pixels)
    with torch.no_grad():
        return [
            [own.trunk(own.trunk.prepare(p)) for p in (pixels[[r]], pixels[[r]].flip(2))]
            for r in rows
        ]


@torch.no_grad()
def plain_probability(own: Network, first: list[torch.Tensor], second: list[torch.Tensor]) -> float:
    assert own.pair is not None
    orders = [(a, b) for a, b in product(first, second)]
    orders += [(b, a) for a, b in product(first, second)]
    logits = [own.pair.tail(own.left(a) + own.right(b)) for a, b in orders]
    return float(np.mean([float(one.double().softmax(1)[0, 1]) for one in logits]))


@torch.no_grad()
def plain_distance(own: Network, first: list[torch.Tensor], second: list[torch.Tensor]) -> float:
    pairs = product(first, second)
    found = [(own.features(a) - own.features(b)).double().square().sum() for a, b in pairs]
    return float(np.mean([float(one) for one in found]))


def rank1(cost: Scores, query: Iterable[str], gallery: list[str]) -> float:
    right = []
    for row, person in zip(cost, query, strict=True):
        match = min(c for c, other in zip(row, gallery, strict=True) if other == person)
        right.append(all(c > match for c, o in zip(row, gallery, strict=True) if o != person))
    return float(np.mean(right))


@pytest.mark.slow
def test_both_heads_fused_and_re_ranked_are_what_loops_over_pairs_give(
    small: Path, room: Path
) -> None:
    out, own = figures_of(small, room), network(room)
    scores, figures = load_file(out / "scores.safetensors"), Metrics.read(out).root
    assert list(figures) == list(Ranks.read(out).systems)
    assert list(figures) == ["MTDnet", "MTDnet-trp", "MTDnet-trp-reranked", "MTDnet-fused"]
    query, gallery = scores["query"].tolist(), scores["gallery"].tolist()
    images = Images.open(small / "ingest" / "viper")
    who, whom = images.person[query].tolist(), images.person[gallery].tolist()
    maps = views(small, own, query + gallery)
    every = range(len(maps))
    distance = np.array([[plain_distance(own, maps[i], maps[j]) for j in every] for i in every])
    ours, theirs = maps[: len(query)], maps[len(query) :]
    p = np.array([[plain_probability(own, a, b) for b in theirs] for a in ours])
    odds = 0.7 * np.log(p / (1 - p)) - 1.3 * distance[: len(query), len(query) :] - 0.2
    np.testing.assert_allclose(scores["MTDnet-fused"], odds, atol=1e-4)
    assert figures["MTDnet-fused"]["rank-1"] == rank1(-scores["MTDnet-fused"], who, whom)
    np.fill_diagonal(distance, 0)
    again = rerank(distance, len(query), 2, 1, 0.3)
    np.testing.assert_allclose(scores["MTDnet-trp-reranked"], again, atol=1e-4)
    assert {"auc", "tar-0.1", "dir-0.1"} <= figures["MTDnet"].keys()
    assert "ece" in figures["MTDnet-fused"] and "ece-raw" not in figures["MTDnet-fused"]
    assert (out / "pictures" / "roc.png").is_file()
    assert Facts.read(out).fusion == WEIGHTS


@pytest.mark.slow
def test_a_source_network_on_a_target_is_its_first_system(small: Path, room: Path) -> None:
    out, own = figures_of(small, room, source_only=True), network(room)
    (found,) = Metrics.read(out).root
    assert found == "MTDnet-source"
    scores, facts = load_file(out / "scores.safetensors"), Facts.read(out)
    assert (facts.train_persons, facts.validation_persons, facts.variant) == (0, 0, "mtdnet")
    maps = [views(small, own, scores[name].tolist()) for name in ("query", "gallery")]
    p = np.array([[plain_probability(own, a, b) for b in maps[1]] for a in maps[0]])
    np.testing.assert_allclose(scores["MTDnet-source"], p, atol=1e-5)
    images = Images.open(small / "ingest" / "viper")
    who, whom = (images.person[scores[name]].tolist() for name in ("query", "gallery"))
    expected = rank1(-scores["MTDnet-source"].astype(np.float64), who, whom)
    assert read_json(out / "metrics.json")["MTDnet-source"]["rank-1"] == expected


@pytest.mark.slow
def test_without_weights_there_is_no_fused_row(
    small: Path, room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = TrainingRecord.read(room / "model")
    record.model_copy(update={"fusion": None}).write(room / "model")
    out = figures_of(small, room)
    record.write(room / "model")
    assert "MTDnet-fused" not in Metrics.read(out).root
    assert "no weights of both heads, so no MTDnet-fused" in capsys.readouterr().err
