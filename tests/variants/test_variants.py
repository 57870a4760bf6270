"""What each system of Table 1 minimises, and where its gradients go."""

import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mtdnet import variants
from mtdnet.losses.batch import DeviceBatch
from mtdnet.losses.contrastive import contrastive_loss
from mtdnet.networks.alexnet import AlexNet
from mtdnet.networks.base import Network
from mtdnet.networks.caffenet import prepare
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import VARIANTS, Losses
from mtdnet.params.training import IdentityLoss, MarginLoss, PairLoss, TripletLoss
from mtdnet.training.batches import Batches

N = 6
CPU = torch.device("cpu")
Values = dict[str, Tensor]


def network(kind: type[Network] = MTDnet) -> Network:
    """Draw a network with maps large enough for all losses to matter, without dropout."""
    torch.manual_seed(0)
    own = kind(1 / 16)
    for parameter in own.trunk.parameters():
        parameter.data *= 3
    for layer in own.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0  # drawn anew at each pass
    return own


def batch(count: int, seed: int) -> DeviceBatch:
    torch.manual_seed(seed)
    pixels = torch.randint(0, 256, (6, 227, 227, 3), dtype=torch.uint8)
    rows = torch.stack([torch.randint(low, low + 2, (count,)) for low in (0, 2, 4)])
    batches = Batches(rows[None], torch.rand(1, 3, count) < 0.5, CPU)
    return DeviceBatch(batches[0], pixels[batches.images[0]])


def streams(one: DeviceBatch) -> list[list[Tensor]]:
    """Return a batch's triplets of prepared images, (1, 3, 227, 227) each."""
    images = []
    for i, m in enumerate(one.batch.mirror.tolist()):
        pixels = one.pixels[i].flip(1) if m else one.pixels[i]
        images.append(prepare(pixels[None]))
    return [[images[i] for i in rows] for rows in one.batch.triplets.T.tolist()]


def plain(own: MTDnet, triplets: list[list[Tensor]]) -> tuple[list[Tensor], list[Tensor]]:
    """Return eq. (1) of each triplet and eq. (2) of each of its two pairs, one pass a pair."""
    ranked, paired = [], []
    for images in triplets:
        a, p, n = (own.embed(image)[0] for image in images)
        ranked.append((((a - p) ** 2).sum() - ((a - n) ** 2).sum() + 1).clamp(min=0) / 2)
        anchor, *others = (own.trunk(image) for image in images)
        for other, same in zip(others, (1, 0), strict=True):
            paired.append(F.cross_entropy(own.pair(anchor, other), torch.tensor([same])))
    return ranked, paired


def mean(terms: list[Tensor]) -> Tensor:
    return torch.stack(terms).mean()


def reached(own: Network, loss: Tensor) -> set[str]:
    """Return the parts of a network that a loss's gradient reaches."""
    named = dict(own.named_parameters())
    found = torch.autograd.grad(loss, list(named.values()), allow_unused=True, retain_graph=True)
    pairs = zip(named, found, strict=True)
    return {name.split(".")[0] for name, g in pairs if g is not None and g.any()}


def test_every_variant_is_a_module_and_every_system_of_the_paper_is_there() -> None:
    systems = [name for each in VARIANTS for name in variants.load(each).systems]
    ours = {"", "-trp", "-cls", "-rnk", "-aug", "-cross", "-fused", "-joint"}
    assert sorted(systems) == sorted(f"MTDnet{end}" for end in ours)
    for each in VARIANTS:
        assert variants.load(each).start in VARIANTS


@pytest.mark.parametrize("name", ["mtdnet", "joint"])
def test_mtdnet_is_both_losses(name: str) -> None:
    own, target = network(), batch(N, 1)
    assert isinstance(own, MTDnet)
    found = variants.load(name)(own, Losses()).losses(target, None)
    ranked, paired = plain(own, streams(target))
    torch.testing.assert_close(found, {"triplet": mean(ranked), "pair": mean(paired)})
    assert reached(own, found["triplet"]) == {"trunk", "ranking"}
    assert reached(own, found["pair"]) == {"trunk", "pair"}


