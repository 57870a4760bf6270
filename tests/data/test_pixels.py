import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mtdnet.data.pixels import read_files, resized
from mtdnet.errors import InputError

from .builders import pictures, pixels


def test_files_are_read_and_hashed_in_order(tmp_path: Path) -> None:
    pictures(tmp_path, ["a.png", "b.bmp"])
    read = list(read_files(tmp_path, ["b.bmp", "a.png"]))
    assert [
        np.array_equal(np.asarray(image), pixels(s))
        for (image, _), s in zip(read, (1, 0), strict=True)
    ] == [True, True]
    assert [digest for _, digest in read] == [
        hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("b.bmp", "a.png")
    ]


def test_resized_is_bilinear() -> None:
    # One row of two grey pixels: between the centres the values go over in a straight line.
    row = np.array([[[0] * 3, [200] * 3]], np.uint8)
    out = resized(Image.fromarray(row), (256, 128))
    assert out.shape == (256, 128, 3)
    assert out.dtype == np.uint8
    for x in range(128):
        at = min(max((x + 0.5) * 2 / 128 - 0.5, 0.0), 1.0)
        assert abs(int(out[100, x, 1]) - 200 * at) <= 1


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.png: can't be read \(No such file"):
        list(read_files(tmp_path, ["gone.png"]))
