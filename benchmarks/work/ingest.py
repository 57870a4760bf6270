"""Ingest: decoding, resizing and packing images."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.rows import Place, Ratio, seconds
from mtdnet.data.pack import pack
from mtdnet.data.pixels import SIDE, read_files
from mtdnet.synthetic.studio import Studio, encode

IMAGES = 4000
PERSONS = 100  # drawn anew; their files repeat


def measure(place: Place) -> Iterator[Ratio]:
    """Compare with a loop over Pillow on drawn JPEG files."""
    home = place.scratch / "images"
    names = draw(home)
    own, other = place.scratch / "own.npy", place.scratch / "other.npy"
    device = place.device.torch
    yield Ratio(
        "ingest",
        "Pillow in a loop, one process",
        "images",
        len(names) / seconds(lambda: pack(home, names, read_files, own), device, repeat=2),
        len(names) / seconds(lambda: plain(home, names, other), device, repeat=2),
        1.8,
        notes={"same bytes": own.read_bytes() == other.read_bytes()},
    )


def draw(home: Path, images: int = IMAGES) -> list[str]:
    """Write drawn pedestrians as JPEG files into the new folder ``home``; return their names."""
    home.mkdir()
    studio = Studio("benchmark", 0, lambda: None)
    files = [
        encode(pixels, "JPEG")
        for person in range(min(PERSONS, images))
        for pixels in studio.album(str(person), ["a", "b"])
    ]
    names = [f"{number:06d}.jpg" for number in range(images)]
    for number, name in enumerate(names):
        (home / name).write_bytes(files[number % len(files)])
    return names


def plain(home: Path, names: Sequence[str], target: Path) -> None:
    """Write the same array file in one loop: open, convert, resize, write."""
    shape = (len(names), SIDE, SIDE, 3)
    packed = np.lib.format.open_memmap(target, mode="w+", dtype=np.uint8, shape=shape)
    for row, name in zip(packed, names, strict=True):
        with Image.open(home / name) as image:
            row[:] = np.asarray(
                image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
            )
    packed.flush()
