"""Parquet tables that one step writes and another reads."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mtdnet.errors import InputError, reason


def write_table(table: pa.Table, target: Path) -> None:
    """Write a Parquet file with a checksum a page, which reading verifies."""
    pq.write_table(table, target, write_page_checksum=True)


def read_table(source: Path, columns: Mapping[str, pa.DataType]) -> pa.Table:
    """Return columns of a Parquet file; InputError when it is missing, broken or without them.

    Also when a column is of another type, or has an empty cell.
    """
    if not source.is_file():
        raise InputError(f"{source}: no such file; run the step that writes it")
    try:
        table = pq.read_table(source, columns=list(columns), page_checksum_verification=True)
        table = table.select(list(columns))
    except (OSError, ValueError, KeyError, pa.ArrowException) as problem:
        line = f"not the table ({reason(problem)}); run its step again"
        raise InputError(f"{source}: {line}") from None
    for name, kind in columns.items():
        if table[name].type != kind:
            raise InputError(
                f"{source}: {name} is {table[name].type}, expected {kind}; run its step again"
            )
        if table[name].null_count:
            raise InputError(f"{source}: an empty cell in {name}; run its step again")
    return table
