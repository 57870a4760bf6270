"""What is wrong with an index is one line, before a query is asked."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtdnet.errors import InputError
from mtdnet.files import write_json
from mtdnet.inference.image_files import SCHEMA
from mtdnet.inference.index_build import build
from mtdnet.inference.index_store import Facts, read
from mtdnet.inference.search import Gallery

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
    assert facts == Facts(**GOOD) and files.num_rows == 1


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


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


@pytest.mark.usefixtures("float32")
def test_a_flipped_bit_is_one_line(shop: Path, networks: dict[str, Path]) -> None:
    index, query = shop.parent / "index", shop.parent / "query.bmp"
    build(shop, index, networks["random"])
    gallery, half = Gallery(index, networks["random"]), (index / "halves.npy").stat().st_size // 56
    expected = gallery.rank(query, top=3)
    for name, place in (("features.npy", 500), ("sums.npy", 128 + 20)):
        flip(index / name, place)
        with pytest.raises(InputError, match=r"features\.npy: changed .* from image \d+ on"):
            Gallery(index, networks["random"])
        flip(index / name, place)
    for part in range(4):
        flip(index / "halves.npy", 128 + (4 + part) * half + 9)
        with pytest.raises(InputError, match=r"halves\.npy: changed .* from image 2 on; remove"):
            Gallery(index, networks["random"]).rank(query)
        flip(index / "halves.npy", 128 + (4 + part) * half + 9)
    flip(index / "files.parquet", 60)
    with pytest.raises(InputError, match="no whole index"):
        Gallery(index, networks["random"])
    flip(index / "files.parquet", 60)
    assert Gallery(index, networks["random"]).rank(query, top=3) == expected


def test_an_index_of_before_there_were_checksums_answers(
    shop: Path, networks: dict[str, Path]
) -> None:
    index, query = shop.parent / "index", shop.parent / "query.bmp"
    build(shop, index, networks["random"])
    expected = Gallery(index, networks["random"]).rank(query)
    (index / "sums.npy").unlink()
    with pytest.raises(InputError, match=r"sums\.npy: not whole"):
        Gallery(index, networks["random"])
    facts = json.loads((index / "index.json").read_text())
    del facts["sums"]
    write_json(index / "index.json", facts)
    assert Gallery(index, networks["random"]).rank(query) == expected
    assert not build(shop, index, networks["random"]).sums
