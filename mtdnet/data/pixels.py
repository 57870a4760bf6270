"""Image files as pixels of the network's input size."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from mtdnet.data.html_check import is_page
from mtdnet.errors import InputError

# From a folder and paths in it: each picture with the SHA-256 of what was read, in order.
Reader = Callable[[Path, Sequence[str]], Iterator[tuple[Image.Image, str]]]


def read_files(home: Path, paths: Sequence[str]) -> Iterator[tuple[Image.Image, str]]:
    """Yield each file as an RGB picture, with the SHA-256 of its bytes; a file is read once."""
    for path in paths:
        try:
            content = (home / path).read_bytes()
        except OSError as problem:
            raise InputError(f"{home / path}: can't be read ({problem.strerror})") from None
        yield decode(content, str(home / path)), hashlib.sha256(content).hexdigest()


def decode(content: bytes, name: str) -> Image.Image:
    """Return an image file's bytes as an RGB picture; InputError, with ``name``, if broken.

    Pillow's guard against images that blow up in memory stays on.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.convert("RGB")
    except UnidentifiedImageError:
        what = "a web page" if is_page(content) else "empty" if not content else "no known format"
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as problem:
        what = " ".join(str(problem).split())
    raise InputError(f"{name}: not a whole image ({what}); fetch it again or remove it")


def resized(image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an RGB picture of any size as uint8 (H, W, 3), bilinear; ``size``: H and W."""
    return np.asarray(image.resize(size[::-1], Image.Resampling.BILINEAR))


def stacked(files: Sequence[Path], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return image files resized, (N, H, W, 3) RGB; InputError names one that is no image.

    Threads, one a core: Pillow works outside the interpreter's lock.
    """

    def one(file: Path) -> NDArray[np.uint8]:
        ((image, _),) = read_files(Path(), [str(file)])
        return resized(image, size)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.stack(list(pool.map(one, files)))
