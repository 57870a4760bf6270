"""Small pieces of HTML; every text that goes in is escaped."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from mtdnet.errors import InputError


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in a box that scrolls by itself; the first cell of a row is its header."""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(f"<tr>{cells(row[:1], 'row')}{cells(row[1:])}</tr>\n" for row in rows)
    return scroll(
        caption,
        f"<table><caption><span>{escape(caption)}</span></caption>\n<thead><tr>{top}</tr></thead>\n"
        f"<tbody>{body}</tbody></table>",
    )


def cells(values: Sequence[object], scope: str = "") -> str:
    """Return data cells, or header cells of ``scope``."""
    opening, closing = (f'<th scope="{scope}">', "</th>") if scope else ("<td>", "</td>")
    return "".join(f"{opening}{escape(str(value))}{closing}" for value in values)


def scroll(name: str, content: str) -> str:
    """Return a box that scrolls sideways, by keyboard too."""
    label = escape(name, quote=True)
    return f'<div class="scroll" role="group" tabindex="0" aria-label="{label}">{content}</div>'


def details(summary: str, content: str) -> str:
    """Return content that is shown when asked for."""
    return f"<details><summary>{escape(summary)}</summary>\n{content}</details>"


def note(text: str) -> str:
    """Return a paragraph that explains what stands beside it."""
    return f'<p class="note">{escape(text)}</p>'


def figure(picture: Path, alt: str, caption: str, more: str = "") -> str:
    """Return a PNG file as a data URI with its caption.

    A picture wider than a page of text scrolls in a box: shrunk to a phone it could not be read.
    Raises InputError when it is not there or is no picture.
    """
    try:
        data = b64encode(picture.read_bytes()).decode("ascii")
        with Image.open(picture) as opened:
            width, height = opened.size
    except FileNotFoundError:
        raise InputError(f"{picture}: no such file; run the step that draws it") from None
    except UnidentifiedImageError:
        raise InputError(f"{picture}: no picture; run the step that draws it again") from None
    image = (
        f'<img src="data:image/png;base64,{data}" alt="{escape(alt, quote=True)}" '
        f'width="{width}" height="{height}">'
    )
    if width > WIDE:
        image = scroll(caption.partition(".")[0], image)
    return f"<figure>{image}\n<figcaption>{escape(caption)}</figcaption>\n{more}</figure>"


WIDE = 640  # pixels
