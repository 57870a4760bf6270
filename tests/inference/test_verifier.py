from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mtdnet import device
from mtdnet.data.pixels import resized
from mtdnet.errors import InputError
from mtdnet.inference import verifier as module
from mtdnet.inference.verifier import Verifier
from mtdnet.networks import serialization
from mtdnet.networks.alexnet import AlexNet
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.scoring.scorer import Scorer


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for number, path in enumerate(paths):
        pixels = np.random.default_rng(number).integers(0, 256, (64, 24, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    return paths


def test_scores_files_as_the_test_scores_images(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", 2)
    network = MTDnet(1 / 16)
    serialization.save(network, tmp_path / "network.safetensors")
    verifier = Verifier(tmp_path / "network.safetensors")
    a, b, c = files
    found = verifier.probability([a, a, b], [b, c, b])
    pixels = np.stack([resized(Image.open(path)) for path in files])
    scorer = Scorer(network, torch.from_numpy(pixels), device.choose())
    expected = scorer.probabilities(np.arange(3), np.arange(3))
    np.testing.assert_allclose(found, expected[[0, 0, 1], [1, 2, 1]], atol=1e-3)
    np.testing.assert_allclose(verifier.probability([b], [a]), found[:1], atol=1e-3)
    assert verifier.probability([], []).shape == (0,)


def test_one_line_for_files_that_are_no_images(files: list[Path], tmp_path: Path) -> None:
    serialization.save(MTDnet(1 / 16), tmp_path / "network.safetensors")
    verifier = Verifier(tmp_path / "network.safetensors")
    with pytest.raises(InputError, match="1 left and 2 right images make no pairs"):
        verifier.probability(files[:1], files[:2])
    with pytest.raises(InputError, match=r"gone\.png: can't be read"):
        verifier.probability(files[:1], [tmp_path / "gone.png"])


def test_a_network_without_a_pair_head_ranks_only(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", 2)
    network = AlexNet(1 / 16)
    serialization.save(network, tmp_path / "network.safetensors")
    verifier = Verifier(tmp_path / "network.safetensors")
    pixels = np.stack([resized(Image.open(path)) for path in files])
    scorer = Scorer(network, torch.from_numpy(pixels), device.choose())
    expected = scorer.distances(np.array([1]), np.arange(3))[0]
    np.testing.assert_allclose(verifier.rank(files[1], files), expected, atol=1e-2)
    with pytest.raises(InputError, match="this network only ranks"):
        verifier.probability(files[:1], files[1:2])


def test_a_low_temperature_makes_no_ties(tmp_path: Path) -> None:
    serialization.save(MTDnet(1 / 16), tmp_path / "network.safetensors", 0.1)
    verifier = Verifier(tmp_path / "network.safetensors")
    sure = np.array([0.9, 0.91, 0.92], np.float32)
    assert np.all(np.diff(verifier._calibrated(sure)) > 0)
