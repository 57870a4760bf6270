"""The images of many that can be read: one broken file doesn't stop a question."""

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from mtdnet.errors import InputError

Source = TypeVar("Source")
Pixels = TypeVar("Pixels")


def readable(
    some: Sequence[Source], load: Callable[[Sequence[Source]], Pixels]
) -> tuple[list[int], Pixels | None]:
    """Return which of ``some`` images can be read, and what ``load`` makes of these, if of any.

    The others are named on standard error: one broken file doesn't stop a question.
    """
    try:
        return list(range(len(some))), load(some)
    except InputError:
        pass  # of one at least
    rows = []
    for row, one in enumerate(some):
        try:
            load([one])
            rows.append(row)
        except InputError as problem:
            left_out(str(problem))
    return rows, load([some[row] for row in rows]) if rows else None


def left_out(line: str) -> None:
    """Name on standard error what is left out."""
    print(f"{line}; left out", file=sys.stderr)
