"""What loaders make of anything: the values that were written, or one line."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from mtdnet.data.archives import unpack
from mtdnet.data.decode import decode
from mtdnet.data.layouts import table
from mtdnet.data.scan import Entry
from mtdnet.errors import InputError

some = settings(derandomize=True, deadline=None, max_examples=40)

MAGIC = [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"BM", b"GIF89a", b"RIFF\x20\0\0\0WEBPVP8 "]
MAGIC += [
    b"II*\0\x08\0\0\0",
    b"P5 4 4 255\n",
    b"P6 9999999 9999999 65535\n",
    b"%!PS-Adobe-3.0",
    b"",
]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@some
@given(head=st.sampled_from(MAGIC), rest=st.binary(max_size=200))
def test_any_bytes_are_a_picture_or_one_line(head: bytes, rest: bytes) -> None:
    try:
        assert decode(head + rest, "x").mode == "RGB"
    except InputError as problem:
        assert str(problem).startswith("x: ") and "\n" not in str(problem)


@some
@given(pixels=arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_what_a_lossless_file_holds_comes_back(pixels: NDArray[np.uint8]) -> None:
    for kind in ("PNG", "BMP", "PPM", "TIFF"):
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, kind)
        assert np.array_equal(np.asarray(decode(stream.getvalue(), "x")), pixels)


@some
@given(values=arrays(np.uint16, (3, 4)), high=st.integers(4096, 65535))
def test_16_bits_are_in_order_and_within_half_a_step(values: NDArray[np.uint16], high: int) -> None:
    values[0, 0] = high
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "PNG")
    found = np.asarray(decode(stream.getvalue(), "x"))[:, :, 0]
    assert np.abs(found - values / 257).max() <= 0.5


ARCHIVES = [("a.zip", b"PK\3\4"), ("a.zip", b""), ("a.tar", b""), ("a.tgz", b"\x1f\x8b\x08\0")]


@some
@given(start=st.sampled_from(ARCHIVES), rest=st.binary(max_size=700))
def test_any_bytes_are_no_archive_or_stay_inside(start: tuple[str, bytes], rest: bytes) -> None:
    name, head = start
    with TemporaryDirectory() as room:
        file = Path(room) / name
        file.write_bytes(head + rest)
        try:
            unpack(file, Path(room) / "out")
        except InputError as problem:
            assert name in str(problem) and "\n" not in str(problem)
        assert {p.name for p in Path(room).iterdir()} <= {name, "out"}


word = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=6)
known = word.filter(lambda text: text.lower() not in table.UNKNOWN and text[0] not in '"\ufeff')


@some
@given(rows=st.lists(st.tuples(known, known), min_size=1, max_size=5), blanks=st.integers(0, 3))
def test_a_csv_comes_back_as_it_was_written(rows: list[tuple[str, str]], blanks: int) -> None:
    with TemporaryDirectory() as room:
        written = [Entry(person, camera, f"{n}.png") for n, (person, camera) in enumerate(rows)]
        with (Path(room) / "list.csv").open("w", encoding="utf-8", newline="") as stream:
            lines = csv.writer(stream)
            lines.writerow(["camera_id", "path", " person_id"])
            stream.write("\n" * blanks)
            for entry in written:
                lines.writerow([entry.camera, entry.path, entry.person])
                (Path(room) / entry.path).touch()
        found = table.find(Path(room), "labeled")
        assert found is not None and found.entries == written
