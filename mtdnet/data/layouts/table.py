"""Anyone's own images: a CSV or Parquet table with ``path``, ``person_id``, ``camera_id``."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from mtdnet.data.scan import Entry, Found, files, only
from mtdnet.errors import InputError

COLUMNS = ("path", "person_id", "camera_id")
LOOKED_FOR = f"a .csv or .parquet with the columns {', '.join(COLUMNS)}"


def find(source: Path, _boxes: str) -> Found | None:
    """Find the one table; its paths are relative to its own folder and stay inside.

    Ids may be text or numbers and are kept as text; an empty camera is an unknown one.
    InputError names the row, counted as a spreadsheet does: the header is row 1.
    """
    tables = [f for f in files(source) if f.suffix.lower() in (".csv", ".parquet")]
    if not tables:
        return None
    table = only(tables, source)
    rows = _csv(table) if table.suffix.lower() == ".csv" else _parquet(table)
    seen: dict[str, int] = {}
    entries = []
    for number, row in enumerate(rows, start=2):
        path, person, camera = (row[c] for c in COLUMNS)
        where = f"{table}: row {number}"
        if not person:
            raise InputError(f"{where}: person_id is empty; give one or remove the row")
        pure = PurePosixPath(path)
        if not path or pure.is_absolute() or ".." in pure.parts:
            raise InputError(f"{where}: path '{path}' isn't relative to the table's folder")
        if not (table.parent / path).is_file():
            raise InputError(f"{where}: no file {table.parent / path}; correct or remove the row")
        if (first := seen.setdefault(str(pure), number)) != number:
            raise InputError(f"{where}: path '{path}' stands in row {first} already; remove one")
        entries.append(Entry(person=person, camera=camera, path=str(pure)))
    if not entries:
        raise InputError(f"{table}: no rows; list one image a row")
    return Found(table.parent, entries)


def _csv(table: Path) -> Iterable[Mapping[str, str]]:
    """Read by the csv module, which keeps "0001" text."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, restval="")
            _check(reader.fieldnames or (), table)
            return [{c: row[c].strip() for c in COLUMNS} for row in reader]
    except (UnicodeDecodeError, csv.Error) as problem:
        raise InputError(f"{table}: not a CSV in UTF-8 ({problem}); save it again") from None


def _parquet(table: Path) -> Iterable[Mapping[str, str]]:
    try:
        with pq.ParquetFile(table) as file:
            _check(file.schema_arrow.names, table)
            rows = file.read(columns=list(COLUMNS)).to_pylist()
    except (pa.ArrowInvalid, OSError) as problem:
        line = str(problem).splitlines()[0]
        raise InputError(f"{table}: not a whole Parquet file ({line}); write it again") from None
    return [{c: "" if row[c] is None else str(row[c]).strip() for c in COLUMNS} for row in rows]


def _check(names: Iterable[str], table: Path) -> None:
    there = list(names)
    if missing := [c for c in COLUMNS if c not in there]:
        raise InputError(
            f"{table}: no column {', '.join(missing)}; it has {', '.join(there) or 'none'}"
        )
