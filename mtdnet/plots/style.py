"""What all pictures share: colours that everybody can tell apart, and how they are saved."""

from io import BytesIO
from pathlib import Path
from zlib import crc32

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from mtdnet.files import whole

DPI = 100
Dash = str | tuple[int, tuple[int, ...]]
# Okabe and Ito, "Color Universal Design": told apart with every kind of colour vision.
# A system has its colour and its dashes in every picture; dotted lines are chance and ideals.
SYSTEMS: dict[str, tuple[str, Dash]] = {
    "MTDnet": ("#0072B2", "-"),
    "MTDnet-trp": ("#D55E00", "--"),
    "MTDnet-rnk": ("#009E73", "-."),
    "MTDnet-cls": ("#CC79A7", (0, (5, 1, 1, 1, 1, 1))),
    "MTDnet-aug": ("#E69F00", (0, (8, 2))),
    "MTDnet-cross": ("#56B4E9", (0, (3, 1))),
    "MTDnet-fused": ("#000000", (0, (12, 2))),
    "MTDnet-source": ("#882255", (0, (4, 4))),
    "MTDnet-joint": ("#7A5230", (0, (7, 2, 2, 2))),
}
OTHERS: tuple[tuple[str, Dash], ...] = (
    ("#5B3F8C", (0, (6, 3))),
    ("#B0457B", (0, (4, 1, 1, 1))),
    ("#4A4A4A", (0, (2, 1))),
    ("#8A8D00", (0, (10, 3))),
)
# Of what is no system: losses and validation figures of one training.
GREYS = ("#111111", "#6E6E6E", "#A3A3A3", "#444444")
DASHES: tuple[Dash, ...] = ("-", "--", "-.", (0, (5, 1, 1, 1)))
# Right and wrong, more and less: each has a shape or a sign of its own too.
GREEN, RED, BLUE = "#15803D", "#C8102E", "#0057B8"


def system_style(system: str) -> tuple[str, Dash]:
    """Return the colour and the dashes of a system's curves, the same in every picture."""
    return SYSTEMS.get(system) or OTHERS[crc32(system.encode()) % len(OTHERS)]


def plain(axes: Axes) -> None:
    """Leave the axes a light grid and no frame above or on the right."""
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def save(figure: Figure, target: Path) -> None:
    """Write a figure as a PNG of 256 colours (a third of the bytes), whole or not at all."""
    buffer = BytesIO()
    figure.set_dpi(DPI)
    figure.savefig(buffer, format="rgba", dpi=DPI)
    size = figure.canvas.get_width_height()
    image = Image.frombytes("RGBA", size, buffer.getvalue()).convert("RGB")
    palette = image.quantize(256, method=Image.Quantize.FASTOCTREE)
    with whole(target) as draft:
        image.quantize(palette=palette).save(draft, format="PNG")
