"""An image file's bytes -> an upright RGB picture, or one line that says why not.

The one way in for ingest, ``same``, ``rank``, ``index``, the Python interface and a served model:

- Only ``FORMATS`` are opened, by content, whatever the name says: Pillow would start Ghostscript
  for PostScript. Of an animation or of several pages, the first.
- Turned upright as EXIF says. An EXIF block that can't be read says nothing.
- 16-bit greyscale is divided by 257, which takes 65,535 to 255; of 16-bit colour the high byte
  counts. Refused: 32-bit and float values, whose range nothing states, and 16-bit greyscale
  that stays below 4,096, as 12-bit cameras write it: it would come out black.
- What is transparent shows white, in whatever way a file says so.
- CMYK and palettes become RGB by their plain formulae; colour profiles are passed over.
"""

import io
import warnings
from functools import cache

import numpy as np
from PIL import Image, UnidentifiedImageError

from mtdnet.errors import InputError, reason

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "AVIF")
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".avif"),
)
BYTES = 1 << 28  # of a file
PIXELS = 89_478_485  # of a picture: from there on Pillow warns
WHITE = (255, 255, 255, 255)
PLAIN = ("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr")
TRANSPARENT = ("LA", "La", "PA", "RGBA", "RGBa")
LEAST = 4096  # a 16-bit picture has larger values
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
warnings.filterwarnings("ignore", category=UserWarning, module="PIL")  # a picture, or one line
warnings.simplefilter("error", Image.DecompressionBombWarning)


def decode(content: bytes, name: str) -> Image.Image:
    """Return an image file's bytes as an upright RGB picture of at most ``PIXELS``.

    Raises InputError, with ``name``, when they are broken, too many or of another kind than the
    module's rules allow.
    """
    if len(content) > BYTES:
        raise InputError(f"{name}: at most {BYTES:,} bytes of an image are read; save it smaller")
    try:
        with Image.open(io.BytesIO(content), formats=_formats()) as image:
            _check_size(image, name)
            image.load()
            if image.format == "PNG":  # loading passes over its checksums
                with Image.open(io.BytesIO(content), formats=["PNG"]) as again:
                    again.verify()
            return _upright(image, _rgb(image, name))
    except InputError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise InputError(f"{name}: more than {PIXELS:,} pixels; scale it down") from None
    except UnidentifiedImageError:
        what = "a web page" if is_page(content) else "empty" if not content else "no known format"
    except Exception as problem:  # of any kind: Pillow reads what strangers wrote
        what = reason(problem)
    raise InputError(f"{name}: not a whole image ({what}); fetch it again or remove it")


def upright_rgb(image: Image.Image, name: str) -> Image.Image:
    """Do what ``decode`` does with a picture that a program has opened or made with Pillow."""
    _check_size(image, name)
    try:
        image.load()
        return _upright(image, _rgb(image, name))
    except InputError:
        raise
    except Exception as problem:
        raise InputError(f"{name}: not a whole image ({reason(problem)})") from None


def is_image(head: bytes) -> bool:
    """Tell by the first bytes of a file (16 do) whether ``decode`` knows its format."""
    tests = (Image.OPEN[f][1] for f in _formats())
    return any(test is not None and test(head) is True for test in tests)


def is_page(head: bytes) -> bool:
    """Tell whether the first bytes of a file are those of a web page, saved in its place."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return text.startswith((b"<!doctype", b"<html", b"<head"))


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > PIXELS:
        raise InputError(
            f"{name}: {width} x {height} pixels, at most {PIXELS:,} are read; scale it down"
        )


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(f for f in FORMATS if f in Image.OPEN)  # older Pillows have no AVIF


def _rgb(image: Image.Image, name: str) -> Image.Image:
    """Return a loaded picture's colours as RGB, not turned yet."""
    mode, clear = image.mode, image.info.get("transparency")
    if mode.startswith("I;16") or (mode == "I" and image.format in ("PNG", "PPM")):
        return _grey16(image, name)
    if mode not in PLAIN + TRANSPARENT:
        kind = {"I": "32-bit integers", "F": "floats"}.get(mode, f"colours of kind {mode}")
        raise InputError(f"{name}: {kind}, whose range is unknown; save it with 8 bits a colour")
    if isinstance(clear, tuple) and max(clear) > 255:
        raise InputError(
            f"{name}: 16-bit colours of which one is transparent; save it with 8 bits a colour"
        )
    if mode in TRANSPARENT or clear is not None:
        over = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, WHITE), over).convert("RGB")
    return image.convert("RGB")


def _grey16(image: Image.Image, name: str) -> Image.Image:
    values = np.asarray(image).astype(np.uint32)
    if values.max() < LEAST and values.any():
        raise InputError(
            f"{name}: 16-bit greyscale without a value from {LEAST:,} on, so of fewer bits; "
            "scale it to 0 to 65,535"
        )
    if image.format == "TIFF" and image.getexif().get(262) == 0:  # white is zero
        values = 65535 - values
    grey = ((values + 128) // 257).astype(np.uint8)
    clear = image.info.get("transparency")
    if clear is not None:
        grey[values == clear] = 255
    return Image.fromarray(grey).convert("RGB")


def _upright(image: Image.Image, picture: Image.Image) -> Image.Image:
    try:
        turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # a block that can't be read, in one of many ways, says nothing
        return picture
    return picture if turn is None else picture.transpose(turn)
