"""Image files as pixels of the network's input size."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mtdnet.data.decode import BYTES, decode
from mtdnet.data.picture import NamedImage, Source
from mtdnet.errors import InputError

# From a folder and paths in it: each picture with the SHA-256 of what was read, in order.
Reader = Callable[[Path, Sequence[str]], Iterator[tuple[Image.Image, str]]]


def read_files(home: Path, paths: Sequence[str]) -> Iterator[tuple[Image.Image, str]]:
    """Yield each file as an RGB picture, with the SHA-256 of its bytes; a file is read once.

    Raises InputError for a file that ``decode`` refuses, or of more than ``BYTES``.
    """
    for path in paths:
        try:
            with (home / path).open("rb") as stream:
                content = stream.read(BYTES + 1)
        except OSError as problem:
            raise InputError(f"{home / path}: can't be read ({problem.strerror})") from None
        yield decode(content, str(home / path)), hashlib.sha256(content).hexdigest()


def resized(image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an RGB picture of any size as uint8 (H, W, 3), bilinear; ``size``: H and W."""
    return np.asarray(image.resize(size[::-1], Image.Resampling.BILINEAR))


def stacked(images: Sequence[Source], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return images resized, (N, H, W, 3) RGB; InputError names one that is no image.

    Threads, one a core: Pillow works outside the interpreter's lock.
    """

    def one(image: Source) -> NDArray[np.uint8]:
        if isinstance(image, NamedImage):
            return resized(image.picture(), size)
        ((picture, _),) = read_files(Path(), [str(image)])
        return resized(picture, size)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.stack(list(pool.map(one, images)))
