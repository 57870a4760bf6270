"""The tail by Fourier products against the plain layers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mtdnet.data.images import Images
from mtdnet.device import Device
from mtdnet.metrics.cmc import Probes, ranks
from mtdnet.networks import fourier_tail, serialization
from mtdnet.networks.fourier_tail import Convolution, Tail
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.scoring.scorer import Scorer

CPU = Device(torch.device("cpu"), bf16=False, name="test")


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_a_convolution_is_the_plain_one(groups: int) -> None:
    torch.manual_seed(groups)
    plain = nn.Conv2d(4 * groups, 6 * groups, 3, padding=1, groups=groups)
    maps = torch.randn(5, 4 * groups, 13, 13)
    with torch.inference_mode():
        grouped = maps.view(5, groups, 4, 13, 13).permute(1, 3, 4, 0, 2)
        found = Convolution(plain)(grouped).permute(3, 0, 4, 1, 2).flatten(1, 2)
        exact = plain.double()(maps.double())
    np.testing.assert_allclose(found, exact, atol=3e-6)


@pytest.mark.parametrize("pairs", [1, 7])
def test_a_tail_is_the_plain_one(pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fourier_tail, "PAIRS", 3)
    torch.manual_seed(pairs)
    head = MTDnet(1 / 8).eval().pair
    for parameter in head.parameters():  # spread the scores, biases too
        parameter.data += torch.randn_like(parameter) * 0.05
    joint = torch.randn(pairs, 48, 13, 13)
    before = joint.clone()
    with torch.inference_mode():
        expected, found = head.tail(joint), Tail(head)(joint)
    assert expected.abs().min() > 1e-2  # else the comparison says nothing
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(joint, before)


def test_trained_scores_and_ranks_are_the_plain_ones(
    small: Path,
    train_small: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MTDNET_DEVICE", "cpu")
    train_small(tmp_path, steps=12, learning_rate=0.01, validate_every=12)
    network = serialization.load(tmp_path / "model" / "network.safetensors").network
    assert isinstance(network, MTDnet)
    images, rows = Images.open(small / "ingest" / "viper"), np.arange(28)
    scorer, pixels = Scorer(network, CPU), torch.from_numpy(images.pixels)
    assert isinstance(scorer.logits, Tail)
    found = scorer.probabilities(pixels, rows, rows)
    scorer.logits = network.pair.tail
    plain = scorer.probabilities(pixels, rows, rows)
    assert np.ptp(plain) > 1e-3  # else the comparison says nothing
    np.testing.assert_allclose(found, plain, atol=1e-5)
    who = images.person, images.person, images.camera, images.camera
    np.testing.assert_array_equal(ranks(-found, Probes(*who)), ranks(-plain, Probes(*who)))
