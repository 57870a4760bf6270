"""Tiny benchmarks of random pictures, written as the real ones lie on disk."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image

VIPER = [
    "VIPeR/cam_a/000_45.bmp",
    "VIPeR/cam_a/007_0.bmp",
    "VIPeR/cam_b/000_180.bmp",
    "VIPeR/cam_b/007_90.bmp",
]
# (camera pair, person, cell) -> uint8 (3, width, height), as MATLAB's transposed order has it.
Cells = Mapping[tuple[int, int, int], NDArray[np.uint8]]


def pixels(seed: int, width: int = 6, height: int = 12) -> NDArray[np.uint8]:
    """Draw a random picture, uint8 (height, width, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def pictures(root: Path, names: Iterable[str]) -> Path:
    """Write a different random picture under each name below ``root``."""
    for seed, name in enumerate(names):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels(seed)).save(file)
    return root


def mat(
    file: Path,
    cells: Cells,
    *,
    persons: Sequence[int],
    test_sets: Sequence[Sequence[tuple[int, int]]] = (((1, 1),),),
    keys: Sequence[str] = ("labeled", "testsets"),
) -> Path:
    """Write a MATLAB v7.3 file as CUHK03's: ``persons`` of each camera pair, absent cells empty."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(file, "w", userblock_size=512) as f:
        store = f.create_group("#refs#")

        def put(content: NDArray[np.generic]) -> h5py.Reference:
            return store.create_dataset(f"n{len(store)}", data=content).ref

        for key in keys:
            lists = test_sets if key == "testsets" else persons
            top = f.create_dataset(key, (1, len(lists)), dtype=h5py.ref_dtype)
            for column in range(len(lists)):
                if key == "testsets":
                    top[0, column] = put(np.array(test_sets[column], np.float64).T)
                    continue
                table = store.create_dataset(
                    f"{key}{column}", (10, persons[column]), dtype=h5py.ref_dtype
                )
                for cell, row in np.ndindex(10, persons[column]):
                    image = cells.get((column + 1, row + 1, cell + 1))
                    table[cell, row] = put(np.zeros(2, np.uint64) if image is None else image)
                top[0, column] = table.ref
    with file.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512))
    return file


def cell(seed: int) -> NDArray[np.uint8]:
    """Draw a picture as the .mat stores it, uint8 (3, 6, 12)."""
    return np.ascontiguousarray(pixels(seed).T)
