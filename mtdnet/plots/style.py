"""What all pictures share: colours that everybody can tell apart, and how they are saved."""

from io import BytesIO
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from mtdnet.files import whole

# Okabe and Ito, "Color Universal Design": told apart with every kind of colour vision.
BLUE, ORANGE, GREEN, RED, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
DPI = 100
SKY = "#56B4E9"
# As many as Table 1 has systems of ours; dotted lines are chance and ideals.
CYCLE = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY)
DASHES = ("-", "--", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (3, 1)))


def plain(axes: Axes) -> None:
    """Leave the axes a light grid and no frame above or on the right."""
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def save(figure: Figure, target: Path) -> None:
    """Write a figure as a PNG of 256 colours (a third of the bytes), whole or not at all."""
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    with whole(target) as draft, Image.open(drawn) as opened:
        image = opened.convert("RGB")
        palette = image.quantize(256, method=Image.Quantize.FASTOCTREE)
        image.quantize(palette=palette).save(draft, format="PNG", optimize=True)
