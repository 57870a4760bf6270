"""The fast batch against the paper's plain one: three images a triplet, two pairs a triplet."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mtdnet.batch import Batch, Shown, both
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.networks.trunk import prepare

N = 12
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def network() -> MTDnet:
    torch.manual_seed(0)
    own = MTDnet(1 / 16)
    own.pair.drop = nn.Identity()  # type: ignore[assignment] # dropout differs by definition
    for parameter in own.trunk.parameters():  # large enough maps for both losses to matter
        parameter.data *= 3
    return own


@pytest.fixture(scope="module")
def pixels() -> Tensor:
    return torch.randint(0, 256, (7, 227, 227, 3), dtype=torch.uint8)


@pytest.fixture(scope="module")
def triplets() -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    anchor, positive = torch.randint(0, 2, (N,)), torch.randint(2, 4, (N,))
    return torch.stack([anchor, positive, torch.randint(4, 7, (N,))]), torch.rand(3, N) < 0.5


def plain(
    network: MTDnet, pixels: Tensor, images: Tensor, mirrors: Tensor
) -> tuple[Tensor, Tensor]:
    ranked, paired = [], []
    for which, flip in zip(images.T.tolist(), mirrors.T.tolist(), strict=True):
        maps = [
            network.trunk(prepare((pixels[i].flip(1) if m else pixels[i])[None]))
            for i, m in zip(which, flip, strict=True)
        ]
        a, p, n = (network.ranking(each)[0] for each in maps)
        ranked.append((((a - p) ** 2).sum() - ((a - n) ** 2).sum() + 1).clamp(min=0) / 2)
        for other, same in ((maps[1], 1), (maps[2], 0)):
            logits = network.pair(maps[0], other)
            paired.append(F.cross_entropy(logits, torch.tensor([same])))
    return torch.stack(ranked).mean(), torch.stack(paired).mean()


def gradients(network: MTDnet, loss: Tensor) -> dict[str, Tensor]:
    named = dict(network.named_parameters())
    found = torch.autograd.grad(loss, list(named.values()), allow_unused=True, retain_graph=True)
    return {k: g for k, g in zip(named, found, strict=True) if g is not None}


def test_same_losses_and_gradients_as_the_plain_pass(
    network: MTDnet, pixels: Tensor, triplets: tuple[Tensor, Tensor]
) -> None:
    batch = Batch.of(*triplets)
    fast, _ = both(network, Shown.of(batch, pixels, CPU), 1.0)
    slow = plain(network, pixels, *triplets)
    for own, expected in zip((fast["triplet"], fast["pair"]), slow, strict=True):
        torch.testing.assert_close(own, expected)
        ours, theirs = gradients(network, own), gradients(network, expected)
        assert ours.keys() == theirs.keys()
        for name, gradient in theirs.items():
            torch.testing.assert_close(ours[name], gradient, rtol=1e-3, atol=1e-5, msg=name)


def test_gradients_reach_only_what_the_paper_says(
    network: MTDnet, pixels: Tensor, triplets: tuple[Tensor, Tensor]
) -> None:
    batch = Batch.of(*triplets)
    found, _ = both(network, Shown.of(batch, pixels, CPU), 1.0)
    reached = {
        name: {part.split(".")[0] for part in gradients(network, loss)}
        for name, loss in found.items()
    }
    assert reached == {"triplet": {"trunk", "ranking"}, "pair": {"trunk", "pair"}}


def test_each_image_and_each_pair_stands_once(triplets: tuple[Tensor, Tensor]) -> None:
    images, mirrors = triplets
    batch = Batch.of(images, mirrors)
    shown = list(zip(batch.image.tolist(), batch.mirror.tolist(), strict=True))
    assert len(shown) == len(set(shown))
    for part in range(3):
        again = [shown[row] for row in batch.triplets[part].tolist()]
        assert again == list(zip(images[part].tolist(), mirrors[part].tolist(), strict=True))
    left, right = batch.lefts[batch.first], batch.rights[batch.second]
    pairs = list(zip(left.tolist(), right.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert batch.weight.sum() == 2 * N
    positive = set(zip(batch.triplets[0].tolist(), batch.triplets[1].tolist(), strict=True))
    assert {p for p, y in zip(pairs, batch.same.tolist(), strict=True) if y} == positive
    for own, other in ((batch.positive, batch.triplets[1]), (batch.negative, batch.triplets[2])):
        expected = list(zip(batch.triplets[0].tolist(), other.tolist(), strict=True))
        assert [pairs[row] for row in own.tolist()] == expected
