from pathlib import Path
from typing import Any

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
    refuse(folder, good + "images/a,b.png,1,1\n", "row 3: 4 cells below 3 names; put")
    refuse(folder, good + "images/b\0.jpg,1,1\n", "row 3: no file")
    refuse(folder, good + "x" * 5000 + ",1,1\n", "row 3: no file")
    refuse(folder, good + '"images/b.jpg,1,1\n', "not a CSV in UTF-8 .unexpected end of data")
    refuse(folder, "path,path,person_id,camera_id\n", "two columns path; remove one")
    refuse(folder, good + ",1,1\n", "row 3: path '' isn't relative")
    refuse(folder, good + "./images/a.png,2,1\n", "row 3: path .* in row 2 already")


@pytest.mark.parametrize("path", ["../outside.png", "images/../../outside.png", "/etc/outside.png"])
def test_paths_stay_inside(folder: Path, path: str) -> None:
    pictures(folder.parent, ["outside.png"])
    refuse(folder, f"{HEADER}{path},1,1\n", "row 2: path '.*' isn't relative to the table's folder")


def test_of_several_tables_the_one_with_the_columns_is_read(folder: Path) -> None:
    (folder / "a.csv").write_text("left,right\n1,2\n")
    (folder / "b.parquet").write_bytes(b"")
    (folder / "list.csv").write_text(HEADER + "images/a.png,1,1\n")
    found = table.find(folder, "labeled")
    assert found is not None
    assert found.entries == [Entry("1", "1", "images/a.png")]
    refuse(folder, "path,person\n", "mine: 3 tables .a.csv, b.parquet, list.csv.; keep one there")
    (folder / "a.csv").write_text(HEADER)
    refuse(folder, HEADER, "mine: 2 tables .a.csv, list.csv.; keep one there")


def test_spaces_and_quotes_around_names_and_cells(folder: Path) -> None:
    text = ' path , "person_id", camera_id,\n images/a.png , "7", 1,\n"images/b.jpg",  8, ,\n'
    (folder / "list.csv").write_text(text)
    found = table.find(folder, "labeled")
    assert found is not None
    assert found.entries == [Entry("7", "1", "images/a.png"), Entry("8", "", "images/b.jpg")]


def test_rows_are_counted_as_a_spreadsheet_does(folder: Path) -> None:
    quoted = '"1\n"'  # two lines, one row
    blank = f"\n{HEADER}\n,,\nimages/a.png,{quoted},1\n\n"
    refuse(folder, blank + "images/c.jpg,1,1\n", "row 7: no file .*c.jpg")


UNKNOWN = ["", "NaN", "nan", "None", "null"]


@pytest.mark.parametrize("cell", UNKNOWN)
def test_what_is_unknown(folder: Path, cell: str) -> None:
    (folder / "list.csv").write_text(f"{HEADER}images/a.png,1,{cell}\nimages/b.jpg,1,2\n")
    found = table.find(folder, "labeled")
    assert found is not None and [e.camera for e in found.entries] == ["", "2"]
    refuse(folder, f"{HEADER}images/a.png,1,1\nimages/b.jpg,{cell},2\n", "row 3: person_id is")


def parquet(folder: Path, **columns: Any) -> None:
    paths = {"path": ["images/a.png", "images/b.jpg"], "person_id": [1, 2], "camera_id": [1, 2]}
    pq.write_table(pa.table(paths | columns), folder / "list.parquet")


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        (pa.array([1.0, float("nan")]), ["1", ""]),
        (pa.array([1, None], pa.int8()), ["1", ""]),
        (pa.array([None, None]), ["", ""]),
        (pa.array([b"01", b"x"]), ["01", "x"]),
        (pa.array(["1", "nan"], pa.large_string()), ["1", ""]),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
    ],
)
def test_columns_of_parquet(folder: Path, cells: pa.Array, text: list[str]) -> None:
    parquet(folder, camera_id=cells)
    found = table.find(folder, "labeled")
    assert found is not None and [e.camera for e in found.entries] == text


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (pa.array([1.0, float("nan")]), "row 3: person_id is empty|row 3: person_id is nan"),
        (pa.array([1.0, 2.5]), "person_id, row 3: 2.5 is no whole number"),
        (pa.array([b"\xff", b"1"]), "person_id is binary and no UTF-8"),
        (pa.array([True, False]), "person_id is of type bool; write it as text"),
        (pa.array([[1], [2]]), "person_id is of type list"),
        (pa.array([0, 1], pa.timestamp("s")), "person_id is of type timestamp"),
    ],
)
def test_columns_of_parquet_that_are_refused(folder: Path, cells: pa.Array, line: str) -> None:
    parquet(folder, person_id=cells)
    with pytest.raises(InputError, match=line):
        table.find(folder, "labeled")


def test_contents_that_are_no_table(folder: Path) -> None:
    (folder / "list.parquet").write_bytes(b"<html>")
    with pytest.raises(InputError, match=r"list\.parquet: not a whole Parquet file"):
        table.find(folder, "labeled")
    (folder / "list.parquet").unlink()
    (folder / "list.csv").write_bytes(HEADER.encode() + b"\xff\xfe,1,1\n")
    with pytest.raises(InputError, match=r"list\.csv: not a CSV in UTF-8"):
        table.find(folder, "labeled")
