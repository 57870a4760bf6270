"""Every variant against three streams a triplet: the same losses, and the same gradients.

On images with noise: in flat ones rounding decides which of equal values a max pool chooses.
"""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmarks import three_streams
from mtdnet import device, variants
from mtdnet.data.images import Images
from mtdnet.errors import InputError
from mtdnet.losses.batch import DeviceBatch
from mtdnet.losses.contrastive import contrastive_loss
from mtdnet.losses.triplet import triplet_loss
from mtdnet.networks.alexnet import AlexNet
from mtdnet.networks.base import Network
from mtdnet.networks.caffenet import prepare
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import VARIANTS, Augment, Losses, Training
from mtdnet.params.training import TripletLoss
from mtdnet.protocol.augment import augment
from mtdnet.training.parallel import Distributed
from mtdnet.training.trainer import Trainer
from mtdnet.training.triplets import Triplets

pytestmark = [pytest.mark.usefixtures("float32"), pytest.mark.slow]

N = 20
MARGIN = 3.0  # so wide that trained networks have triplets inside
LOSSES = Losses(triplet=TripletLoss(margin=MARGIN))
SETTINGS = Training(steps=1, triplets=N, learning_rate=0.01, losses=LOSSES)
Found = tuple[dict[str, Tensor], dict[str, Tensor]]  # losses and gradients


@pytest.fixture(scope="module")
def lists(small: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return folders of augment: triplets in blocks, and the paper's plain list."""
    plain = tmp_path_factory.mktemp("plain") / "viper-0"
    settings = Augment(negatives=3, draw="camera", pairs=4)
    augment(ingested=small / "ingest" / "viper", out=plain, settings=settings, seed=1, number=0)
    return {"block": small / "augment" / "viper-0", "camera": plain}


def batches(small: Path, augmented: Path, size: int, seed: int = 1) -> Triplets:
    pixels = torch.from_numpy(Images.open(small / "ingest" / "viper").pixels) // 2
    noise = torch.randint(0, 128, pixels.shape, generator=torch.Generator().manual_seed(0))
    pixels = pixels + noise.byte()
    return Triplets.open(augmented, size, seed, pixels, device.choose(), Distributed())


def network(kind: type[Network], trained: bool, triplets: Triplets) -> Network:
    """Return a network without dropout, of drawn weights or after a few steps of training."""
    torch.manual_seed(0)
    own = kind(1 / 16)
    for layer in own.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0  # differs by definition
    for parameter in own.trunk.parameters():  # large enough maps for all losses to matter
        parameter.data *= 3
    if trained:
        name = "rnk" if kind is AlexNet else "mtdnet"
        trainer = Trainer(variants.load(name), own, SETTINGS, device.choose(), Distributed())
        for step in range(5):
            trainer.step(triplets.batch(step))
    return own


def streams(batch: DeviceBatch) -> Tensor:
    """Return the prepared images of a batch's triplets, one by one (3, N, 3, 227, 227)."""
    pixels = torch.stack(
        [p.flip(1) if m else p for p, m in zip(batch.pixels, batch.batch.mirror, strict=True)]
    )
    return torch.stack([prepare(pixels[rows]) for rows in batch.batch.triplets])


def expected(
    variant: str, own: Network, target: DeviceBatch, source: DeviceBatch
) -> dict[str, Tensor]:
    """Return a variant's losses by plain passes."""
    images, others = streams(target), streams(source)
    if not isinstance(own, MTDnet):
        features = torch.cat([own.embed(stream) for stream in images])
        return {"triplet": triplet_loss(features, torch.arange(3 * N).view(3, -1), MARGIN)}
    if variant == "aug":
        images = torch.cat([images, others], dim=1)
    losses, response = three_streams.multitask_losses(own, images, MARGIN)
    if variant == "cls":
        del losses["triplet"]
    if variant == "cross":
        there = three_streams.multitask_losses(own, others, MARGIN)[1].detach()
        in_turn = torch.stack(there.chunk(2), dim=1).flatten(0, 1).repeat(2, 1)
        kinds = torch.tensor([1, 0]).repeat(N)
        sought = torch.tensor([1, 0]).repeat_interleave(N)
        losses["contrastive"] = contrastive_loss(in_turn, response, kinds, sought)
    return losses


def gradients(own: Network, losses: dict[str, Tensor]) -> Found:
    own.zero_grad(set_to_none=True)
    torch.autograd.backward(torch.stack(list(losses.values())).sum())
    return losses, {k: p.grad for k, p in own.named_parameters() if p.grad is not None}


def alike(ours: Found, theirs: Found) -> None:
    """Assert equality up to float32's rounding, which may choose another value in one max pool."""
    torch.testing.assert_close(ours[0], theirs[0], rtol=1e-4, atol=1e-6)
    assert ours[1].keys() == theirs[1].keys()
    for name, gradient in theirs[1].items():
        size = float(gradient.abs().max())
        assert size > 0, name
        torch.testing.assert_close(ours[1][name], gradient, rtol=1e-3, atol=3e-4 * size, msg=name)


@pytest.mark.parametrize("draw", ["block", "camera"])
@pytest.mark.parametrize("trained", [False, True], ids=["drawn", "trained"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_same_losses_and_gradients_as_three_streams(
    variant: str, trained: bool, draw: str, small: Path, lists: dict[str, Path]
) -> None:
    kind = variants.load(variant)
    triplets = batches(small, lists[draw], N)
    size = kind.source_triplets(N) or N
    target, source = triplets.batch(5), batches(small, lists[draw], size, seed=2).batch(5)
    own = network(kind.kind, trained, triplets)
    theirs = three_streams.plain(own)
    trainer = Trainer(kind, own, SETTINGS, device.choose(), Distributed())
    taken = trainer.backward(target, source if kind.source_triplets(N) else None)
    found = {k: p.grad for k, p in own.named_parameters() if p.grad is not None}
    alike((taken, found), gradients(theirs, expected(variant, theirs, target, source)))


def test_compiled_and_eager_give_the_same_losses_and_gradients(
    small: Path, lists: dict[str, Path]
) -> None:
    triplets = batches(small, lists["block"], N)
    own = network(MTDnet, True, triplets)
    found = []
    for compiled in (False, True):
        settings = SETTINGS.model_copy(update={"compile": compiled})
        trainer = Trainer(variants.load("mtdnet"), own, settings, device.choose(), Distributed())
        for step in (5, 6):
            losses = trainer.backward(triplets.batch(step))
            named = own.named_parameters()
            grads = {name: p.grad.clone() for name, p in named if p.grad is not None}
            found.append((losses, grads))
    for eager, compiled_too in zip(found[:2], found[2:], strict=True):
        alike(compiled_too, eager)


def test_no_compiler_is_one_line(
    small: Path, lists: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    triplets = batches(small, lists["block"], N)
    settings = SETTINGS.model_copy(update={"compile": True})
    own = MTDnet(1 / 12)  # a width that no test of this process has compiled
    trainer = Trainer(variants.load("mtdnet"), own, settings, device.choose(), Distributed())
    with (
        torch._inductor.config.patch({"cpp.cxx": ("no-such-compiler",)}),
        pytest.raises(InputError, match=r"`compile`: .*install a C\+\+ compiler") as caught,
    ):
        trainer.step(triplets.batch(0))
    assert "\n" not in str(caught.value)