@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.parametrize("name", ["mtdnet", "cls"])
def test_joint_maps_answer_alone_for_a_share_of_the_pair_loss(name: str, share: float) -> None:
    own, target = network(), batch(N, 1)
    assert isinstance(own, MTDnet)
    own.pair.take_distance(own.feature_size)
    settings = Losses(pair=PairLoss(joint_maps=share))
    found = variants.load(name)(own, settings).losses(target, None)["pair"]
    terms = []
    for anchor, *others in streams(target):
        for other, same in zip(others, (1, 0), strict=True):
            with own.pair.without_distance():
                alone = own.pair(own.trunk(anchor), own.trunk(other))
            distance = (own.embed(anchor) - own.embed(other)).square().sum().detach()
            verdict = alone + torch.tensor([[0.0, 1.0]]) * (3 - 3 * distance)
            label = torch.tensor([same])
            whole, part = (F.cross_entropy(each, label) for each in (verdict, alone))
            terms.append((1 - share) * whole + share * part)
    torch.testing.assert_close(found, mean(terms))
    assert reached(own, found) == {"trunk", "pair"}


@pytest.mark.parametrize("name", ["mtdnet", "joint", "aug", "cross", "rnk"])
def test_the_identity_loss_is_of_the_targets_images_each_once(name: str) -> None:
    kind = variants.load(name)
    own, target, source = network(kind.kind), batch(N, 1), batch(kind.source_triplets(N) or N, 2)
    target = dataclasses.replace(target, person=torch.arange(len(target.pixels)) % 3)
    objective, settings = kind(own, Losses()), Losses(identity=IdentityLoss(weight=0.1, scale=9.0))
    before = objective.losses(target, source)
    assert "identity" not in before
    objective = kind(own, settings)
    objective.classes = torch.randn(3, own.feature_size)
    found = objective.losses(target, source)
    assert found.keys() - before.keys() == {"identity"}
    terms = []
    for image in sorted(set(target.batch.triplets.flatten().tolist())):
        mirrored = target.pixels[image].flip(1) if target.batch.mirror[image] else None
        pixels = target.pixels[image] if mirrored is None else mirrored
        feature = own.embed(prepare(pixels[None]))[0]
        logits = [9.0 * F.cosine_similarity(feature, each, dim=0) for each in objective.classes]
        person = target.person
        assert person is not None
        terms.append(logits[int(person[image])] - torch.stack(logits).logsumexp(0))
    torch.testing.assert_close(found["identity"], -mean(terms))
    parts = {"trunk", "ranking"} if isinstance(own, MTDnet) else reached(own, before["triplet"])
    assert reached(own, found["identity"]) == parts


def test_cls_is_the_pair_loss_alone() -> None:
    own, target = network(), batch(N, 1)
    assert isinstance(own, MTDnet)
    found = variants.load("cls")(own, Losses()).losses(target, None)
    torch.testing.assert_close(found, {"pair": mean(plain(own, streams(target))[1])})
    assert reached(own, found["pair"]) == {"trunk", "pair"}


def test_rnk_is_the_triplet_loss_on_alexnet() -> None:
    own, target = network(AlexNet), batch(N, 1)
    found = variants.load("rnk")(own, Losses(triplet=TripletLoss(margin=0.5))).losses(target, None)
    terms = []
    for images in streams(target):
        a, p, n = (own.embed(image)[0] for image in images)
        terms.append((((a - p) ** 2).sum() - ((a - n) ** 2).sum() + 0.5).clamp(min=0) / 2)
    torch.testing.assert_close(found, {"triplet": mean(terms)})
    layers = {name.split(".")[0] for name, _ in own.named_parameters()}
    assert reached(own, found["triplet"]) == layers


def test_aug_is_the_mean_over_the_triplets_of_both_benchmarks() -> None:
    own, target, source = network(), batch(N, 1), batch(N, 2)
    assert isinstance(own, MTDnet)
    kind = variants.load("aug")
    assert kind.source_triplets(240) == 240
    found = kind(own, Losses()).losses(target, source)
    ranked, paired = plain(own, streams(target) + streams(source))
    torch.testing.assert_close(found, {"triplet": mean(ranked), "pair": mean(paired)})


