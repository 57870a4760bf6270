"""What each kind of image file comes to: right values, or a line with its name."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mtdnet.data import decode as module
from mtdnet.data.decode import FORMATS, SUFFIXES, decode, is_image
from mtdnet.errors import InputError

from .builders import pixels

UPRIGHT = np.arange(4 * 3 * 3, dtype=np.uint8).reshape(4, 3, 3) * 7
LOSSLESS = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True, "exact": True}}


def encoded(image: Image.Image, kind: str, **settings: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **settings)
    return stream.getvalue()


def values(content: bytes) -> NDArray[np.uint8]:
    picture = decode(content, "x")
    assert picture.mode == "RGB"
    return np.asarray(picture)


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def png16(samples: NDArray[np.uint16], colours: int, clear: tuple[int, ...] = ()) -> bytes:
    """Write a 16-bit PNG, which Pillow can't: (H, W, S) samples of PNG's colour type."""
    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    head = struct.pack(">IIBBBBB", width, height, 16, colours, 0, 0, 0)
    transparent = chunk(b"tRNS", struct.pack(f">{len(clear)}H", *clear)) if clear else b""
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + transparent + body


# What a picture is stored as so that the orientation of EXIF makes ``UPRIGHT`` of it.
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.swapaxes(0, 1),
    6: np.rot90(UPRIGHT),
    7: UPRIGHT[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90(UPRIGHT, -1),
    9: UPRIGHT,  # not one of EXIF's
}


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("orientation", STORED)
def test_pictures_are_turned_upright(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    content = encoded(stored, kind, exif=exif, **LOSSLESS[kind])
    assert np.array_equal(values(content), UPRIGHT)


def test_a_phones_jpeg_lies_down_and_is_turned_upright() -> None:
    upright = np.zeros((40, 16, 3), np.uint8)
    upright[:20] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(upright)))
    found = values(encoded(stored, "JPEG", exif=exif)).astype(int)
    assert found.shape == upright.shape and np.abs(found - upright).max() < 40


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_exif_that_cannot_be_read_says_nothing() -> None:
    content = encoded(Image.fromarray(UPRIGHT), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert np.array_equal(values(content), UPRIGHT)


GREY = np.array([[0, 257, 514], [65535, 40000, 128]], np.uint16)
GREY8 = np.array([[0, 1, 2], [255, 156, 0]])


@pytest.mark.parametrize(("kind", "order"), [("PNG", "<u2"), ("TIFF", "<u2"), ("TIFF", ">u2")])
def test_16_bit_grey_is_divided_by_257(kind: str, order: str) -> None:
    image = Image.fromarray(GREY.astype(order))
    assert np.array_equal(values(encoded(image, kind)), np.stack([GREY8] * 3, axis=2))


def test_16_bit_grey_of_a_pgm() -> None:
    content = b"P5 3 2 65535\n" + GREY.astype(">u2").tobytes()
    assert np.array_equal(values(content)[:, :, 0], GREY8)


def test_16_bit_grey_where_white_is_zero() -> None:
    image = Image.fromarray(GREY)
    content = encoded(image, "TIFF", tiffinfo={262: 0})
    assert np.array_equal(values(content)[:, :, 0], 255 - GREY8)


def test_a_transparent_16_bit_grey_is_white() -> None:
    assert values(png16(GREY[:, :, None], 0, (40000,)))[1, 1].tolist() == [255] * 3


def test_16_bit_colours_give_their_high_byte() -> None:
    samples = np.random.default_rng(0).integers(0, 1 << 16, (4, 5, 3), np.uint16)
    assert np.array_equal(values(png16(samples, 2)), samples >> 8)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (png16(GREY[:, :, None] // 64, 0), "16-bit greyscale without a value from 4,096 on"),
        (png16(np.ones((1, 1, 3), np.uint16), 2, (1, 300, 1)), "16-bit colours of which one is"),
        (encoded(Image.new("F", (2, 2), 0.5), "TIFF"), "floats, whose range is unknown"),
        (encoded(Image.new("I", (2, 2), 70000), "TIFF"), "32-bit integers, whose range"),
        (encoded(Image.new("LAB", (2, 2)), "TIFF"), "colours of kind LAB, whose range"),
    ],
)
def test_what_has_no_stated_range_is_refused_by_name(content: bytes, line: str) -> None:
    with pytest.raises(InputError, match=f"^night.tif: {line}"):
        decode(content, "night.tif")


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "CMYK", "1"])
def test_opaque_modes_are_as_pillow_has_them(mode: str) -> None:
    image = Image.fromarray(pixels(0)).convert(mode)
    assert np.array_equal(values(encoded(image, "TIFF")), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_shows_white(kind: str, mode: str) -> None:
    rgba = np.array([[[9, 9, 9, 0], [9, 9, 9, 255], [9, 9, 9, 51]]], np.uint8)
    image = Image.fromarray(rgba).convert(mode)
    found = values(encoded(image, kind, **LOSSLESS[kind]))[0, :, 0].tolist()
    assert found[:2] == [255, 9] and abs(found[2] - (0.2 * 9 + 0.8 * 255)) <= 1


def test_transparent_colours_of_palettes_and_files_without_alpha_show_white() -> None:
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    expected = [[255, 255, 255], [40, 50, 60]]
    for kind, clear in (("PNG", 0), ("PNG", b"\0\xff"), ("GIF", 0)):
        assert values(encoded(image, kind, transparency=clear))[0].tolist() == expected
    flat = image.convert("RGB")
    assert values(encoded(flat, "PNG", transparency=(10, 20, 30)))[0].tolist() == expected
    grey = Image.fromarray(np.array([[10, 40]], np.uint8))
    assert values(encoded(grey, "PNG", transparency=10))[0, :, 0].tolist() == [255, 40]


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG", "WEBP"])
def test_of_several_pictures_the_first_counts(kind: str) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("#ff0000", "#0000ff")]
    settings = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **settings)
    assert values(content)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_suffix_is_that_of_a_format_that_is_read(suffix: str, tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).convert("1" if suffix == ".pbm" else "RGB").save(
        tmp_path / f"a{suffix}"
    )
    content = (tmp_path / f"a{suffix}").read_bytes()
    assert values(content).shape == (2, 2, 3)
    assert is_image(content[:16])


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"


def test_postscript_starts_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import EpsImagePlugin

    def start(*_: object, **__: object) -> None:
        raise AssertionError("Ghostscript was asked")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", start)
    assert "EPS" not in FORMATS and not is_image(POSTSCRIPT)
    with pytest.raises(InputError, match=r"^x\.jpg: not a whole image \(no known format\)"):
        decode(POSTSCRIPT, "x.jpg")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "AVIF"])
def test_truncated_image_is_named(kind: str) -> None:
    content = encoded(Image.fromarray(pixels(0, 60, 160)), kind)
    with pytest.raises(InputError, match=r"^a\.png: not a whole image \(.*\); fetch it again"):
        decode(content[: len(content) // 2], "a.png")


@pytest.mark.parametrize("at", range(60, 3600, 500))
def test_a_flipped_bit_of_a_png_is_noticed(at: int) -> None:
    content = bytearray(encoded(Image.fromarray(pixels(0, 30, 40)), "PNG"))
    content[at] ^= 1
    with pytest.raises(InputError, match="not a whole image"):
        decode(bytes(content), "a.png")


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"", "empty"), (b"<html></html>", "a web page"), (b"text", "no known format")],
)
def test_contents_that_are_no_image(content: bytes, what: str) -> None:
    with pytest.raises(InputError, match=f"^x.png: not a whole image \\({what}\\)"):
        decode(content, "x.png")


def test_a_film_is_refused_by_name() -> None:
    frame = encoded(Image.fromarray(pixels(0)), "JPEG")
    content = b"RIFF" + struct.pack("<I", len(frame) + 12) + b"AVI LIST" + frame
    with pytest.raises(InputError, match=r"^x\.mjpeg: not a whole image"):
        decode(content, "x.mjpeg")


def test_pixels_and_bytes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(Image.fromarray(pixels(0)), "PNG")
    monkeypatch.setattr(module, "PIXELS", 71)
    with pytest.raises(InputError, match=r"^x: 6 x 12 pixels, at most 71 are read"):
        decode(content, "x")
    monkeypatch.setattr(module, "BYTES", 30)
    with pytest.raises(InputError, match=r"^x: at most 30 bytes of an image are read"):
        decode(content, "x")


def test_a_bomb_is_an_error_before_it_is_decoded() -> None:
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"")
    with pytest.raises(InputError, match=r"^x: .*(pixels|Image size \(900000000)"):
        decode(content, "x")
