"""Anyone's own images: a CSV or Parquet table with ``path``, ``person_id``, ``camera_id``."""

import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mtdnet.data.csv_rows import Row, is_file, places, rows
from mtdnet.data.scan import Entry, Listing, files
from mtdnet.errors import InputError, reason

COLUMNS = ("path", "person_id", "camera_id")
LOOKED_FOR = f"a .csv or .parquet with the columns {', '.join(COLUMNS)}"
UNKNOWN = ("", "nan", "none", "null")  # what is written where nothing is known, in any letter case


def find(source: Path, _boxes: str) -> Listing | None:
    """Find the one table with the columns; its paths are relative to its folder and stay inside.

    Ids may be text or whole numbers and are kept as text; a camera of ``UNKNOWN`` is "". InputError
    names the row, counted as a spreadsheet does: the header is row 1, blank lines count.
    """
    candidates = [f for f in files(source) if f.suffix.lower() in (".csv", ".parquet")]
    if not candidates:
        return None
    table = _only(sorted(candidates), source)
    seen: dict[str, int] = {}
    entries = []
    for number, (path, person, camera) in _rows(table):
        where = f"{table}: row {number}"
        if person.lower() in UNKNOWN:
            raise InputError(
                f"{where}: person_id is {person or 'empty'}; give one or remove the row"
            )
        pure = PurePosixPath(path)
        if not path or pure.is_absolute() or ".." in pure.parts:
            raise InputError(f"{where}: path '{path}' isn't relative to the table's folder")
        if not is_file(table.parent / path):
            raise InputError(f"{where}: no file {table.parent / path}; correct or remove the row")
        if (first := seen.setdefault(str(pure), number)) != number:
            raise InputError(f"{where}: path '{path}' stands in row {first} already; remove one")
        known = camera if camera.lower() not in UNKNOWN else ""
        entries.append(Entry(person=person, camera=known, path=str(pure)))
    if not entries:
        raise InputError(f"{table}: no rows; list one image a row")
    return Listing(table.parent, entries, others=f"in no row of {table.name}")


def _only(tables: list[Path], source: Path) -> Path:
    """Return the table that has the columns; InputError for several, or for none."""
    refused = {}
    for table in tables:
        try:
            next(_rows(table), None)
        except InputError as problem:
            refused[table] = problem
    usable = [table for table in tables if table not in refused] or tables
    if len(usable) > 1:
        names = ", ".join(table.name for table in usable)
        raise InputError(f"{source}: {len(usable)} tables ({names}); keep one there")
    if usable[0] in refused:
        raise refused[usable[0]]
    return usable[0]


def _rows(table: Path) -> Iterator[Row]:
    return rows(table, COLUMNS) if table.suffix.lower() == ".csv" else _parquet(table)


def _parquet(table: Path) -> Iterator[Row]:
    try:
        with pq.ParquetFile(table) as file:
            names = file.schema_arrow.names
            at = places([name.strip() for name in names], table, COLUMNS)
            columns = [file.read(columns=[names[p]]).column(0) for p in at]
    except (pa.ArrowException, OSError, UnicodeDecodeError) as problem:
        line = f"not a whole Parquet file ({reason(problem)}); write it again"
        raise InputError(f"{table}: {line}") from None
    cells = [_text(c, f"{table}: {name}") for c, name in zip(columns, COLUMNS, strict=True)]
    if len({len(column) for column in cells}) > 1:
        raise InputError(f"{table}: columns of different lengths; write it again")
    yield from enumerate(zip(*cells, strict=True), start=2)


def _text(column: Any, where: str) -> list[str]:
    """Return a Parquet column as text; InputError when its type is no id's."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        column = column.cast(kind)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        try:
            column = column.cast(pa.string())
        except pa.ArrowInvalid:
            raise InputError(f"{where} is binary and no UTF-8; write it as text") from None
    elif not (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_null(kind)
    ):
        raise InputError(f"{where} is of type {kind}; write it as text or whole numbers")
    try:
        values = column.to_pylist()
    except UnicodeDecodeError:
        raise InputError(f"{where} is no UTF-8; write it as text") from None
    return [_cell(value, f"{where}, row {n}") for n, value in enumerate(values, start=2)]


def _cell(cell: Any, where: str) -> str:
    if isinstance(cell, float) and not math.isnan(cell):  # pandas: whole numbers with gaps
        if not cell.is_integer():
            raise InputError(f"{where}: {cell} is no whole number")
        return str(int(cell))
    return "" if cell is None else str(cell).strip()
