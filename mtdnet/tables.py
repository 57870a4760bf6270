"""Parquet tables that another step wrote."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mtdnet.errors import InputError


def read_table(source: Path, columns: Sequence[str]) -> pa.Table:
    """Return columns of a Parquet file; InputError when it is missing, broken or without them."""
    if not source.is_file():
        raise InputError(f"{source}: no such file; run the step that writes it")
    try:
        return pq.read_table(source, columns=list(columns)).select(list(columns))
    except (OSError, ValueError, KeyError) as problem:  # pyarrow's errors are of these kinds
        line = str(problem).splitlines()[0]
        raise InputError(f"{source}: not the table ({line}); run its step again") from None
