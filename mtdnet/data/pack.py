"""Decode, resize and pack images in parallel."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from mtdnet.data.pixels import Reader, resized

CHUNK = 64  # images, 10 MB packed


class Original(NamedTuple):
    """What the packed pixels no longer tell: size in pixels, SHA-256 of what was read."""

    width: int
    height: int
    sha256: str


def pack(
    home: Path,
    paths: Sequence[str],
    read: Reader,
    target: Path,
    size: tuple[int, int],
    workers: int | None = None,
) -> list[Original]:
    """Write the N images to ``target``, uint8 (N, *size, 3) RGB as .npy, in the order given.

    Threads, one a core: Pillow and hashlib work outside the interpreter's lock, and threads need
    no start of their own. Memory doesn't grow with N: each chunk is written where it belongs.
    """
    shape = (len(paths), *size, 3)
    packed = np.lib.format.open_memmap(target, mode="w+", dtype=np.uint8, shape=shape)
    start = packed.offset
    del packed  # written by file calls: a full disk is an error there, but kills a mapping

    def chunk(first: int) -> list[Original]:
        some = paths[first : first + CHUNK]
        rows = np.empty((len(some), *shape[1:]), np.uint8)
        originals = []
        for row, (image, digest) in zip(rows, read(home, some), strict=True):
            row[:] = resized(image, size)
            originals.append(Original(*image.size, digest))
        with target.open("r+b") as stream:
            stream.seek(start + first * rows[0].nbytes)
            stream.write(rows.data)
        return originals

    pool = ThreadPoolExecutor(workers or os.cpu_count())
    try:
        jobs = [pool.submit(chunk, first) for first in range(0, len(paths), CHUNK)]
        originals = []
        with tqdm(total=len(paths), desc="pack", unit="image") as bar:
            for job in jobs:
                originals += job.result()
                bar.update(len(originals) - bar.n)
        return originals
    finally:
        pool.shutdown(cancel_futures=True)
