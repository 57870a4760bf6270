"""Rows of a CSV that a person or a program wrote, by the names of their columns."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from mtdnet.errors import InputError

Row = tuple[int, tuple[str, ...]]  # its number, and its cells


def rows(table: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the cells of ``columns`` of each row, by the csv module, which keeps "0001" text.

    Rows are counted as a spreadsheet does: the header is row 1, blank lines and a cell's own lines
    count. Raises InputError, with the row, for what is no such table.
    """
    at: list[int] = []
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            lines = csv.reader(stream, skipinitialspace=True, strict=True)
            for number, line in enumerate(lines, start=1):
                cells = [cell.strip() for cell in line]
                if not any(cells):
                    continue
                if not at:
                    at, width = places(cells, table, columns), len(cells)
                    continue
                if any(cells[width:]):
                    raise InputError(
                        f"{table}: row {number}: {len(cells)} cells below {width} names; "
                        "put a path with a comma in quotes"
                    )
                cells += [""] * (width - len(cells))
                yield number, tuple(cells[place] for place in at)
    except (UnicodeDecodeError, csv.Error) as problem:
        raise InputError(f"{table}: not a CSV in UTF-8 ({problem}); save it again") from None
    if not at:
        places([], table, columns)


def places(names: list[str], table: Path, columns: Sequence[str]) -> list[int]:
    """Return where each of ``columns`` stands; InputError when one doesn't, or twice."""
    if missing := [c for c in columns if c not in names]:
        raise InputError(
            f"{table}: no column {', '.join(missing)}; it has {', '.join(names) or 'none'}"
        )
    if twice := [c for c in columns if names.count(c) > 1]:
        raise InputError(f"{table}: two columns {twice[0]}; remove one")
    return [names.index(c) for c in columns]


def is_file(path: Path) -> bool:
    """Tell whether a file stands at a path that somebody wrote."""
    try:
        return path.is_file()
    except OSError:  # too long a name
        return False
