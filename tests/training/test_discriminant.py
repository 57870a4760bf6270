"""The ranking head in closed form, against Fisher's problem as it stands in the book."""

import copy
import math
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from mtdnet import variants
from mtdnet.data.images import Images
from mtdnet.device import Device
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.training import Start, discriminant
from mtdnet.training.data import Benchmark, numbered
from tests.training.small_training import STEPS, changed, run

PROCESSOR = Device(torch.device("cpu"), bf16=False, name="processor")


def persons_of(count: int, images: int, values: int) -> tuple[Tensor, Tensor]:
    """Return centred maps of persons who differ, and whose they are; the last has one more."""
    person = torch.arange(count).repeat_interleave(images)
    person = torch.cat([person, person[-1:]])
    maps = torch.randn(count, values)[person] + 0.7 * torch.randn(len(person), values)
    return maps - maps.mean(0), person


def test_directions_solve_the_generalised_problem() -> None:
    torch.manual_seed(0)
    maps, person = persons_of(5, 3, 40)
    found = discriminant.discriminant(maps, 10 * person, 9).double().numpy()
    assert found.shape == (4, 40), "one fewer than persons"
    rows, whose = maps.double().numpy(), person.numpy()
    total, between = np.zeros((40, 40)), np.zeros((40, 40))
    for row in rows:
        total += np.outer(row, row)
    for number in range(5):
        own = rows[whose == number]
        between += len(own) * np.outer(own.mean(0), own.mean(0))
    ridge = discriminant.RIDGE * np.trace(total) / len(rows)
    within = total - between + ridge * np.eye(40)
    total = total + ridge * np.eye(40)
    values = np.sort(np.linalg.eigvals(np.linalg.solve(total, between)).real)[::-1]
    for direction, mu in zip(found, values, strict=False):
        assert np.allclose(between @ direction, mu * (total @ direction), atol=1e-3)
        assert direction @ within @ direction == pytest.approx(mu**2, rel=1e-3)
    for one, other in zip(found[1:], found, strict=False):
        assert one @ within @ other == pytest.approx(0, abs=1e-4)


def test_no_more_directions_than_asked_for() -> None:
    maps, person = persons_of(5, 3, 40)
    assert len(discriminant.discriminant(maps, person, 2)) == 2
    everything = discriminant.discriminant(maps, person, 4)
    assert torch.allclose(discriminant.discriminant(maps, person, 2), everything[:2])


def test_persons_give_alike_where_images_are_too_many() -> None:
    first = torch.tensor([0] * 9 + [-1, 1, 1, 1])
    second = torch.tensor([2, 2, -1, -1, 3])
    for limit, expected in [(99, [9, 3, 2, 1]), (7, [2, 2, 2, 1])]:
        rows = discriminant._dealt([first, second], limit)
        given = torch.cat([first[rows[0]], second[rows[1]]])
        assert given.bincount().tolist() == expected
    assert discriminant._dealt([], 5) == []


def test_cameras_that_see_the_same_persons_are_of_one_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discriminant, "SOME", 2)
    seen = ["a1", "a2", "b2", "b3", "b3", "c4", "c5", "d5", "e", "d4", "f6", "f7", "g"]
    person, camera = (np.array([each[k:][:1] for each in seen]) for k in (0, 1))
    found = discriminant._places(person, camera)
    places = [["".join(sorted(set(person[rows]))), list(rows)] for rows in found]
    assert sorted(places) == [["ab", [0, 1, 2, 3, 4]], ["cd", [5, 6, 7, 9]], ["eg", [8, 12]]]
    assert discriminant._places(person[:0], camera[:0]) == []


def fit(
    network: MTDnet,
    maps: Tensor,
    whose: Tensor,
    camera: NDArray[np.str_],
    monkeypatch: pytest.MonkeyPatch,
    by_place: bool = False,
) -> None:
    """Fit the ranking head to one benchmark, the maps of whose images are these."""
    images = SimpleNamespace(person=whose.numpy().astype(str), camera=camera)
    extractor = SimpleNamespace(maps=lambda pixels: pixels)
    monkeypatch.setattr(discriminant, "numbered", lambda of: ([whose], int(whose.max()) + 1))
    monkeypatch.setattr(discriminant, "Extractor", lambda *of: extractor)
    some = Benchmark(cast(Images, images), Path(), maps)
    discriminant.start_ranking(network, [some], None, PROCESSOR, by_place)


