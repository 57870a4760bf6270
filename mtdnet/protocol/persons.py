"""Which persons test, by the published counts and lists or others, and how many validate."""

import re
from collections.abc import Sequence
from pathlib import Path

from mtdnet.errors import InputError
from mtdnet.params import Split

# Of a layout, Chen et al. 2017, "Dataset and settings": train, validation and test persons.
PUBLISHED = {
    "cuhk03": (1160, 100, 100),
    "cuhk01": (871, 0, 100),
    "viper": (316, 0, 316),
    "ilids": (60, 0, 59),
    "prid2011": (100, 0, 100),
}
LEAST = "a split needs 4: one to test, one to validate, two to train"


def test_persons(
    benchmark: str,
    layout: str,
    pool: list[str],
    settings: Split,
    test_sets: Sequence[Sequence[str]],
    number: int,
) -> tuple[list[str], str]:
    """Return the test persons, and what named them; ``pool`` is in random order."""
    key = f"augment.splits.{benchmark}"
    if settings.test_ids is not None:
        if settings.test is not None:
            raise InputError(f"{key}: test_ids and test are both given; keep one")
        source = settings.test_ids.replace("{split}", str(number))
        return read_ids(Path(source), set(pool), benchmark), source
    if settings.name == "random":
        if settings.test is None:
            return pool[: max(1, len(pool) // 4)], "random, a quarter"
        if not 1 <= settings.test <= len(pool) - 3:
            raise InputError(
                f"{key}: test must be 1 to {len(pool) - 3}, found {settings.test}; "
                f"{len(pool)} persons are seen by two cameras, and {LEAST}"
            )
        return pool[: settings.test], "random"
    if settings.test is not None:
        raise InputError(f"{key}: test is for name: random; the paper's counts are given")
    there = [i for i, persons in enumerate(test_sets) if set(persons) <= set(pool)]
    if there and number >= len(there):
        raise InputError(
            f"{benchmark}: no split {number}; all persons are here for {len(there)} of "
            f"{len(test_sets)} published lists of test persons; take numbers below {len(there)}"
        )
    if there:
        listed = there[number]
        return list(test_sets[listed]), f"published list {listed + 1} of {len(test_sets)}"
    if layout not in PUBLISHED:
        raise InputError(f"{key}: no published counts; say name: random")
    counts = PUBLISHED[layout]
    share = min(1.0, len(pool) / sum(counts))
    count = max(1, min(round(share * counts[2]), len(pool) - 3))
    return pool[:count], "published counts" if share == 1 else "published counts, scaled"


def validation_count(benchmark: str, layout: str, rest: int, settings: Split) -> int:
    """Return how many of the ``rest`` (3 or more) persons validate."""
    if settings.folds:
        if rest < 2 * settings.folds:
            raise InputError(
                f"augment.splits.{benchmark}: folds: {rest} persons are not for testing, and each "
                f"fold needs two; set it to at most {rest // 2}"
            )
        return 0
    if settings.validation is None:
        train, validation, _ = PUBLISHED.get(layout, (9, 1, 0))
        share = validation / (train + validation) if validation else 0.1
        least = min(5, rest // 3) if settings.name == "random" else 1
        return max(least, round(share * rest))
    if not 1 <= settings.validation <= rest - 2:
        raise InputError(
            f"augment.splits.{benchmark}: validation must be 1 to {rest - 2}, found "
            f"{settings.validation}; {rest} persons are not for testing, and {LEAST}"
        )
    return settings.validation


def read_ids(source: Path, matched: set[str], benchmark: str) -> list[str]:
    """Return the persons of a text file, one a line; blank lines are passed over.

    An id that is not there as it is written stands for the one person whose id is the same number
    or numbers: 7, 007 and 7.0 for 0007, 1_7 for 1_007.
    """
    try:
        lines = source.read_text(encoding="utf-8-sig").splitlines()
    except OSError as problem:
        raise InputError(f"{source}: {problem.strerror}; name a file of person ids") from None
    except UnicodeDecodeError:
        raise InputError(f"{source}: not UTF-8 text; write one person id a line") from None
    written = [line.strip() for line in lines if line.strip()]
    if not written:
        raise InputError(f"{source}: no person id; write one a line")
    numbered: dict[str, list[str]] = {}
    for person in sorted(matched):
        numbered.setdefault(_number(person), []).append(person)
    persons = []
    for name in written:
        same = [name] if name in matched else numbered.get(_number(name), [])
        if not same:
            raise InputError(
                f"{source}: person '{name}' is not among the {len(matched)} of {benchmark} that "
                "two cameras saw; ids are those of images.parquet"
            )
        if len(same) > 1:
            raise InputError(
                f"{source}: person '{name}' may be {' or '.join(same)}; write it as it is there"
            )
        persons += same
    return list(dict.fromkeys(persons))


def _number(person: str) -> str:
    """Return an id without the zeros that its numbers begin with, and without a last ".0"."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"(?<=\d)\.0*$", "", person))
