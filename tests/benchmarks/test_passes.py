"""The plain way, a pass a pair, gives the scores that it is compared with."""

from pathlib import Path

import numpy as np
import torch

from benchmarks import passes
from benchmarks.rows import Place
from mtdnet.device import Device
from mtdnet.networks import serialization
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.scoring.scorer import Scorer
from tests.networks.spread import spread

CPU = Device(torch.device("cpu"), bf16=False, name="test")


def test_plain_passes_give_the_eight_fold_scores(tmp_path: Path) -> None:
    network = spread(1 / 16)
    place = Place(CPU, 1e9, tmp_path, network=None, images=None)
    images = passes.pixels(place, 7)
    query, gallery = np.array([0, 4, 2]), np.array([1, 3, 5, 6])
    plain = passes.probabilities(network, images, query, gallery, batch=5)
    own = Scorer(network, CPU).probabilities(images, query, gallery)
    assert np.ptp(plain) > 1e-3  # else the comparison says nothing
    np.testing.assert_allclose(own, plain, atol=1e-5)
    assert passes.compared(own, plain)["same ranks"] is True
    assert passes.compared(own, -plain)["same ranks"] is False


def test_the_projects_images_and_network_are_taken(small: Path, tmp_path: Path) -> None:
    serialization.save(MTDnet(1 / 16), tmp_path / "network.safetensors")
    network, images = tmp_path / "network.safetensors", small / "ingest" / "viper"
    place = Place(CPU, 1e9, tmp_path, network, images)
    assert passes.pixels(place, 5).shape == (5, 227, 227, 3)
    drawn, kept = passes.networks(place).values()
    assert (drawn.width, kept.width) == (1, 1 / 16)


def test_operations_are_those_of_the_layers() -> None:
    network = MTDnet(1 / 16)
    scorer = Scorer(network, CPU)
    scorer.logits = network.pair.tail
    fc = 16 * 36 * 256 + 256 * 256
    convolutions = 169 * 9 * (24 * 12 + 16 * 12)
    assert passes.flops(scorer)[1] == 2 * (fc + convolutions)
