from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtdnet.data.layouts import table
from mtdnet.data.scan import Entry
from mtdnet.errors import InputError

from .builders import pictures

HEADER = "path,person_id,camera_id\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return pictures(tmp_path / "mine", ["images/a.png", "images/b.jpg"])


def refuse(folder: Path, text: str, line: str) -> None:
    (folder / "list.csv").write_text(text)
    with pytest.raises(InputError, match=line):
        table.find(folder, "labeled")


def test_csv_keeps_leading_zeros_and_unknown_cameras(folder: Path) -> None:
    text = "\ufeffcamera_id,note,path,person_id\n1,x,images/a.png,007\n,,./images/b.jpg, 8 \n"
    (folder / "list.csv").write_text(text, encoding="utf-8")
    expected = [Entry("007", "1", "images/a.png"), Entry("8", "", "images/b.jpg")]
    for source in (folder, folder.parent, folder / "list.csv"):
        found = table.find(source, "labeled")
        assert found is not None
        assert (found.home, found.entries, found.published) == (folder, expected, None)


def test_parquet_with_numbers(folder: Path) -> None:
    columns = {"path": ["images/a.png", "images/b.jpg"], "person_id": [7, 8]}
    pq.write_table(pa.table({**columns, "camera_id": [1, None]}), folder / "list.parquet")
    found = table.find(folder, "labeled")
    assert found is not None
    assert found.entries == [Entry("7", "1", "images/a.png"), Entry("8", "", "images/b.jpg")]


def test_rows_that_are_refused(folder: Path) -> None:
    good = HEADER + "images/a.png,1,1\n"
    refuse(folder, "path,person\nimages/a.png,1\n", "list.csv: no column person_id, camera_id; it")
    refuse(folder, "", "list.csv: no column path")
    refuse(folder, HEADER, "list.csv: no rows")
    refuse(folder, good + "images/b.jpg,,1\n", "row 3: person_id is empty")
    refuse(folder, good + "images/b.jpg\n", "row 3: person_id is empty")
    refuse(folder, good + "images/c.jpg,1,1\n", "row 3: no file .*images/c.jpg")
    refuse(folder, good + "images,1,1\n", "row 3: no file")
    refuse(folder, good + ",1,1\n", "row 3: path '' isn't relative")
    refuse(folder, good + "./images/a.png,2,1\n", "row 3: path .* in row 2 already")


@pytest.mark.parametrize("path", ["../outside.png", "images/../../outside.png", "/etc/outside.png"])
def test_paths_stay_inside(folder: Path, path: str) -> None:
    pictures(folder.parent, ["outside.png"])
    refuse(folder, f"{HEADER}{path},1,1\n", "row 2: path '.*' isn't relative to the table's folder")


def test_two_tables_are_refused(folder: Path) -> None:
    (folder / "a.csv").write_text(HEADER)
    refuse(folder, HEADER, "2 times")


def test_contents_that_are_no_table(folder: Path) -> None:
    (folder / "list.parquet").write_bytes(b"<html>")
    with pytest.raises(InputError, match=r"list\.parquet: not a whole Parquet file"):
        table.find(folder, "labeled")
    (folder / "list.parquet").unlink()
    (folder / "list.csv").write_bytes(HEADER.encode() + b"\xff\xfe,1,1\n")
    with pytest.raises(InputError, match=r"list\.csv: not a CSV in UTF-8"):
        table.find(folder, "labeled")