def cross() -> tuple[MTDnet, Values, DeviceBatch, DeviceBatch, MTDnet]:
    """Return a network after a change, its losses, both batches, and the frozen first state."""
    own, first, target, source = network(), network(), batch(N, 1), batch(N // 2, 2)
    kind = variants.load("cross")
    assert kind.source_triplets(240) == 120
    objective = kind(own, Losses())
    with torch.no_grad():
        for parameter in own.parameters():
            parameter.add_(0.05 * parameter.std(correction=0) * torch.randn_like(parameter))
    assert isinstance(own, MTDnet) and isinstance(first, MTDnet)
    return own, objective.losses(target, source), target, source, first


def test_cross_compares_each_source_pair_with_the_targets_pairs_of_its_number() -> None:
    own, found, target, source, first = cross()
    ranked, paired = plain(own, streams(target))
    torch.testing.assert_close(found["triplet"], mean(ranked))
    torch.testing.assert_close(found["pair"], mean(paired))

    def response(of: MTDnet, one: Tensor, two: Tensor) -> Tensor:
        maps = of.pair.left(of.trunk(one)) + of.pair.right(of.trunk(two))
        return of.pair.response(maps)

    source_pairs = []  # N pairs, half of them positive
    for anchor, positive, negative in streams(source):
        source_pairs += [(anchor, positive, 1), (anchor, negative, 0)]
    terms = []
    for (one, two, a), (anchor, positive, negative) in zip(
        source_pairs, streams(target), strict=True
    ):
        there = response(first, one, two)
        for other, b in ((positive, 1), (negative, 0)):
            here = response(own, anchor, other)
            terms.append(contrastive_loss(there, here, torch.tensor([a]), torch.tensor([b])))
    torch.testing.assert_close(found["contrastive"], mean(terms))


def test_cross_moves_the_target_network_alone_and_not_its_last_layer() -> None:
    own, found, _, _, _ = cross()
    assert reached(own, found["contrastive"]) == {"trunk", "pair"}
    (grad,) = torch.autograd.grad(found["contrastive"], own.pair.fc8.weight, allow_unused=True)
    assert grad is None
    objective = variants.load("cross")(own, Losses())
    frozen = objective.frozen
    before = {name: p.clone() for name, p in frozen.named_parameters()}
    total = torch.stack(list(objective.losses(batch(N, 1), batch(N // 2, 2)).values())).sum()
    torch.autograd.backward(total)
    torch.optim.SGD(own.parameters(), lr=0.1).step()
    assert not frozen.training
    for name, p in frozen.named_parameters():
        assert p.grad is None and torch.equal(p, before[name])


@pytest.mark.parametrize("count", [5, 6])
def test_cross_takes_an_odd_number_of_triplets(count: int) -> None:
    kind = variants.load("cross")
    source = batch(kind.source_triplets(count), 2)
    assert kind(network(), Losses()).losses(batch(count, 1), source)["contrastive"].isfinite()


def test_the_objective_is_the_sum_of_the_losses_by_their_weights() -> None:
    settings = Losses(
        triplet=TripletLoss(weight=2.0),
        pair=PairLoss(weight=0.5),
        contrastive=MarginLoss(weight=0.25, margin=0.3),
    )
    variant = variants.load("cross")(network(), settings)
    values = {name: torch.tensor(float(n)) for n, name in enumerate(("triplet", "pair"), 1)}
    assert float(variant.objective(values)) == 2.0 * 1 + 0.5 * 2
    values["contrastive"] = torch.tensor(4.0)
    assert float(variant.objective(values)) == 2.0 * 1 + 0.5 * 2 + 0.25 * 4


def test_each_loss_takes_its_own_settings() -> None:
    own, target, source = network(), batch(N, 1), batch(N // 2, 2)

    def values(settings: Losses) -> Values:
        return variants.load("cross")(own, settings).losses(target, source)

    published = values(Losses())
    for name, settings in {
        "triplet": Losses(triplet=TripletLoss(margin=0.4)),
        "pair": Losses(pair=PairLoss(smoothing=0.2)),
        "contrastive": Losses(contrastive=MarginLoss(margin=0.4)),
    }.items():
        changed = values(settings)
        assert {k for k, v in changed.items() if not torch.equal(v, published[k])} == {name}


def test_variant_names_need_no_torch() -> None:
    for file in Path(variants.__file__).parents[1].joinpath("params").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "import torch" not in text and "mtdnet.variants import" not in text
