import dataclasses
import math

import numpy as np
import pytest

from mtdnet.rng import generator
from mtdnet.synthetic.figure import draw
from mtdnet.synthetic.person import COLOURS, Person, dress, vary
from mtdnet.synthetic.scene import install, photograph

BAG = (255, 0, 255)  # worn by nobody


@pytest.fixture
def plain() -> Person:
    return dataclasses.replace(
        dress(generator(0, "plain")), bag="none", bag_colour=BAG, hair="short", scarf=None
    )


def bag_pixels(person: Person, degrees: float) -> int:
    image = np.asarray(draw(person, yaw=math.radians(degrees), stride=0.5, height=90)).astype(int)
    return int((np.abs(image - [*BAG, 255]).max(2) < 40).sum())


def test_the_drawing_is_as_high_as_asked_and_transparent_around(plain: Person) -> None:
    image = draw(plain, yaw=0.3, stride=-0.8, height=90)
    assert (image.mode, image.height) == ("RGBA", 90)
    alpha = np.asarray(image)[..., 3]
    assert alpha[:, [0, -1]].max() == 0
    rows = np.flatnonzero(alpha.max(1))
    assert rows[-1] - rows[0] > 80


def test_a_backpack_shows_from_behind(plain: Person) -> None:
    person = dataclasses.replace(plain, bag="backpack")
    assert bag_pixels(person, 180) > 3 * bag_pixels(person, 0) > 0  # in front: its straps
    assert bag_pixels(plain, 180) == 0


def test_a_bag_at_the_left_hip_shows_from_the_left(plain: Person) -> None:
    person = dataclasses.replace(plain, bag="left")
    from_left, from_right = bag_pixels(person, -90), bag_pixels(person, 90)  # 90: walks right
    assert from_left > 2 * from_right


def test_people_differ_and_share_few_colours() -> None:
    people = [dress(generator(0, f"person {number}")) for number in range(200)]
    assert len(set(people)) == 200
    assert {person.upper.colour for person in people} == set(COLOURS)
    assert {person.lower.colour for person in people} == set(COLOURS)


def test_a_look_alike_differs_in_a_detail_or_two(plain: Person) -> None:
    people = [vary(plain, generator(0, f"person {number}")) for number in range(50)]
    for person in people:
        changed = {
            field.name
            for field in dataclasses.fields(Person)
            if getattr(person, field.name) != getattr(plain, field.name)
        }
        assert len(changed - {"build", "bag_colour"}) <= 2
    assert len(set(people)) == 50


def test_a_photograph_is_a_small_box_and_slack_moves_the_person(plain: Person) -> None:
    camera = install(generator(0, "camera"), "a")
    one, same, other = (
        photograph(plain, camera, generator(0, "image"), slack=slack) for slack in (1, 1, 2.5)
    )
    assert one.dtype == np.uint8
    assert one.ndim == 3
    assert one.shape == other.shape
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
