"""The people and cameras of one drawn benchmark."""

import io
import zipfile
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from PIL import Image

from mtdnet.rng import generator
from mtdnet.synthetic.person import OUTFITS, Person, dress, vary
from mtdnet.synthetic.scene import Camera, Pixels, install, photograph


class Studio:
    """Photographs people by name; each person, camera and image has random numbers of its own.

    So an image depends on the seed and on its names alone, not on what was drawn before it.
    ``finished`` is called once a person.
    """

    def __init__(self, benchmark: str, seed: int, finished: Callable[[], object]) -> None:
        self.benchmark, self.seed, self.finished = benchmark, seed, finished
        self._camera = cache(self._install)

    def generator(self, purpose: str) -> np.random.Generator:
        """Return the generator of one purpose within this benchmark."""
        return generator(self.seed, f"synthetic {self.benchmark} {purpose}")

    def _install(self, camera: str) -> Camera:
        return install(self.generator(f"camera {camera}"), camera[-1])

    def _person(self, name: str) -> Person:
        rng = self.generator(f"person {name}")
        return vary(dress(self.generator(f"outfit {rng.integers(OUTFITS)}")), rng)

    def album(
        self, person: str, cameras: Sequence[str], yaws: Sequence[float] | None = None
    ) -> list[Pixels]:
        """Return one image of ``person`` by each of ``cameras``, whose names end in "a" or "b"."""
        images = [
            self.image(person, camera, number, yaw=None if yaws is None else yaws[number])
            for number, camera in enumerate(cameras)
        ]
        self.finished()
        return images

    def image(
        self,
        person: str,
        camera: str,
        number: int,
        *,
        yaw: float | None = None,
        slack: float = 1.0,
    ) -> Pixels:
        """Return image ``number`` of ``person``, (H, W, 3) uint8; see ``photograph``."""
        return photograph(
            self._person(person),
            self._camera(camera),
            self.generator(f"image {person} {number}"),
            yaw=yaw,
            slack=slack,
        )


def encode(pixels: Pixels, kind: str) -> bytes:
    """Return the image as a PNG, BMP or JPEG file's bytes."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, quality=88, optimize=True)
    return stream.getvalue()


def pack(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file to an archive with a fixed time, system and mode: the same bytes every time."""
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
