"""A figure of upright persons with labels."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from mtdnet.plots.style import GREEN, RED

SMALL = 9  # points
EDGE = 0.1  # inches
Labels = tuple[str, str, bool | None]  # of a person: above, below, whether a true match


class Sheet:
    """A ``figure`` on which all is placed in inches from its upper left corner.

    Its images share one axes: axes of their own, with the ticks that each makes and hides, would
    take longer than the scores of a small test. ``title`` stands above.
    """

    def __init__(self, width: float, height: float, title: str) -> None:
        self.figure = Figure(figsize=(width, height))
        self._axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        self._axes.autoscale(False)
        self._axes.set_axis_off()
        self.text(EDGE, 0.08, title, size=12)

    def text(self, left: float, top: float, text: str, **how: Any) -> None:
        """Write a text, its upper left corner there unless ``how`` says otherwise."""
        self._axes.text(left, top, text, **{"size": SMALL, "verticalalignment": "top", **how})

    def image(self, left: float, top: float, width: float, pixels: ArrayLike, **how: Any) -> None:
        """Draw an image or map (H, W, ...) of an upright person, half as wide as tall."""
        place = left, left + width, top + 2 * width, top
        self._axes.imshow(pixels, extent=place, aspect="auto", **how)

    def person(
        self,
        left: float,
        top: float,
        width: float,
        pixels: ArrayLike,
        above: str,
        below: str = "",
        true: bool | None = None,
    ) -> None:
        """Draw a person; a true match in a solid frame, a wrong one in a dashed frame."""
        self.image(left, top, width, pixels)
        mark = "black" if true is None else GREEN if true else RED
        middle, up = left + width / 2, {"verticalalignment": "bottom", "color": mark}
        self.text(middle, top - 0.06, above, horizontalalignment="center", **up)
        self.text(middle, top + 2 * width + 0.06, below, horizontalalignment="center")
        if true is not None:
            style = "-" if true else (0, (3, 1.5))
            frame = Rectangle((left, top), width, 2 * width, fill=False, color=mark)
            frame.set(linewidth=3, linestyle=style, capstyle="butt", joinstyle="miter")
            self._axes.add_patch(frame)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes of its own, for a scale."""
        full, tall = self.figure.get_size_inches()
        place = left / full, 1 - (top + height) / tall, width / full, height / tall
        made: Axes = self.figure.add_axes(place)
        return made
