from pathlib import Path

import pyarrow as pa
import pytest

from mtdnet.errors import InputError
from mtdnet.tables import read_table, write_table

KINDS = {"image": pa.int32(), "part": pa.string()}


def test_a_flipped_bit_is_noticed_or_does_not_matter(tmp_path: Path) -> None:
    table = pa.table({"image": pa.array(range(50), pa.int32()), "part": ["train", "test"] * 25})
    write_table(table, tmp_path / "split.parquet")
    content, refused = (tmp_path / "split.parquet").read_bytes(), 0
    for at in range(0, len(content), 3):
        flipped = content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]
        (tmp_path / "split.parquet").write_bytes(flipped)
        try:
            assert read_table(tmp_path / "split.parquet", KINDS).equals(table), at
        except InputError as problem:
            assert "split.parquet: not the table" in str(problem)
            refused += 1
    assert refused > 50


def test_a_missing_table_or_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.parquet: no such file"):
        read_table(tmp_path / "a.parquet", KINDS)
    write_table(pa.table({"image": pa.array([1], pa.int32())}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"a\.parquet: not the table .*part"):
        read_table(tmp_path / "a.parquet", KINDS)


@pytest.mark.parametrize(
    ("image", "line"),
    [
        (["0", "1"], "image is string, expected int32"),
        ([0.5, 1.5], "image is double, expected int32"),
        ([[0], [1]], "image is list.*, expected int32"),
        (pa.array([0, None], pa.int32()), "an empty cell in image"),
    ],
)
def test_a_column_of_another_type_is_named(image: object, line: str, tmp_path: Path) -> None:
    write_table(pa.table({"image": image, "part": ["train", "test"]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=rf"a\.parquet: {line}; run its step again"):
        read_table(tmp_path / "a.parquet", KINDS)
