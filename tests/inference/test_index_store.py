"""What is wrong with an index is one line, before a query is asked."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtdnet.errors import InputError
from mtdnet.files import write_json
from mtdnet.inference.image_files import SCHEMA
from mtdnet.inference.index_store import Facts, read

WRONG: tuple[object, ...] = (None, 1, [], {})
GOOD: dict[str, Any] = {"images": "gallery", "network": "0" * 64, "features": 8, "halves": 0}
ROWS: dict[str, list[Any]] = {"path": [b"a.png"], "bytes": [1], "changed": [1]}


def index(folder: Path, content: object, rows: dict[str, list[Any]] = ROWS) -> None:
    pq.write_table(pa.table(rows, schema=SCHEMA), folder / "files.parquet")
    if isinstance(content, str):
        (folder / "index.json").write_text(content)
    else:
        write_json(folder / "index.json", content)


def test_what_an_older_index_lacks_has_its_former_value(tmp_path: Path) -> None:
    index(tmp_path, GOOD)
    facts, files = read(tmp_path)
    assert facts == Facts("gallery", "0" * 64, 8, 0) and files.num_rows == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("images", value) for value in WRONG),
        *(("network", value) for value in (None, 1.5, -1)),
        *(("features", value) for value in (0, "8", 1.5, True)),
        *(("done", value) for value in (None, "x", -1)),
        *(("grid", value) for value in ([13], [0, 13], "xx", [13, 13, 13])),
        ("left_out", [-1]),
    ],
)
def test_a_wrong_value_is_named(key: str, value: object, tmp_path: Path) -> None:
    index(tmp_path, GOOD | {key: value})
    with pytest.raises(InputError, match=rf"index\.json: {key}: .*; remove the index") as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, "\x00"])
def test_what_is_no_index_is_named(text: str, tmp_path: Path) -> None:
    index(tmp_path, text)
    with pytest.raises(InputError, match=r"index\.json: .*; remove the index and make it"):
        read(tmp_path)


def test_more_images_than_files_and_an_empty_cell(tmp_path: Path) -> None:
    index(tmp_path, GOOD | {"done": 2})
    with pytest.raises(InputError, match=r"2 of 1 images"):
        read(tmp_path)
    index(tmp_path, GOOD, ROWS | {"path": [None]})
    with pytest.raises(InputError, match=r"an empty cell in files\.parquet"):
        read(tmp_path)