def test_directions_are_of_maps_that_are_smoothed_along_their_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    network, whose = MTDnet(1 / 16).eval(), torch.arange(12) // 3
    height, width = network.trunk.grid
    maps = torch.randn(12, network.ranking.fc.in_features)
    smooth = torch.zeros_like(maps).view(12, height, width, -1)
    for at in range(width):
        near = [
            math.exp(-0.5 * ((at - k) / width / discriminant.SIDEWAYS) ** 2) for k in range(width)
        ]
        for k in range(width):
            smooth[:, :, at] += near[k] / sum(near) * maps.view_as(smooth)[:, :, k]
    smooth = smooth.flatten(1) - smooth.flatten(1).mean(0)
    expected = smooth @ discriminant.discriminant(smooth, whose, 9).T
    fit(network, maps, whose, np.array(["a"] * 12), monkeypatch)
    with torch.no_grad():
        found = network.ranking.fc(maps)
    signs = (found[:, :3] * expected).sum(0).sign()  # a direction is one either way
    assert torch.allclose(found[:, :3] * signs, expected, atol=1e-3 * float(expected.abs().max()))
    assert not found[:, 3:].any()


@pytest.mark.parametrize("by_place", [True, False])
def test_what_parts_two_places_parts_no_persons_if_asked(
    by_place: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    place, whose = (torch.arange(80) // n for n in (40, 2))
    network, fitted = MTDnet(1 / 16).eval(), []
    maps = torch.randn(40, network.ranking.fc.in_features)[whose]
    maps += 0.5 * torch.randn_like(maps)
    camera = np.array([f"{p}{n % 2}" for n, p in enumerate(place.tolist())])
    for apart in (0.0, 3.0):
        own = maps + apart * place[:, None] * torch.ones(maps.shape[1])
        same = copy.deepcopy(network)
        fit(same, own, whose, camera, monkeypatch, by_place)
        fitted.append(torch.nn.functional.normalize(same.ranking.fc.weight[:20]))
    alike = (fitted[0] * fitted[1]).sum(1).abs().min() > 0.99
    assert alike == by_place


def benchmark(small: Path) -> Benchmark:
    folders = small / "ingest" / "viper", small / "augment" / "viper-0"
    return Benchmark.open(folders, (227, 227), PROCESSOR)


@pytest.mark.slow
def test_a_ranking_head_parts_its_persons(small: Path) -> None:
    torch.manual_seed(0)
    network, viper = MTDnet(1 / 16).eval(), benchmark(small)
    (person,), count = numbered([viper])
    rows = torch.nonzero(person >= 0).flatten()

    @torch.no_grad()
    def look() -> tuple[float, float]:
        maps = network.trunk(network.trunk.prepare(viper.pixels[rows]))
        features = network.features(maps)
        same = person[rows][:, None] == person[rows]
        near = features @ features.T
        others = near[~same].mean()
        near.fill_diagonal_(-9)
        nearest = person[rows][near.argmax(1)] == person[rows]
        return float(nearest.double().mean()), float(others)

    before = look()
    discriminant.start_ranking(network, [viper], None, PROCESSOR)
    after = look()
    assert after[0] == 1 and after[1] < 0.2 < before[1]
    used = network.ranking.fc.weight.abs().sum(1) > 0
    assert int(used.sum()) == min(count - 1, discriminant.DIRECTIONS, network.feature_size)


@pytest.mark.slow
def test_the_source_changes_it_and_adds_no_directions(small: Path) -> None:
    torch.manual_seed(0)
    network, viper = MTDnet(1 / 16).eval(), benchmark(small)
    alone = copy.deepcopy(network)
    discriminant.start_ranking(alone, [viper], None, PROCESSOR)
    discriminant.start_ranking(network, [viper], viper, PROCESSOR)  # the same persons once more
    both, one = network.ranking.fc.weight, alone.ranking.fc.weight
    assert not torch.allclose(both, one)
    assert torch.equal(both.norm(dim=1) > 1e-6, one.norm(dim=1) > 1e-6), "no further directions"


@pytest.mark.slow
@pytest.mark.usefixtures("processor")
def test_a_training_begins_with_it(small: Path, tmp_path: Path) -> None:
    tiny = changed(STEPS, steps=1, validate_every=1, learning_rate=1e-12)
    asked = changed(tiny, ranking_start="discriminant")
    weights = {}
    for name, settings, variant in [
        ("fitted", asked, "mtdnet"),
        ("again", asked, "mtdnet"),
        ("drawn", tiny, "mtdnet"),
        ("cls", asked, "cls"),
    ]:
        run(small, tmp_path / name, settings, variant=variant)
        file = tmp_path / name / "model" / "network.safetensors"
        weights[name] = load_file(file)["ranking.fc.weight"]
    assert torch.equal(weights["fitted"], weights["again"])
    assert not torch.allclose(weights["fitted"], weights["drawn"])
    assert torch.allclose(weights["cls"], weights["drawn"]), "its ranking features are not trained"


def test_the_pair_loss_alone_leaves_the_distance_out_of_the_verdict() -> None:
    start = Start(width=1 / 16, distance_input=True)
    taken = {name: start.network(variants.load(name)).takes_distance for name in ("mtdnet", "cls")}
    assert taken == {"mtdnet": True, "cls": False}
