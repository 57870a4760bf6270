import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtdnet.data.images import Images, sealed
from mtdnet.data.ingest import ingest
from mtdnet.errors import InputError
from mtdnet.files import read_json, write_json

from .builders import VIPER, pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures(tmp_path / "in", VIPER)
    ingest(source=tmp_path / "in", benchmark="viper", layout="viper", out=tmp_path / "out")
    return tmp_path / "out"


def test_open_reads_what_ingest_wrote(folder: Path) -> None:
    images = Images.open(folder)
    assert images.person.tolist() == ["000", "000", "007", "007"]
    assert images.camera.tolist() == ["a", "b", "a", "b"]
    assert images.path[0] == "cam_a/000_45.bmp"
    assert images.part.tolist() == images.role.tolist() == [""] * 4
    assert images.pixels.shape == (4, 227, 227, 3)
    assert isinstance(images.pixels, np.memmap)
    assert images.counts == read_json(folder / "counts.json")


def test_writing_to_the_pixels_keeps_the_file(folder: Path) -> None:
    before = (folder / "images.npy").read_bytes()
    images = Images.open(folder)
    images.pixels[:] = 0
    del images
    assert (folder / "images.npy").read_bytes() == before


@pytest.mark.parametrize("name", ["counts.json", "images.npy", "images.parquet"])
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        Images.open(folder)


@pytest.mark.parametrize("name", ["images.npy", "images.parquet"])
def test_truncated_file_is_refused(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"not a whole ingest .*; run the ingest step again"):
        Images.open(folder)


def test_pixels_of_another_shape_are_refused(folder: Path) -> None:
    np.save(folder / "images.npy", np.zeros((3, 227, 227, 3), np.uint8))
    with pytest.raises(InputError, match=r"images\.npy: expected uint8 \(4, 227.*\(3, 227"):
        Images.open(folder)


def test_other_columns_are_refused(folder: Path) -> None:
    file = folder / "images.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["role"]), file)
    with pytest.raises(InputError, match=r"images\.parquet: other columns"):
        Images.open(folder)


def test_counts_of_another_set_are_refused(folder: Path) -> None:
    right = read_json(folder / "counts.json")
    write_json(folder / "counts.json", right | {"images": 5})
    with pytest.raises(InputError, match=r"counts\.json: not the counts of 4 images"):
        Images.open(folder)
    for key, value in (("benchmark", 1), ("layout", []), ("images", True), ("test_sets", "x")):
        write_json(folder / "counts.json", right | {key: value})
        with pytest.raises(InputError, match=rf"counts\.json: {key}: .*; run its step again"):
            Images.open(folder)


def test_an_empty_cell_is_refused(folder: Path) -> None:
    table = pq.read_table(folder / "images.parquet")
    place = table.schema.get_field_index("person")
    empty = table.set_column(place, "person", pa.nulls(len(table), pa.string()))
    pq.write_table(empty, folder / "images.parquet")
    with pytest.raises(InputError, match=r"images\.parquet: an empty cell in person"):
        Images.open(folder)


@pytest.mark.parametrize("at", [128, 300_000, -1])
def test_a_flipped_pixel_is_noticed(folder: Path, at: int) -> None:
    content = bytearray((folder / "images.npy").read_bytes())
    content[at] ^= 1
    (folder / "images.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"images\.npy: not the pixels that ingest wrote; run"):
        Images.open(folder)


def test_a_cut_array_that_was_filled_up_is_noticed(folder: Path) -> None:
    file = folder / "images.npy"
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.truncate(size // 2)
        stream.truncate(size)
    with pytest.raises(InputError, match="not the pixels that ingest wrote"):
        Images.open(folder)


def test_a_flipped_bit_of_the_table_is_noticed_or_does_not_matter(folder: Path) -> None:
    file, whole = folder / "images.parquet", Images.open(folder)
    content, refused = file.read_bytes(), 0
    for at in range(0, len(content), 23):
        file.write_bytes(content[:at] + bytes([content[at] ^ 16]) + content[at + 1 :])
        try:
            found = Images.open(folder)
        except InputError:
            refused += 1
            continue
        for name in ("person", "camera", "path", "part", "role"):
            assert getattr(found, name).tolist() == getattr(whole, name).tolist(), at
    assert refused > 20


def test_the_table_hashes_the_pixels(folder: Path, tmp_path: Path) -> None:
    """What rests on a hash of the table alone rests on the pixels, too."""
    (tmp_path / "again").mkdir()
    pictures(tmp_path / "again/in", VIPER)
    source = tmp_path / "again/in"
    ingest(source=source, benchmark="viper", layout="viper", out=tmp_path / "again/out")
    table = (folder / "images.parquet").read_bytes()
    assert (tmp_path / "again/out/images.parquet").read_bytes() == table
    other = sealed(pq.read_table(folder / "images.parquet"), source / VIPER[0])
    pq.write_table(other, tmp_path / "other.parquet")
    assert (tmp_path / "other.parquet").read_bytes() != table


def test_what_is_no_array_of_pixels_is_refused(folder: Path) -> None:
    file = folder / "images.npy"
    np.savez(folder / "other.npz", a=np.zeros(3))
    for content in (b"", (folder / "other.npz").read_bytes(), pickle.dumps({"a": 1})):
        file.write_bytes(content)
        with pytest.raises(InputError, match="run the ingest step again"):
            Images.open(folder)
    for array in (np.zeros(()), np.zeros(3), np.array(["a"]), np.zeros(3, [("a", "i4")])):
        np.save(file, array)
        with pytest.raises(InputError, match="run the ingest step again"):
            Images.open(folder)
