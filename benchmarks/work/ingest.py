"""Ingest: decoding, resizing and packing images."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.rows import Curve, Place, Ratio, seconds
from mtdnet.data.pack import pack
from mtdnet.data.pixels import read_files
from mtdnet.networks.trunks import TRUNKS
from mtdnet.synthetic.studio import Studio, encode

SIZE = TRUNKS["caffenet"].size
IMAGES = 4000
SIZES = (250, 500, 1000, 2000, 4000)
PERSONS = 100  # drawn anew; their files repeat

RSS = r"""
import re, sys
from pathlib import Path
from mtdnet.data.pack import pack
from mtdnet.data.pixels import read_files
# Not getrusage: its peak is the parent's, when that is larger.
def peak():
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
home, count, target = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
names = sorted(file.name for file in home.iterdir())
pack(home, names[:256], read_files, target, (227, 227))
before = peak()
pack(home, names[:count], read_files, target, (227, 227))
print((peak() - before) / 1024)
"""


def measure(place: Place) -> Iterator[Ratio | Curve]:
    """Compare with a loop over Pillow on drawn JPEG files; then vary how many there are."""
    home = place.scratch / "images"
    names = draw(home)
    own, other = place.scratch / "own.npy", place.scratch / "other.npy"
    device = place.device.torch
    taken = seconds(lambda: pack(home, names, read_files, own, SIZE), device, repeat=2)
    loop = seconds(lambda: plain(home, names, other), device, repeat=2)
    memory = {f"MB more at {n:,}": _growth(home, n, own) for n in (SIZES[-2], SIZES[-1])}
    equal = own.read_bytes() == other.read_bytes()
    yield Ratio(
        "ingest",
        "Pillow in a loop, one process",
        "images",
        len(names) / taken,
        len(names) / loop,
        1.8,
        notes={
            "same bytes": equal,
            "two loops at once, of one": loop / _two(home, names, device),
            **memory,
        },
    )
    points = []
    for n in SIZES:
        some = partial(pack, home, names[:n], read_files, own, SIZE)
        points.append((n, seconds(some, device, repeat=2)))
    yield Curve("ingest", "images", points)


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
    shape = (len(names), *SIZE, 3)
    packed = np.lib.format.open_memmap(target, mode="w+", dtype=np.uint8, shape=shape)
    for row, name in zip(packed, names, strict=True):
        with Image.open(home / name) as image:
            row[:] = np.asarray(image.convert("RGB").resize(SIZE, Image.Resampling.BILINEAR))
    packed.flush()


def _two(home: Path, names: Sequence[str], device: torch.device) -> float:
    """Return the seconds of two processes, which are there already, for half of the loop each.

    That is what the machine's cores give when nothing is shared; two threads of one core give less.
    """
    halves = [(home, names[part::2], home.parent / f"{part}.npy") for part in (0, 1)]
    with get_context("spawn").Pool(2) as pool:
        return seconds(partial(pool.starmap, plain, halves, 1), device, repeat=2)


def _growth(home: Path, count: int, target: Path) -> float:
    """Return by how many MB a process's peak memory grows when it packs ``count`` images."""
    command = (sys.executable, "-c", RSS, str(home), str(count), str(target))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)
