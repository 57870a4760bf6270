"""A GPU out of memory in a step: it goes on in pieces, with the gradients of the whole."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from mtdnet import device, variants
from mtdnet.data.images import Images
from mtdnet.losses.batch import DeviceBatch
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import VARIANTS, Losses, Training
from mtdnet.params.training import IdentityLoss, TripletLoss
from mtdnet.training.parallel import Distributed
from mtdnet.training.trainer import Trainer
from mtdnet.training.triplets import Triplets
from mtdnet.variants import Variant

pytestmark = pytest.mark.slow

SETTINGS = Training(steps=1, triplets=20, dropout=0.0)


def fill_gpu(patch: pytest.MonkeyPatch, kind: type[Variant], room: int) -> list[int]:
    """Let a GPU hold ``room`` triplets at once; return the sizes that were tried, as they come."""
    losses, tried = kind.losses, list[int]()

    def limited(self: Variant, target: DeviceBatch, source: DeviceBatch | None) -> Any:
        tried.append(target.batch.triplets.shape[1])
        torch.rand(3)  # what was drawn before the memory was full doesn't count
        if tried[-1] > room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return losses(self, target, source)

    patch.setattr(kind, "losses", limited)
    return tried


def step(kind: type[Variant], small: Path, count: int = 1) -> dict[str, Tensor]:
    """Return losses and gradients of one step without dropout."""
    place = replace(device.choose(), bf16=False)  # that rounds by the size of a piece
    torch.manual_seed(0)
    network = kind.kind(1 / 16)
    for parameter in network.trunk.parameters():
        parameter.data *= 3
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    pixels = torch.from_numpy(Images.open(small / "ingest" / "viper").pixels)
    trainer = Trainer(kind, network, SETTINGS, place, Distributed())
    trainer.group = Distributed(0, count)

    def batch(size: int, number: int) -> DeviceBatch:
        augmented = small / "augment" / "viper-0"
        return Triplets.open(augmented, size, 1, pixels, place, Distributed()).batch(number)

    source = kind.source_triplets(SETTINGS.triplets)
    losses = trainer.backward(batch(SETTINGS.triplets, 5), batch(source, 7) if source else None)
    named = network.named_parameters()
    return losses | {name: p.grad for name, p in named if p.grad is not None}


@pytest.mark.parametrize("variant", VARIANTS)
def test_pieces_give_losses_and_gradients_of_the_whole(
    variant: str, small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MTDNET_DEVICE", "cpu")
    kind = variants.load(variant)
    whole = step(kind, small)
    assert not capsys.readouterr().err
    tried = fill_gpu(monkeypatch, kind, room=5)
    parts = step(kind, small)
    assert tried == ([20, 10, *[4] * 5] if variant == "cross" else [20, 10, *[5] * 4])
    assert "the GPU is out of memory: steps go on in 2 pieces" in capsys.readouterr().err
    assert whole.keys() == parts.keys()
    for name, expected in whole.items():
        size = float(expected.detach().abs().max())
        torch.testing.assert_close(
            parts[name], expected.detach(), rtol=1e-3, atol=1e-4 * size, msg=name
        )


def test_what_cannot_be_divided_further_or_is_shared_is_out_of_memory(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTDNET_DEVICE", "cpu")
    kind = variants.load("mtdnet")
    tried = fill_gpu(monkeypatch, kind, room=0)
    with pytest.raises(torch.OutOfMemoryError):
        step(kind, small)
    assert tried == [20, 10, 5, 2, 1]
    with pytest.raises(torch.OutOfMemoryError):
        step(kind, small, count=2)
    assert tried[5:] == [20]


def test_a_training_in_pieces_is_that_of_a_larger_gpu(
    train_small: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTDNET_DEVICE", "cpu")
    place = replace(device.choose(), bf16=False)
    monkeypatch.setattr(device, "choose", lambda: place)
    settings = {"steps": 4, "learning_rate": 0.01, "validate_every": 2, "dropout": 0.0}
    train_small(tmp_path / "whole", variant="rnk", **settings)
    with monkeypatch.context() as patch:
        tried = fill_gpu(patch, variants.load("rnk"), room=10)
        train_small(tmp_path / "parts", variant="rnk", **settings)
    assert tried == [20, *[10] * 8], "later steps begin in pieces"
    whole, parts = (
        load_file(tmp_path / name / "model" / "network.safetensors") for name in ("whole", "parts")
    )
    for name, weight in whole.items():
        torch.testing.assert_close(parts[name], weight, rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize(
    "losses",
    [Losses(triplet=TripletLoss(hardest=True)), Losses(identity=IdentityLoss(weight=0.1))],
    ids=["hardest", "identity"],
)
def test_losses_that_are_no_mean_over_triplets_take_no_pieces(losses: Losses, small: Path) -> None:
    place, settings = device.choose(), SETTINGS.model_copy(update={"losses": losses})
    pixels = torch.from_numpy(Images.open(small / "ingest" / "viper").pixels)
    augmented = small / "augment" / "viper-0"
    batch = Triplets.open(augmented, 20, 1, pixels, place, Distributed()).batch(0)
    counts = []
    for each in (SETTINGS, settings):
        own = Trainer(variants.load("mtdnet"), MTDnet(1 / 16), each, place, Distributed(), 3)
        counts.append(own._more_pieces(batch, None))
    assert counts == [2, None]
