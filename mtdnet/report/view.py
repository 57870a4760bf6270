"""What a page shows, as plain values; the templates make HTML of it."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image, UnidentifiedImageError

from mtdnet.errors import InputError
from mtdnet.plots.style import system_style
from mtdnet.report.labels import percent

View = dict[str, Any]  # what a template shows, by the names that it has there

QUALITY = 70  # of WebP: a third of the bytes of a PNG of 256 colours, details stay


@dataclass(frozen=True)
class Cell:
    """A value; ``best`` of its column, with a smaller text below."""

    text: str
    best: bool = False
    small: str = ""


@dataclass(frozen=True)
class Row:
    """A header, with a smaller text below and the colour of a system's curves, and its cells."""

    header: str
    cells: Sequence[Cell]
    small: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Table:
    """``head``: of columns; ``spans``: (name, columns) above them; ``groups``: (name, rows)."""

    caption: str
    head: Sequence[str]
    groups: Sequence[tuple[str, Sequence[Row]]]
    spans: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True)
class Picture:
    """A picture as a data URI, with all that it says in words and, where it is a plot, values."""

    source: str
    width: int
    height: int
    alt: str
    title: str = ""
    values: Table | None = None


def cell(text: str, best: bool = False, star: str = "", word: str = "±") -> Cell:
    """Return a cell with what follows ``word`` below the value, which keeps a table narrow."""
    value, _, rest = text.partition(f" {word} ")
    return Cell(f"{value}{star}", best, f"{word} {rest}" if rest else "")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a plain table; the first cell of a row is its header."""
    plain = [Row(str(row[0]), [Cell(str(cell)) for cell in row[1:]]) for row in rows]
    return Table(caption, head, [("", plain)])


def system_row(system: str, cells: Sequence[Cell]) -> Row:
    """Return the row of a system, in its colour."""
    return Row(system, cells, colour=str(system_style(system)[0]))


def best(rows: Sequence[Sequence[float | None]], lowest: Sequence[bool] = ()) -> list[list[bool]]:
    """Tell which values are the best of their column, as written; none where all are alike."""
    marks = [[False] * len(row) for row in rows]
    for j, column in enumerate(zip(*rows, strict=True)):
        values = [value for value in column if value is not None]
        if len(set(map(percent, values))) > 1:
            top = percent(min(values) if lowest and lowest[j] else max(values))
            for i, value in enumerate(column):
                marks[i][j] = percent(value) == top
    return marks


def drawn(
    draw: Callable[[Path], None], alt: str, title: str = "", values: Table | None = None
) -> Picture:
    """Return the picture that ``draw`` makes of a plot."""
    with TemporaryDirectory() as room:
        file = Path(room) / "plot.png"
        draw(file)
        return picture(file, alt, title, values)


def picture(
    file: Path, alt: str, title: str = "", values: Table | None = None, *, photo: bool = False
) -> Picture:
    """Return a PNG file's picture, a ``photo`` as WebP.

    Raises InputError when it is not there or is no picture.
    """
    try:
        content, kind = file.read_bytes(), "png"
        with Image.open(BytesIO(content)) as opened:
            width, height = opened.size
            if photo:
                encoded = BytesIO()
                opened.convert("RGB").save(encoded, "WEBP", quality=QUALITY)
                content, kind = encoded.getvalue(), "webp"
    except FileNotFoundError:
        raise InputError(f"{file}: no such file; run the step that draws it") from None
    except UnidentifiedImageError:
        raise InputError(f"{file}: no picture; run the step that draws it again") from None
    source = f"data:image/{kind};base64,{b64encode(content).decode('ascii')}"
    return Picture(source, width, height, alt, title, values)
