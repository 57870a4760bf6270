"""A drawn CUHK03: ``cuhk03_release.zip`` with ``cuhk-03.mat``, which is HDF5."""

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from mtdnet.synthetic.scene import Pixels
from mtdnet.synthetic.studio import Studio, pack

PAIRS = (1, 2, 3, 4, 5)
TEST_SETS = 20
HEADER = b"MATLAB 7.3 MAT-file, drawn people".ljust(124) + b"\x00\x02IM"

Cells = dict[int, Pixels]  # column 0 to 9 -> image; the other cells are empty


def write(folder: Path, count: int, studio: Studio) -> None:
    """Draw ``count`` persons, one each in camera pairs 4 and 5; one in forty has one view only.

    Each of the 20 test sets names a third as many, from those in both views of pairs 1 to 3.
    """
    second, third = max(1, count // 3), max(1, count // 15)
    sizes = (count - 2 - third - second, second, third, 1, 1)
    labeled = [
        [_cells(pair, i, studio) for i in range(1, size + 1)]
        for pair, size in zip(PAIRS, sizes, strict=True)
    ]
    detected = [
        [_detected(pair, i, cells, studio) for i, cells in enumerate(persons, 1)]
        for pair, persons in zip(PAIRS, labeled, strict=True)
    ]
    matched = [
        (pair, i)
        for pair, persons in zip(PAIRS[:3], labeled, strict=False)
        for i, cells in enumerate(persons, 1)
        if min(cells) < 5 <= max(cells)
    ]
    tests = []
    for number in range(TEST_SETS):
        chosen = studio.generator(f"test set {number}").choice(len(matched), count // 3, False)
        tests.append(np.array(matched, np.float64)[np.sort(chosen)])
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver="latest", userblock_size=512) as file:
        mat = _Mat(file)
        mat.cell("labeled", [mat.people(persons) for persons in labeled])
        mat.cell("detected", [mat.people(persons) for persons in detected])
        mat.cell("testsets", [mat.array(test.T) for test in tests])
    content = HEADER + buffer.getvalue()[len(HEADER) :]
    with zipfile.ZipFile(folder / "cuhk03_release.zip", "w") as archive:
        pack(archive, "cuhk03_release/cuhk-03.mat", content)


def _cells(pair: int, number: int, studio: Studio) -> Cells:
    """Return a person's images: mostly two a view, in any of the view's five columns."""
    person = f"{pair}_{number:03d}"
    rng = studio.generator(f"cells {person}")
    columns = []
    for first in (0, 5):
        amount = rng.choice([1, 2, 3], p=[0.1, 0.8, 0.1])
        columns += (first + np.sort(rng.choice(5, amount, replace=False))).tolist()
    if number % 40 == 3:
        columns = [c for c in columns if (c < 5) == (number % 80 == 3)]
    images = studio.album(person, [_camera(pair, c) for c in columns])
    return dict(zip(columns, images, strict=True))


def _detected(pair: int, number: int, cells: Cells, studio: Studio) -> Cells:
    """Return each view's first moment again, in the looser box of a detector."""
    return {
        column: studio.image(f"{pair}_{number:03d}", _camera(pair, column), at, slack=2.5)
        for at, column in enumerate(cells)
        if column == min(c for c in cells if c // 5 == column // 5)
    }


def _camera(pair: int, column: int) -> str:
    return f"{pair}{'ab'[column // 5]}"


class _Mat:
    """Cells and arrays as MATLAB lays them out in HDF5: transposed, cells by reference."""

    def __init__(self, file: h5py.File) -> None:
        self.file, self.number = file, 0
        self.empty = self.array(np.zeros(2, np.uint64))
        file[self.empty].attrs["MATLAB_empty"] = np.uint8(1)

    def array(self, content: NDArray[np.generic]) -> h5py.Reference:
        """Store an array as it is, packed where it is an image; return its reference."""
        self.number += 1
        packed = {"chunks": content.shape, "compression": 9} if content.ndim == 3 else {}
        return self.file.create_dataset(f"#refs#/{self.number}", data=content, **packed).ref

    def people(self, persons: list[Cells]) -> h5py.Reference:
        """Store a camera pair's cell: (10, M) references; an image is (3, W, H)."""
        cell = np.full((10, len(persons)), self.empty, h5py.ref_dtype)
        for at, cells in enumerate(persons):
            for column, pixels in cells.items():
                cell[column, at] = self.array(pixels.transpose(2, 1, 0))
        return self.array(cell)

    def cell(self, name: str, references: list[h5py.Reference]) -> None:
        """Store a variable of the workspace: a (1, n) cell."""
        self.file.create_dataset(name, data=np.array([references], h5py.ref_dtype))
