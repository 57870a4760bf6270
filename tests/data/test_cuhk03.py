from pathlib import Path

import pytest

from mtdnet.data.layouts import cuhk03
from mtdnet.data.scan import Entry
from mtdnet.errors import InputError

from .builders import cell, mat, pictures

NAMES = ["1_001_1_01.png", "1_001_2_06.jpg", "3_077_1_02.png", "4_001_1_01.png", "5_001_1_01.png"]


def test_extracted_images_of_pairs_1_to_3(tmp_path: Path) -> None:
    pictures(tmp_path / "cuhk03_release/images_labeled", NAMES)
    pictures(tmp_path / "cuhk03_release/images_detected", ["2_009_2_07.png"])
    labeled, detected = (cuhk03.find(tmp_path, boxes) for boxes in ("labeled", "detected"))
    assert labeled is not None and detected is not None
    assert sorted(labeled.entries) == [
        Entry("1_001", "1a", "images_labeled/1_001_1_01.png"),
        Entry("1_001", "1b", "images_labeled/1_001_2_06.jpg"),
        Entry("3_077", "3a", "images_labeled/3_077_1_02.png"),
    ]
    assert detected.entries == [Entry("2_009", "2b", "images_detected/2_009_2_07.png")]


def test_the_mat_is_taken_where_both_are(tmp_path: Path) -> None:
    pictures(tmp_path / "images_labeled", NAMES)
    mat(tmp_path / "cuhk-03.mat", {(1, 1, 1): cell(0)}, persons=[1])
    found = cuhk03.find(tmp_path, "labeled")
    assert found is not None
    assert found.entries == [Entry("1_001", "1a", "cuhk-03.mat#labeled/1/001/1/01")]


def test_two_mats_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        mat(tmp_path / folder / "cuhk-03.mat", {}, persons=[1])
    with pytest.raises(InputError, match="2 times"):
        cuhk03.find(tmp_path, "labeled")
