"""Rows of persons before cameras, and who of a divided benchmark is where."""

import numpy as np
from numpy.typing import NDArray

from mtdnet.params import Split
from mtdnet.protocol.splits import Identities, divide

Rows = list[tuple[str, str]]


def pairs(count: int, images: int = 1, prefix: str = "") -> Rows:
    """Return (person, camera) rows of persons that cameras a and b saw ``images`` times each."""
    return [(f"{prefix}{p:04d}", c) for p in range(count) for c in "ab" for _ in range(images)]


def divided(
    rows: Rows,
    settings: Split | None = None,
    benchmark: str = "viper",
    test_sets: list[list[str]] | None = None,
    said: list[tuple[str, str]] | None = None,
    number: int = 0,
) -> Identities:
    person, camera = (np.array(column) for column in zip(*rows, strict=True))
    part, role = zip(*(said or [("", "")] * len(rows)), strict=True)
    return divide(
        benchmark=benchmark,
        layout=benchmark,
        person=person,
        camera=camera,
        settings=settings or Split(),
        part=np.array(part),
        role=np.array(role),
        test_sets=test_sets or [],
        number=number,
    )


def persons(rows: Rows, mask: NDArray[np.bool_]) -> set[str]:
    return {rows[i][0] for i in np.flatnonzero(mask)}


def counts(rows: Rows, found: Identities) -> tuple[int, int, int]:
    parts = [persons(rows, found.part == name) for name in ("train", "validation", "test")]
    assert not parts[0] & parts[1] and not parts[1] & parts[2] and not parts[0] & parts[2]
    return len(parts[0]), len(parts[1]), len(parts[2])


def market() -> tuple[Rows, list[tuple[str, str]]]:
    """Return rows, parts and roles as the Market-1501 layout says them."""
    rows: Rows = []
    said = []
    for p in range(1, 21):
        rows += [(f"{p:04d}", c) for c in ("1", "2", "2")]
        said += [("train", "")] * 3
    for p in range(21, 31):
        rows += [(f"{p:04d}", c) for c in ("3", "1", "2", "3")]
        said += [("test", "query")] + [("test", "gallery")] * 3
    rows += [("0000", "1"), ("0000", "2"), ("0098", "2"), ("0098", "2"), ("0050", "1")]
    said += [("test", "gallery")] * 2 + [("test", "query"), ("test", "gallery"), ("train", "")]
    return rows, said
