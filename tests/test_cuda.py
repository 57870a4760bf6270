"""The same losses, gradients and scores on a GPU as on the processor; skipped without one."""

import copy
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from mtdnet import variants
from mtdnet.data.images import Images
from mtdnet.device import Device
from mtdnet.files import read_json
from mtdnet.networks.base import Network
from mtdnet.params import VARIANTS, Losses, Training
from mtdnet.params.training import TripletLoss
from mtdnet.scoring.scorer import Scorer
from mtdnet.training.parallel import Distributed
from mtdnet.training.trainer import Trainer
from mtdnet.training.triplets import Triplets

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")
CPU = Device(torch.device("cpu"), bf16=False, name="test")
GPU = Device(torch.device("cuda"), bf16=False, name="test")
SETTINGS = Training(
    steps=1, triplets=20, learning_rate=0.01, losses=Losses(triplet=TripletLoss(margin=3.0))
)


@pytest.fixture(autouse=True)
def whole_products() -> Iterator[None]:
    """Multiply in float32, not in TF32."""
    former = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = former


def drawn(kind: type[Network]) -> Network:
    torch.manual_seed(0)
    own = kind(1 / 16).train()
    for parameter in own.trunk.parameters():  # large enough maps for all losses to matter
        parameter.data *= 3
    for module in own.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return own


def gradients(
    small: Path, variant: str, place: Device, compiled: bool
) -> tuple[dict[str, float], dict[str, torch.Tensor]]:
    images = torch.from_numpy(Images.open(small / "ingest" / "viper").pixels)
    noise = torch.randint(0, 128, images.shape, generator=torch.Generator().manual_seed(0))
    pixels = (images // 2 + noise.byte()).to(place.torch)
    kind, augmented = variants.load(variant), small / "augment" / "viper-0"
    own = drawn(kind.kind)
    settings = SETTINGS.model_copy(update={"compile": compiled})
    trainer = Trainer(kind, own, settings, place, Distributed())
    sizes = [20, kind.source_triplets(20)]
    lists = [
        Triplets.open(augmented, n, 1, pixels, place, Distributed()) if n else None for n in sizes
    ]
    losses = {}
    for step in range(3 if compiled else 1):  # a graph is recorded, and then replayed
        taken = [each.batch(0) if each else None for each in lists]
        assert taken[0] is not None, step
        losses = {k: loss.item() for k, loss in trainer.backward(taken[0], taken[1]).items()}
    return losses, {k: p.grad.cpu() for k, p in own.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_same_losses_and_gradients(small: Path, variant: str, compiled: bool) -> None:
    expected, found = (
        gradients(small, variant, CPU, False),
        gradients(small, variant, GPU, compiled),
    )
    assert found[0] == pytest.approx(expected[0], rel=1e-4, abs=1e-6)
    assert found[1].keys() == expected[1].keys()
    for name, gradient in expected[1].items():
        size = float(gradient.abs().max())
        torch.testing.assert_close(found[1][name], gradient, rtol=1e-3, atol=1e-3 * size, msg=name)


def test_same_scores(small: Path) -> None:
    torch.manual_seed(0)
    network = drawn(variants.load("mtdnet").kind).eval()
    for parameter in network.parameters():  # spread the scores
        parameter.data *= 1.5
    pixels = torch.from_numpy(Images.open(small / "ingest" / "viper").pixels)
    query, gallery = np.arange(5), np.arange(5, 15)
    exact = Scorer(copy.deepcopy(network), CPU)
    own = Scorer(network, GPU)
    expected = exact.probabilities(pixels, query, gallery)
    assert np.ptp(expected) > 1e-3  # else the comparison says nothing
    np.testing.assert_allclose(own.probabilities(pixels, query, gallery), expected, atol=1e-5)
    distances = exact.distances(pixels, query, gallery)
    np.testing.assert_allclose(own.distances(pixels, query, gallery), distances, atol=1e-5)
    rough = Scorer(network, dataclasses.replace(GPU, bf16=True))
    np.testing.assert_allclose(rough.probabilities(pixels, query, gallery), expected, atol=0.02)


def test_trains(train_small: Callable[..., None], tmp_path: Path) -> None:
    train_small(tmp_path, steps=4, learning_rate=0.001, validate_every=2)
    summary = read_json(tmp_path / "model" / "training.json")
    assert summary["device"] == torch.cuda.get_device_name()
    assert (tmp_path / "model" / "network.safetensors").is_file()
