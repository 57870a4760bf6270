import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

Cells = list[list[NDArray[np.generic]]]  # of one camera pair: (M, 10)
Filled = NDArray[np.bool_]  # (M, 2, 5): person, view, column


@pytest.fixture(scope="module")
def mat(drawn: Path) -> Iterator[h5py.File]:
    with zipfile.ZipFile(drawn / "cuhk03" / "cuhk03_release.zip") as archive:
        assert archive.namelist() == ["cuhk03_release/cuhk-03.mat"]
        content = archive.read("cuhk03_release/cuhk-03.mat")
    assert content.startswith(b"MATLAB 7.3 MAT-file")
    with h5py.File(io.BytesIO(content)) as file:
        yield file


def cells(mat: h5py.File, boxes: str) -> list[Cells]:
    """Return each camera pair's arrays as they are stored."""
    assert mat[boxes].shape == (1, 5)
    return [[[mat[cell][()] for cell in row] for row in mat[pair][()].T] for pair in mat[boxes][0]]


def filled(mat: h5py.File, boxes: str) -> list[Filled]:
    """Tell for each camera pair which cells hold an image."""
    pairs = [[[cell.ndim == 3 for cell in row] for row in pair] for pair in cells(mat, boxes)]
    return [np.array(pair).reshape(-1, 2, 5) for pair in pairs]


@pytest.mark.parametrize("boxes", ["labeled", "detected"])
def test_cells_are_images_or_empty(mat: h5py.File, boxes: str) -> None:
    pairs = cells(mat, boxes)
    assert [len(pair) for pair in pairs] == [3, 2, 1, 1, 1]
    for row in (row for pair in pairs for row in pair):
        assert len(row) == 10
        for cell in row:
            if cell.ndim == 3:
                channels, width, height = cell.shape
                assert cell.dtype == np.dtype(np.uint8)
                assert channels == 3
                assert 28 <= width < 40 < 70 <= height <= 100
            else:
                assert cell.shape == (2,)
                assert cell.dtype == np.dtype(np.uint64)


def test_empty_cells_stand_between_full_ones(mat: h5py.File) -> None:
    views = np.concatenate(filled(mat, "labeled")).reshape(-1, 5)
    assert any((np.diff(np.flatnonzero(view)) > 1).any() for view in views)


def test_one_person_has_one_view_only(mat: h5py.File) -> None:
    views = [pair.any(2).sum(1).tolist() for pair in filled(mat, "labeled")]
    assert views == [[2, 2, 1], [2, 2], [2], [2], [2]]


def test_detected_boxes_are_the_first_moments_again(mat: h5py.File) -> None:
    by_hand, found = (np.concatenate(filled(mat, boxes)) for boxes in ("labeled", "detected"))
    assert np.array_equal(found.any(2), by_hand.any(2))
    assert np.array_equal(found.argmax(2), by_hand.argmax(2))
    assert found.sum(2).max() == 1
    column = int(found[0, 0].argmax())
    one, again = (cells(mat, boxes)[0][0][column] for boxes in ("labeled", "detected"))
    assert one.shape == again.shape
    assert not np.array_equal(one, again)


def test_test_sets_name_persons_seen_twice_in_pairs_one_to_three(mat: h5py.File) -> None:
    assert mat["testsets"].shape == (1, 20)
    pairs = filled(mat, "labeled")
    sets = [mat[reference][()].T for reference in mat["testsets"][0]]
    for chosen in sets:
        assert chosen.shape == (2, 2)
        assert len(np.unique(chosen, axis=0)) == 2
        for pair, person in chosen.astype(int):
            assert pair in (1, 2, 3)
            assert pairs[pair - 1][person - 1].any(1).all()
    assert len({chosen.tobytes() for chosen in sets}) > 1
