import hashlib
import shutil
from collections.abc import Generator
from pathlib import Path

import h5py
import numpy as np
import pytest

from mtdnet.data.mat import contents, read
from mtdnet.data.scan import Entry
from mtdnet.errors import InputError

from .builders import cell, mat, pixels

PATH = "cuhk-03.mat#labeled/1/001/1/01"


def test_contents_skip_empty_cells_and_pairs_4_and_5(tmp_path: Path) -> None:
    filled = [(1, 1, 1), (1, 1, 3), (1, 1, 6), (2, 3, 10), (3, 1, 5), (4, 1, 1), (5, 1, 1)]
    file = mat(
        tmp_path / "cuhk-03.mat",
        {at: cell(seed) for seed, at in enumerate(filled)},
        persons=[2, 3, 1, 1, 1],
        test_sets=[[(1, 1), (2, 3)], [(3, 1), (1, 2)]],
    )
    entries, test_sets = contents(file, "labeled")
    assert sorted(entries) == [
        Entry("1_001", "1a", PATH),
        Entry("1_001", "1a", "cuhk-03.mat#labeled/1/001/1/03"),
        Entry("1_001", "1b", "cuhk-03.mat#labeled/1/001/2/06"),
        Entry("2_003", "2b", "cuhk-03.mat#labeled/2/003/2/10"),
        Entry("3_001", "3a", "cuhk-03.mat#labeled/3/001/1/05"),
    ]
    assert test_sets == [["1_001", "2_003"], ["3_001", "1_002"]]


def test_pixels_are_upright_and_hashed(tmp_path: Path) -> None:
    mat(tmp_path / "cuhk-03.mat", {(1, 1, 1): cell(7), (2, 2, 8): cell(8)}, persons=[1, 2])
    paths = ["cuhk-03.mat#labeled/2/002/2/08", PATH]
    for seed, (image, digest) in zip((8, 7), read(tmp_path, paths), strict=True):
        assert np.array_equal(np.asarray(image), pixels(seed))
        assert digest == hashlib.sha256(pixels(seed).tobytes()).hexdigest()


def test_cell_of_another_type_is_named(tmp_path: Path) -> None:
    wrong = np.zeros((4, 6, 12), np.uint8)
    mat(tmp_path / "cuhk-03.mat", {(1, 1, 1): wrong}, persons=[1])
    with pytest.raises(InputError, match=r"labeled/1/001/1/01: expected uint8 \(3, w.*\(4, 6, 12"):
        list(read(tmp_path, [PATH]))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"<!DOCTYPE html><html>Sign in</html>", "a web page"),
        (b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(128) + b"\0" * 512, "older format"),
        (b"no data at all", "not a whole MATLAB v7.3 file"),
        (b"", "not a whole MATLAB v7.3 file"),
    ],
)
def test_other_contents_are_refused(tmp_path: Path, content: bytes, line: str) -> None:
    file = tmp_path / "cuhk-03.mat"
    file.write_bytes(content)
    with pytest.raises(InputError, match=f"cuhk-03.mat: .*{line}"):
        contents(file, "labeled")


def test_truncated_file_is_refused(tmp_path: Path) -> None:
    file = mat(tmp_path / "cuhk-03.mat", {(1, 1, 1): cell(0)}, persons=[1])
    file.write_bytes(file.read_bytes()[:-900])
    with pytest.raises(InputError, match="not a whole"):
        contents(file, "labeled")


@pytest.mark.parametrize("error", [KeyError, IndexError, OSError, ValueError, RuntimeError])
def test_an_error_of_who_reads_is_not_taken_for_damage(
    tmp_path: Path, error: type[Exception]
) -> None:
    mat(tmp_path / "cuhk-03.mat", {(1, 1, 1): cell(0)}, persons=[1])
    reading = read(tmp_path, [PATH])
    next(reading)
    assert isinstance(reading, Generator)
    with pytest.raises(error, match="own"):
        reading.throw(error("own"))


def test_nothing_is_read_from_other_files(tmp_path: Path) -> None:
    file = mat(tmp_path / "cuhk-03.mat", {(1, 1, 1): cell(0)}, persons=[1])
    (tmp_path / "secret").write_bytes(bytes(3 * 6 * 12))
    with h5py.File(file, "r+") as f:
        outside = [(str(tmp_path / "secret"), 0, 3 * 6 * 12)]
        stored = f["#refs#"].create_dataset("out", (3, 6, 12), "u1", external=outside)
        f["#refs#/labeled0"][0, 0] = stored.ref
        f["detected"] = h5py.ExternalLink(str(tmp_path / "other.mat"), "labeled")
    with pytest.raises(InputError, match=r"labeled/1/001/1/01: expected uint8 .* in the file it"):
        list(read(tmp_path, [PATH]))
    shutil.copy(file, tmp_path / "other.mat")
    with pytest.raises(InputError, match="key 'detected' is in another file"):
        contents(file, "detected")


def test_pixels_that_would_fill_the_memory_are_refused(tmp_path: Path) -> None:
    file = mat(tmp_path / "cuhk-03.mat", {(1, 1, 1): cell(0)}, persons=[1])
    with h5py.File(file, "r+") as f:  # 30 GB of nothing, in a small file
        stored = f["#refs#"].create_dataset("huge", (3, 100_000, 100_000), "u1", chunks=(3, 99, 99))
        f["#refs#/labeled0"][0, 0] = stored.ref
    with pytest.raises(InputError, match="of at most 89,478,485 pixels"):
        list(read(tmp_path, [PATH]))


@pytest.mark.parametrize("missing", ["labeled", "testsets"])
def test_missing_key_is_named(tmp_path: Path, missing: str) -> None:
    keys = [key for key in ("labeled", "testsets") if key != missing]
    file = mat(tmp_path / "cuhk-03.mat", {}, persons=[1], keys=keys)
    with pytest.raises(InputError, match=f"no key '{missing}', only #refs#, {keys[0]}"):
        contents(file, "labeled")


def test_key_without_cells_is_named(tmp_path: Path) -> None:
    file = tmp_path / "cuhk-03.mat"
    with h5py.File(file, "w") as f:
        f["labeled"] = np.zeros((1, 5))
    with pytest.raises(InputError, match="'labeled' isn't a list of cells"):
        contents(file, "labeled")


def test_damaged_references_are_refused(tmp_path: Path) -> None:
    file = mat(tmp_path / "cuhk-03.mat", {(1, 1, 1): cell(0)}, persons=[1])
    with h5py.File(file, "r+") as f:
        f["#refs#/labeled0"][0, 0] = h5py.Reference()  # points nowhere
    for damaged in (lambda: contents(file, "labeled"), lambda: list(read(tmp_path, [PATH]))):
        with pytest.raises(InputError, match=r"cuhk-03\.mat: not a whole MATLAB v7\.3 file \(Inv"):
            damaged()
