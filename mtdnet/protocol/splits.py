"""Identity splits: which persons train, validate and test, and which images query which."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.params import Split
from mtdnet.protocol.persons import LEAST, test_persons, validation_count
from mtdnet.rng import generator

PARTS = ("train", "validation", "test")
FOLDS = "folds"  # below a split's folder: of each fold a split and triplets of its own

Strings = NDArray[np.str_]


@dataclass(frozen=True)
class Identities:
    """Part and role of N images.

    ``part``: (N,) "train", "validation", "test" or "" (unused); ``role``: (N,) "query", "gallery"
    or "", for validation and test; ``one_camera``: persons left out, for no two cameras saw them
    (of unknown cameras: one image alone); ``distractors``: persons that stand in the test gallery
    alone; ``origin``: what named the test persons; ``gallery``: the rule of their gallery, "first",
    "all" or "layout".
    """

    part: Strings
    role: Strings
    one_camera: tuple[str, ...]
    distractors: int
    origin: str
    gallery: str

    def persons(self, person: Strings) -> dict[str, int]:
        """Return how many persons, distractors not, train, validate and test; ``person``: (N,)."""
        counts = {part: len(np.unique(person[self.part == part])) for part in PARTS}
        return counts | {"test": counts["test"] - self.distractors}


def divide(
    *,
    benchmark: str,
    layout: str,
    person: Strings,
    camera: Strings,
    settings: Split,
    part: Strings,
    role: Strings,
    test_sets: Sequence[Sequence[str]] = (),
    number: int = 0,
) -> Identities:
    """Divide N images by person; all arrays (N,), ``part`` and ``role`` as the layout says or "".

    ``number``, from 0, tells one split of a benchmark from another: each draws other persons.

    Persons that no two cameras saw ("" is unknown: two images do), and those that the layout has
    in its gallery but never as a query, are left out of all but its gallery. Test persons:
    those of the file ``test_ids`` (``{split}`` in its name stands for the number); else with
    ``random`` as many as ``test`` says, or a quarter; else the layout's own; else those of
    ``test_sets`` in their order, passing over the sets with persons who are not there; else the
    published count, scaled down to the persons that are there. Validation persons are held out of
    the rest: as many as ``validation`` says, else 100 of 1260 for CUHK03 and a tenth elsewhere, and
    with ``random`` five at least, or a third of few: fewer choose and calibrate nothing. With
    ``folds`` none: ``fold`` holds some of the training persons out of it.

    Queries are all images of a person's first camera, its gallery image the first one of the
    second camera; without cameras image 1 is the gallery and the others query. With ``gallery``
    "all", every image of a test person's second camera is in the gallery: the random single-shot
    galleries of other toolboxes are drawn from these. That needs cameras: without, such a gallery
    would hold the query itself. Validation keeps the first image. Test roles that the layout gives
    are kept. PRID's persons of camera b alone join the test gallery.

    Raises InputError when persons, cameras, counts or the file of ids don't allow this.
    """
    if number < 0:
        raise InputError(f"{benchmark}: splits are numbered from 0, found {number}")
    order = np.argsort(person, kind="stable")
    names, starts = np.unique(person[order], return_index=True)
    rows = dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True))
    sought = set(person[role != "gallery"].tolist())
    matched = [p for p, at in rows.items() if p in sought and _matched(camera[at])]
    if not matched:
        raise InputError(
            f"{benchmark}: no person is seen by two cameras, so no positive pair; check camera ids"
        )
    name = f"split {benchmark} {number}" if number else f"split {benchmark}"
    rng = generator(settings.seed, name)
    pool = [str(p) for p in rng.permutation(matched)]
    by_layout = settings.name == "paper" and settings.test_ids is None and bool((part != "").any())
    if by_layout:
        of_test = {p for p in pool if (part[rows[p]] == "test").any()}
        test, origin = [p for p in pool if p in of_test], "layout"
        pool = [p for p in pool if p in of_test or (part[rows[p]] == "train").any()]
    else:
        test, origin = test_persons(benchmark, layout, pool, settings, test_sets, number)
    chosen = set(test)
    rest = [p for p in pool if p not in chosen]
    if not test or len(rest) < 3:
        raise InputError(
            f"{benchmark}: seen by two cameras are {len(test)} to test and {len(rest)} more; "
            f"{LEAST}"
        )
    held = validation_count(benchmark, layout, len(rest), settings)
    given = by_layout and bool((role != "").any())
    every = settings.gallery == "all" and not given
    if every and (unseen := [p for p in test if (camera[rows[p]] == "").all()]):
        raise InputError(
            f"augment.splits.{benchmark}: gallery: all needs cameras, and those of person "
            f"'{unseen[0]}' are unknown: a random gallery could hold the query; say gallery: first"
        )

    parts, roles = np.full(len(person), "", "U10"), np.full(len(person), "", "U7")
    for name, persons in (("test", test), ("validation", rest[:held]), ("train", rest[held:])):
        for p in persons:
            parts[rows[p]] = name
            if name != "train":
                roles[rows[p]] = _roles(camera[rows[p]], every and name == "test")
    alone = set(rows) - set(matched)
    distractors = set()
    if given:
        of_layout = (part == "test") & ((role == "gallery") | np.isin(person, test))
        parts[of_layout], roles[part == "test"] = "test", ""
        roles[of_layout] = role[of_layout]
        distractors = alone & {str(p) for p in person[of_layout]}
    elif layout == "prid2011":
        distractors = {p for p in alone if (camera[rows[p]] == "b").all()}
        for p in distractors:
            parts[rows[p]], roles[rows[p] if every else rows[p][:1]] = "test", "gallery"
    one_camera = tuple(sorted(alone - distractors))
    rule = "layout" if given else settings.gallery
    return Identities(parts, roles, one_camera, len(distractors), origin, rule)


def fold(
    person: Strings,
    camera: Strings,
    part: Strings,
    number: int,
    count: int,
    random: np.random.Generator,
) -> tuple[Strings, Strings]:
    """Return part and role, (N,) text each, of fold ``number`` of ``count``.

    Of the persons whom ``part`` says to train, in random order, every ``count``-th validates, and
    the others train; all further images are "". The same generator gives folds that hold each
    person out once.
    """
    trained = part == "train"
    persons = random.permutation(np.unique(person[trained]))
    held = np.isin(person, persons[number::count]) & trained
    parts = np.where(held, "validation", np.where(trained, "train", ""))
    roles = np.full_like(part, "")
    for p in persons[number::count]:
        rows = np.flatnonzero(held & (person == p))
        roles[rows] = _roles(camera[rows], False)
    return parts, roles


def _matched(cameras: Strings) -> bool:
    """Tell whether a person's images hold a pair of different, or of two unknown, cameras."""
    return len(np.unique(cameras)) > 1 or int((cameras == "").sum()) > 1


def _roles(cameras: Strings, every: bool) -> Strings:
    """Return the roles of one person's images; ``every`` one of the second camera is gallery."""
    names = np.unique(cameras)
    if len(names) == 1:
        return np.where(np.arange(len(cameras)) == 0, "gallery", "query")
    roles = np.where(cameras == names[0], "query", "").astype("U7")
    second = np.flatnonzero(cameras == names[1])
    roles[second if every else second[:1]] = "gallery"
    return roles
