"""What a drawn person wears: the identity that two cameras share."""

from dataclasses import dataclass, replace

import numpy as np

Colour = tuple[int, int, int]

# Few colours for many people: it is where a colour is worn that tells them apart.
COLOURS: tuple[Colour, ...] = (
    (38, 38, 44),  # black
    (224, 224, 218),  # white
    (184, 44, 48),  # red
    (44, 78, 168),  # blue
    (48, 122, 66),  # green
    (206, 172, 88),  # sand
)
SKIN: tuple[Colour, ...] = ((236, 196, 168), (204, 154, 118), (150, 104, 76), (98, 66, 50))
HAIR: tuple[Colour, ...] = ((34, 28, 26), (88, 58, 38), (196, 158, 92), (150, 148, 146))
PATTERNS = ("plain", "plain", "hoops", "stripes", "checks", "band", "yoke", "open")
BAGS = ("none", "none", "backpack", "left", "right", "hand")

# In a crowd many are alike as wholes: of so many outfits, everybody wears one with details changed.
OUTFITS = 24
DETAILS = (
    ("hair",),
    ("shoes",),
    ("bag", "bag_colour"),
    ("scarf",),
    ("hat",),
    ("belt",),
    ("lower",),
    ("upper",),
    ("skin",),
)
CHANGED = 2


@dataclass(frozen=True)
class Cloth:
    """A garment's colour, its pattern, and the pattern's second colour."""

    colour: Colour
    pattern: str = "plain"
    second: Colour = (0, 0, 0)


@dataclass(frozen=True)
class Person:
    """Build (1 is average), clothes and what is carried; the same in every image.

    ``length`` is where the upper garment ends, as a share of the person's height;
    ``hair``: short, long or bald; ``legs``: trousers, shorts or skirt; ``bag``: none, backpack,
    left or right (hip), or hand; None: no scarf, hat or belt.
    """

    build: float
    skin: Colour
    hair: str
    hair_colour: Colour
    upper: Cloth
    length: float
    long_sleeves: bool
    lower: Cloth
    legs: str
    shoes: Colour
    bag: str
    bag_colour: Colour
    scarf: Colour | None
    hat: Colour | None
    belt: Colour | None


def vary(outfit: Person, rng: np.random.Generator) -> Person:
    """Draw a look-alike: of another build, and some of the outfit's details are others."""
    other = dress(rng)
    details = [
        name for i in rng.choice(len(DETAILS), CHANGED, replace=False) for name in DETAILS[i]
    ]
    return replace(outfit, build=other.build, **{name: getattr(other, name) for name in details})


def dress(rng: np.random.Generator) -> Person:
    """Draw an outfit: all of a person's attributes."""

    def colour(unlike: Colour | None = None, of: tuple[Colour, ...] = COLOURS) -> Colour:
        free = [c for c in of if c != unlike]
        return free[rng.integers(len(free))]

    upper, lower = colour(), colour()
    legs = str(rng.choice(["trousers", "trousers", "shorts", "skirt"]))
    return Person(
        build=rng.uniform(0.9, 1.15),
        skin=colour(of=SKIN),
        hair=str(rng.choice(["short", "short", "long", "long", "bald"])),
        hair_colour=colour(of=HAIR),
        upper=Cloth(upper, str(rng.choice(PATTERNS)), colour(upper)),
        length=float(rng.choice([0.5, 0.5, 0.46, 0.36])),
        long_sleeves=bool(rng.random() < 0.6),
        lower=Cloth(lower, str(rng.choice(["plain", "plain", "stripes", "checks"])), colour(lower)),
        legs=legs,
        shoes=colour(),
        bag=str(rng.choice(BAGS)),
        bag_colour=colour(upper),
        scarf=colour(upper) if rng.random() < 0.25 else None,
        hat=colour() if rng.random() < 0.3 else None,
        belt=colour(upper) if rng.random() < 0.3 else None,
    )
