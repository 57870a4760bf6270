from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mtdnet import device
from mtdnet.data.pixels import resized
from mtdnet.errors import InputError
from mtdnet.inference import pairs
from mtdnet.inference import verifier as module
from mtdnet.inference.features import pixels
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
    monkeypatch.setattr(pairs, "BLOCK", 2)
    network = MTDnet(1 / 16)
    serialization.save(network, tmp_path / "network.safetensors")
    verifier = Verifier(tmp_path / "network.safetensors")
    a, b, c = files
    found = verifier.probability([a, a, b], [b, c, b])
    images = torch.from_numpy(np.stack([resized(Image.open(path), (227, 227)) for path in files]))
    scorer = Scorer(network, device.choose())
    expected = scorer.probabilities(images, np.arange(3), np.arange(3))
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
    images = torch.from_numpy(np.stack([resized(Image.open(path), (227, 227)) for path in files]))
    scorer = Scorer(network, device.choose())
    expected = scorer.distances(images, np.array([1]), np.arange(3))[0]
    np.testing.assert_allclose(verifier.scores(files[1], files), expected, atol=1e-2)
    with pytest.raises(InputError, match="this network only ranks"):
        verifier.probability(files[:1], files[1:2])


def test_a_low_temperature_makes_no_ties(tmp_path: Path) -> None:
    serialization.save(MTDnet(1 / 16), tmp_path / "network.safetensors", 0.1)
    verifier = Verifier(tmp_path / "network.safetensors")
    sure = np.array([0.9, 0.91, 0.92], np.float32)
    assert np.all(np.diff(verifier._describer.calibrated(sure)) > 0)


@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("held", [10, 4])
def test_an_image_of_many_pairs_is_read_once(
    held: int,
    files: list[Path],
    networks: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file is read and passed through the trunk once, as long as all of them are held."""
    monkeypatch.setattr(pairs, "BLOCK", 2)
    monkeypatch.setattr(pairs, "IN_MEMORY", held)
    read: list[Path] = []

    def reading(some: list[Path], size: tuple[int, int]) -> torch.Tensor:
        read.extend(some)
        return pixels(some, size)

    monkeypatch.setattr(pairs, "pixels", reading)
    more = [file.with_name(f"more-{file.name}") for file in files]
    for file, own in zip(more, files, strict=True):
        with Image.open(own) as image:
            image.rotate(180).save(file)
    every = [(a, b) for a in files + more for b in files + more][::-1]
    verifier = Verifier(networks["random"])
    found = verifier.probability([a for a, _ in every], [b for _, b in every])
    once = read.copy()
    for (a, b), score in zip(every[::7], found[::7], strict=True):
        np.testing.assert_allclose(verifier.probability([a], [b])[0], score, atol=1e-5)
    assert np.ptp(found) > 1e-3  # else the comparison says nothing
    if held == 10:
        assert sorted(once) == sorted(files + more)
    else:
        assert set(once) == {*files, *more} and len(once) > len(set(once))
