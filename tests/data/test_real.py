"""The real benchmarks, whole or in part, in the folder that MTDNET_REAL_DATA names."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mtdnet.data.images import Images
from mtdnet.data.ingest import ingest
from mtdnet.data.layouts import LAYOUTS

REAL = os.environ.get("MTDNET_REAL_DATA")
pytestmark = pytest.mark.skipif(REAL is None, reason="MTDNET_REAL_DATA names no folder")


def real(benchmark: str) -> Path:
    folder = Path(str(REAL)) / benchmark
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    return folder


@pytest.mark.parametrize("benchmark", ["cuhk03", "cuhk01", "viper", "ilids", "prid2011"])
def test_found_is_within_what_was_published(benchmark: str) -> None:
    found = LAYOUTS[benchmark].find(real(benchmark), "labeled")
    assert found is not None and found.published is not None
    published = found.published
    assert published.persons is not None and published.images is not None
    cameras = {e.camera for e in found.entries}
    assert 0 < len({e.person for e in found.entries}) <= published.persons
    assert 0 < len(found.entries) <= published.images
    assert cameras == {""} if published.cameras is None else len(cameras) <= published.cameras
    assert len({e.path for e in found.entries}) == len(found.entries)


def test_packed_images_equal_plain_decoding(tmp_path: Path) -> None:
    source = real("ilids")
    ingest(source=source, benchmark="ilids", layout="ilids", out=tmp_path / "out")
    images = Images.open(tmp_path / "out")
    home = next(source.rglob("Persons")).parent
    for row in range(0, len(images.path), 40):
        file = home / images.path[row]
        with Image.open(file) as image:
            plain = image.convert("RGB").resize((227, 227), Image.Resampling.BILINEAR)
        assert np.array_equal(images.pixels[row], np.asarray(plain))
    hashes = {hashlib.sha256(f.read_bytes()).hexdigest() for f in home.rglob("*.jpg")}
    assert len(hashes) == len(images.path)
