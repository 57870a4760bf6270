from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.params import Augment
from mtdnet.protocol.triplets import draw, positive_pairs

Strings = NDArray[np.str_]


def people(
    persons: int, images: int = 1, cameras: tuple[str, ...] = ("a", "b")
) -> tuple[Strings, Strings]:
    """Return person and camera of ``images`` images a camera of each person."""
    rows = [(f"p{p:03d}", c) for p in range(persons) for c in cameras for _ in range(images)]
    return np.array([r[0] for r in rows]), np.array([r[1] for r in rows])


def drawn(
    person: Strings, camera: Strings, seed: int = 0, **settings: object
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    chosen = Augment(**settings)  # type: ignore[arg-type] # checked by Augment's own tests
    return draw(person, camera, chosen, np.random.default_rng(seed), "some")


UNEVEN_PERSON = np.array(list("aaaaaaabbbcccddddeeffgghhhh"))
UNEVEN_CAMERA = np.array(["1", "2", "2", "3", "1", "1", "2"] + ["1", "2", ""] * 6 + ["", ""])


@pytest.mark.parametrize(
    ("person", "camera"),
    [people(5, 3), people(4, 3, ("",)), (UNEVEN_PERSON, UNEVEN_CAMERA)],
    ids=["two cameras", "unknown cameras", "mixed"],
)
def test_positive_pairs_equal_a_plain_loop(person: Strings, camera: Strings) -> None:
    expected = {
        (i, j)
        for i in range(len(person))
        for j in range(len(person))
        if i != j
        and person[i] == person[j]
        and (camera[i] != camera[j] or camera[i] == camera[j] == "")
    }
    found = [(int(i), int(j)) for i, j in positive_pairs(person, camera)]
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert all((j, i) in expected for i, j in found)


def test_one_camera_gives_no_pair() -> None:
    assert positive_pairs(*people(3, 2, ("a",))).shape == (0, 2)


@pytest.mark.parametrize("how", ["camera", "block"])
@pytest.mark.parametrize(
    ("person", "camera"),
    [people(30, 2), people(6), people(13, 3, ("",)), (UNEVEN_PERSON, UNEVEN_CAMERA)],
    ids=["many", "few", "unknown cameras", "mixed"],
)
def test_every_triplet_obeys_the_rules(how: str, person: Strings, camera: Strings) -> None:
    images, mirrors = drawn(person, camera, draw=how)
    assert images.shape == mirrors.shape
    anchor, positive, negative = images.T
    pairs = {(int(i), int(j)) for i, j in positive_pairs(person, camera)}
    assert {(int(a), int(p)) for a, p in zip(anchor, positive, strict=True)} <= pairs
    assert (person[anchor] != person[negative]).all()
    assert (camera[positive] == camera[negative]).all()


@pytest.mark.parametrize("how", ["camera", "block"])
def test_every_pair_stands_in_both_directions_in_every_round(how: str) -> None:
    person, camera = people(20, 2)
    images, _ = drawn(person, camera, draw=how, rounds=3)
    rounds = np.split(images, 3)
    expected = {(int(i), int(j)) for i, j in positive_pairs(person, camera)}
    for one in rounds:
        assert {(int(a), int(p)) for a, p, _ in one} == expected
    assert not np.array_equal(rounds[0], rounds[1])


def test_camera_lists_each_pair_with_different_negatives() -> None:
    person, camera = people(12, 2)
    images, _ = drawn(person, camera, draw="camera", negatives=10)
    pairs = positive_pairs(person, camera)
    assert len(images) == len(pairs) * 10
    negatives: dict[tuple[int, int], set[int]] = {}
    for a, p, n in images:
        negatives.setdefault((int(a), int(p)), set()).add(int(n))
    assert all(len(chosen) == 10 for chosen in negatives.values())


def test_camera_draws_every_possible_negative_equally_often() -> None:
    person, camera = people(6, 2)  # 10 candidates a pair, of which 4 are drawn
    images, _ = drawn(person, camera, draw="camera", negatives=4, rounds=300)
    often = Counter((int(p), int(n)) for _, p, n in images)
    assert len(often) == 24 * 10
    # 2 pairs x 300 rounds x 4 / 10 = 240 expected, binomial deviation 12
    assert min(often.values()) > 170 and max(often.values()) < 310


def test_camera_repeats_negatives_where_too_few_persons_are_there() -> None:
    images, _ = drawn(*people(4), draw="camera", negatives=10)
    assert len(images) == 8 * 10
    assert all(len(set(images[images[:, 1] == p, 2].tolist())) <= 3 for p in images[:, 1])


def test_camera_lists_are_shuffled_triplet_by_triplet() -> None:
    images, _ = drawn(*people(40, 2), draw="camera")
    together = (np.diff(images[:, 0]) == 0).mean()
    assert together < 0.05  # 0.9 and more in the order of the pairs


@pytest.mark.parametrize(
    ("persons", "images", "cameras", "apart"),
    [(100, 2, ("a", "b"), 24), (24, 3, ("a", "b"), 24), (30, 4, ("",), 24), (12, 1, "ab", 12)],
)
def test_blocks(persons: int, images: int, cameras: tuple[str, ...], apart: int) -> None:
    person, camera = people(persons, images, cameras)
    rows, mirrors = drawn(person, camera, draw="block")
    assert len(rows) % 240 == 0
    for block, flags in zip(
        np.split(rows, len(rows) // 240), np.split(mirrors, len(rows) // 240), strict=True
    ):
        slots, slot_flags = block[::10], flags[::10]
        assert np.array_equal(np.repeat(slots[:, :2], 10, axis=0), block[:, :2])
        assert np.array_equal(np.repeat(slot_flags[:, :2], 10, axis=0), flags[:, :2])
        assert len(set(person[slots[:, 0]])) == apart
        assert len(set(camera[slots[:, 1]])) == 1
        positives = {(int(i), bool(m)) for i, m in zip(slots[:, 1], slot_flags[:, 1], strict=True)}
        negatives = {(int(i), bool(m)) for i, m in zip(block[:, 2], flags[:, 2], strict=True)}
        assert negatives <= positives
        items = {(int(i), bool(m)) for i, m in zip(block.ravel(), flags.ravel(), strict=True)}
        assert len(items) <= 48
        for ten in np.split(block[:, 2], 24):
            assert len(set(person[ten])) == 10


def test_block_uses_every_pair_and_few_twice() -> None:
    person, camera = people(90)  # 90 pairs a direction: 3.75 blocks
    rows, _ = drawn(person, camera, draw="block")
    often = Counter((int(a), int(p)) for a, p, _ in rows)
    assert len(rows) == 8 * 240
    assert set(often) == {(int(i), int(j)) for i, j in positive_pairs(person, camera)}
    assert Counter(often.values()) == {10: 168, 20: 12}


def test_block_holds_two_persons_where_one_has_nearly_all_images() -> None:
    person = np.array(["much"] * 40 + ["little"] * 2)
    rows, _ = drawn(person, np.full(42, ""), draw="block")
    assert (person[rows[:, 0]] != person[rows[:, 2]]).all()


def test_blocks_mix_persons_and_cameras() -> None:
    person, camera = people(100, 5)
    rows, _ = drawn(person, camera, draw="block")
    met: dict[str, set[str]] = {}
    for a, _, n in rows:
        met.setdefault(str(person[a]), set()).add(str(person[n]))
    assert min(map(len, met.values())) > 80  # of 99: a person's 50 pairs don't share their blocks
    first = camera[rows[::240, 1]]
    assert 50 < (first[1:] != first[:-1]).sum() < 155  # 208 blocks in random order: about 104


@pytest.mark.parametrize("how", ["camera", "block"])
def test_mirrors_are_drawn_evenly_and_on_their_own(how: str) -> None:
    _, mirrors = drawn(*people(100, 4), draw=how)
    assert np.abs(mirrors.mean(0) - 0.5).max() < 0.03
    combinations = np.bincount(mirrors @ [4, 2, 1], minlength=8) / len(mirrors)
    assert np.abs(combinations - 1 / 8).max() < 0.03


@pytest.mark.parametrize("how", ["camera", "block"])
def test_a_seed_gives_one_list(how: str) -> None:
    first, again = (drawn(*people(15, 2), seed=3, draw=how) for _ in range(2))
    other = drawn(*people(15, 2), seed=4, draw=how)
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_a_camera_that_saw_one_person_gives_no_triplet() -> None:
    person = np.array(["x", "x", "y", "y", "z", "z"])
    camera = np.array(["a", "b", "a", "b", "a", "c"])
    images, _ = drawn(person, camera, draw="camera")
    assert "c" not in camera[images[:, 1]]
    assert "c" in camera[images[:, 0]]


@pytest.mark.parametrize(
    ("person", "camera"),
    [people(1, 3), people(5, 2, ("a",)), (np.array(["x", "x", "y"]), np.array(["a", "b", "a"]))],
    ids=["one person", "one camera", "nobody else"],
)
def test_no_triplet_is_an_error_that_names_the_benchmark(person: Strings, camera: Strings) -> None:
    with pytest.raises(InputError, match="some: no camera saw two training persons"):
        drawn(person, camera)
