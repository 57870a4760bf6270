"""Files of person ids, which name the test persons."""

import re
from pathlib import Path

from mtdnet.errors import InputError


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
