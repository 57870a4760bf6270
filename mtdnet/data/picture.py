"""An image in the form that a program has it in, as an upright RGB picture."""

import os
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mtdnet.data.decode import PIXELS, decode, upright_rgb
from mtdnet.errors import InputError

KINDS = "a path, the bytes of a file, a Pillow image or an array uint8 (H, W, 3)"


@dataclass(frozen=True, eq=False)
class NamedImage:
    """An ``image`` that is no file, and the ``name`` that a mistake's line gives it."""

    image: bytes | Image.Image | NDArray[np.uint8]
    name: str

    def picture(self) -> Image.Image:
        """Return it as an upright RGB picture; InputError, with its name, when it is none."""
        if isinstance(self.image, bytes):
            return decode(self.image, self.name)
        if isinstance(self.image, Image.Image):
            return upright_rgb(self.image, self.name)
        shape, kind = self.image.shape, self.image.dtype
        if kind != np.uint8 or len(shape) != 3 or shape[2] != 3 or not self.image.size:
            raise InputError(f"{self.name}: expected uint8 (H, W, 3), found {kind} {shape}")
        if shape[0] * shape[1] > PIXELS:
            raise InputError(f"{self.name}: at most {PIXELS:,} pixels are read; scale it down")
        return Image.fromarray(np.ascontiguousarray(self.image))


Source = Path | NamedImage
# A path, a file's bytes, a Pillow image, or pixels uint8 (H, W, 3) RGB.
ImageLike = (
    str | os.PathLike[str] | bytes | bytearray | Image.Image | NDArray[np.uint8] | NamedImage
)


def is_one(given: Any) -> bool:
    """Tell whether it is one image, and no sequence of images."""
    if isinstance(given, np.ndarray):
        return given.ndim == 3
    return isinstance(
        given, (str, os.PathLike, bytes, bytearray, memoryview, Image.Image, NamedImage)
    )


def source(image: Any, name: str) -> Source:
    """Return what reads an image; ``name`` is for one that is no file.

    Raises InputError when it is of another type than ``ImageLike``.
    """
    if isinstance(image, (str, os.PathLike)):
        return Path(image)
    if isinstance(image, (bytes, bytearray, memoryview)):
        return NamedImage(bytes(image), name)
    if isinstance(image, (Image.Image, np.ndarray)):
        return NamedImage(image, name)
    if isinstance(image, NamedImage):
        return image
    raise InputError(f"{name}: expected {KINDS}, found {type(image).__name__}")


def sources(images: Sequence[Any] | NDArray[np.uint8], role: str) -> list[Source]:
    """Return what reads each of N images, "``role`` 0" and so on by name."""
    return [source(image, f"{role} {n}") for n, image in enumerate(images)]


def track(person: Any, name: str) -> list[Source]:
    """Return what reads a person's images, of which there is one at least."""
    if is_one(person) or not isinstance(person, (Sequence, np.ndarray)):
        return [source(person, name)]
    if not len(person):
        raise InputError(f"{name}: a track without an image")
    return sources(person, f"{name}, image")


def key(some: Source) -> Hashable:
    """Return what equal images have in common: the path, the bytes, or the object itself."""
    if isinstance(some, Path):
        return some
    return some.image if isinstance(some.image, bytes) else id(some.image)
