"""Blocks of persons whom the network confuses."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from numpy.typing import NDArray

from mtdnet import device, variants
from mtdnet.data.images import Images
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Augment, Training
from mtdnet.params.training import HardNegatives
from mtdnet.protocol.triplets import deal_alike
from mtdnet.scoring.scorer import Scorer
from mtdnet.tables import read_table
from mtdnet.training import data
from mtdnet.training.hard_negatives import HardBlocks
from mtdnet.training.parallel import Distributed
from mtdnet.training.trainer import Trainer

Rows = NDArray[np.int64]


def plain(
    who: list[int], distance: NDArray[np.floating], size: int, share: float, left: list[int]
) -> list[list[int]]:
    """Deal as ``deal_alike`` says, one pair after the other; ``left``: the random order."""
    dealt = []
    while left:
        block = [left.pop(0)]
        while len(block) < size:
            new = [i for i in left if who[i] not in {who[j] for j in block}] or left
            near = min(new, key=lambda i: distance[block[0], i])
            block.append(near if len(block) < share * size else new[0])
            left.remove(block[-1])
        dealt.append(block)
    return dealt


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_deals_as_a_plain_loop(share: float) -> None:
    random = np.random.default_rng(3)
    who, distance = random.integers(0, 11, 40), random.random((40, 40))
    found = deal_alike(who, distance, 5, share, np.random.default_rng(1))
    order = np.random.default_rng(1).permutation(40).tolist()
    assert found.tolist() == plain(who.tolist(), distance, 8, share, order)


def test_half_of_a_block_are_alike_and_every_pair_is_dealt_once() -> None:
    who = np.arange(40)
    group = who % 4  # persons of a group look alike
    distance = (group[:, None] != group).astype(float)
    dealt = deal_alike(who, distance, 4, 0.5, np.random.default_rng(0))
    assert sorted(dealt.flatten().tolist()) == who.tolist()
    for block in dealt[:2]:  # later ones have fewer to choose from
        assert (group[block[:5]] == group[block[0]]).all()
        assert len(set(group[block[5:]].tolist())) > 1


def lists(small: Path, share: float, every: int = 4) -> HardBlocks:
    """Return the lists of a training of a drawn network on the two-coloured persons."""
    torch.manual_seed(0)
    hard = HardNegatives(share=share, every=every)
    settings = Training(steps=8, triplets=20, hard_negatives=hard)
    place = device.choose()
    trainer = Trainer(variants.load("mtdnet"), MTDnet(1 / 16), settings, place, Distributed())
    folders = small / "ingest" / "viper", small / "augment" / "viper-0"
    own = data.Benchmark.open(folders, trainer.network.trunk.size, place)
    found = data.target([own], [None], Augment(negatives=5, pairs=10), 1, trainer, None)
    assert isinstance(found, HardBlocks)
    return found


@pytest.mark.usefixtures("float32")
@pytest.mark.slow
def test_triplets_are_of_the_list_and_negatives_are_nearer_than_random_ones(small: Path) -> None:
    images = Images.open(small / "ingest" / "viper")
    part = read_table(small / "augment" / "viper-0" / "split.parquet", {"part": pa.string()})
    train = np.array(part["part"].to_pylist()) == "train"
    means = []
    for share in (0.01, 1.0):
        own = lists(small, share)
        for step in range(8):
            assert own.batch(step).batch.triplets.shape == (3, 20)
            assert len(own.trainer.windows) == 1, "windows that are over are not kept"
        triplets = own._deal(0).numpy() // 2
        anchor, positive, negative = triplets.T
        assert train[triplets].all()
        assert (images.person[anchor] == images.person[positive]).all()
        assert (images.person[anchor] != images.person[negative]).all()
        assert (images.camera[anchor] != images.camera[positive]).all()
        assert (images.camera[positive] == images.camera[negative]).all()
        scorer, every = Scorer(own.trainer.network, device.choose()), np.arange(len(train))
        distance = scorer.distances(own.plain.pixels, every, every)
        means.append(distance[anchor, negative].mean())
    assert means[1] < means[0]


@pytest.mark.usefixtures("float32")
@pytest.mark.slow
def test_a_window_rests_on_the_network_of_its_first_step(small: Path) -> None:
    own, other = lists(small, 0.5), lists(small, 0.5)
    for step in range(4):
        assert torch.equal(own.batch(step).batch.triplets, other.batch(step).batch.triplets)
        with torch.no_grad():  # as training does, but too late for this window
            for weight in own.trainer.network.parameters():
                weight.mul_(torch.rand_like(weight))
    items = [next(iter(each.trainer.windows.values())) for each in (own, other)]
    assert torch.equal(*items)
    for each in (own, other):
        each.batch(4)
    items = [each.trainer.windows["0.1"] for each in (own, other)]
    assert not torch.equal(*items)
    pairs = [np.unique(each[:, :2].numpy() // 2, axis=0).tolist() for each in items]
    assert pairs[0] == pairs[1], "of the same pairs"
