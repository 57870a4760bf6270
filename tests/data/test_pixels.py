import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mtdnet.data.pixels import decode, read_files, resized
from mtdnet.errors import InputError

from .builders import pictures, pixels


def encoded(image: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def test_files_are_read_and_hashed_in_order(tmp_path: Path) -> None:
    pictures(tmp_path, ["a.png", "b.bmp"])
    read = list(read_files(tmp_path, ["b.bmp", "a.png"]))
    assert [
        np.array_equal(np.asarray(image), pixels(s))
        for (image, _), s in zip(read, (1, 0), strict=True)
    ] == [True, True]
    assert [digest for _, digest in read] == [
        hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("b.bmp", "a.png")
    ]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    image = Image.fromarray(pixels(0)).convert(mode)
    decoded = decode(encoded(image, "TIFF"), "x")
    assert decoded.mode == "RGB"
    assert np.array_equal(np.asarray(decoded), np.asarray(image.convert("RGB")))


def test_resized_is_bilinear() -> None:
    # One row of two grey pixels: between the centres the values go over in a straight line.
    row = np.array([[[0] * 3, [200] * 3]], np.uint8)
    out = resized(Image.fromarray(row), (256, 128))
    assert out.shape == (256, 128, 3)
    assert out.dtype == np.uint8
    for x in range(128):
        at = min(max((x + 0.5) * 2 / 128 - 0.5, 0.0), 1.0)
        assert abs(int(out[100, x, 1]) - 200 * at) <= 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
def test_truncated_image_is_named(tmp_path: Path, kind: str) -> None:
    content = encoded(Image.fromarray(pixels(0, 60, 160)), kind)
    (tmp_path / "0001001.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"0001001\.png: not a whole image \(.*\); fetch it again"):
        list(read_files(tmp_path, ["0001001.png"]))


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"", "empty"), (b"<html></html>", "a web page"), (b"text", "no known format")],
)
def test_contents_that_are_no_image(content: bytes, what: str) -> None:
    with pytest.raises(InputError, match=f"^x.png: not a whole image \\({what}\\)"):
        decode(content, "x.png")


def test_guard_against_bombs_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)  # refused from twice as many on
    with pytest.raises(InputError, match=r"x: .*72 pixels.*decompression bomb"):
        decode(encoded(Image.fromarray(pixels(0)), "PNG"), "x")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.png: can't be read \(No such file"):
        list(read_files(tmp_path, ["gone.png"]))
