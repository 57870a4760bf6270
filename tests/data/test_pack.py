from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mtdnet.data import pack as module
from mtdnet.data.pack import Original, pack
from mtdnet.data.pixels import read_files, resized
from mtdnet.errors import InputError

from .builders import pictures


@pytest.mark.parametrize("workers", [1, 3, None])
def test_rows_equal_a_plain_loop(
    tmp_path: Path, workers: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 3)
    names = [f"{i}.png" for i in range(8)]
    pictures(tmp_path, names)
    originals = pack(tmp_path, names, read_files, tmp_path / "x.npy", (227, 227), workers)
    packed = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert packed.shape == (8, 227, 227, 3)
    assert packed.dtype == np.uint8
    for row, original, (image, digest) in zip(
        packed, originals, read_files(tmp_path, names), strict=True
    ):
        assert np.array_equal(row, resized(image, (227, 227)))
        assert original == Original(6, 12, digest)


def test_first_error_stops_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 1)
    read: list[str] = []

    def reader(_home: Path, paths: Sequence[str]) -> Iterator[tuple[Image.Image, str]]:
        read.extend(paths)
        if paths[0] == "1":
            raise InputError("1: broken")
        yield Image.new("RGB", (4, 8)), ""

    with pytest.raises(InputError, match="1: broken"):
        pack(
            tmp_path,
            [str(i) for i in range(1000)],
            reader,
            tmp_path / "x.npy",
            (227, 227),
            workers=1,
        )
    assert len(read) < 1000
