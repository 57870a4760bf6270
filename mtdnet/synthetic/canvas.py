"""A transparent drawing in a person's own measures, seen at a yaw."""

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from mtdnet.synthetic.person import Cloth, Colour

FINE = 3  # drawn this many times larger, then averaged down: smooth edges
WIDTH = 0.7  # of the drawing, in heights of the person
FLOOR = 0.04  # height of the drawing below the soles

Point = tuple[float, float]


class Canvas:
    """Shapes on a transparent drawing; lengths in heights of the person, the soles at 0."""

    def __init__(self, height: int, yaw: float) -> None:
        self.unit = height * FINE / (1 + 2 * FLOOR)
        size = (FINE * round(height * WIDTH), FINE * height)
        self.image = Image.new("RGBA", size)
        self.pen = ImageDraw.Draw(self.image)
        self.sine, self.cosine = math.sin(yaw), math.cos(yaw)
        self._marks = cache(self._pattern)

    def pixel(self, u: float, v: float) -> Point:
        """Return the x, y in pixels of a point ``u`` right of the body's axis, ``v`` up."""
        return self.image.width / 2 + u * self.unit, self.image.height - (v + FLOOR) * self.unit

    def project(self, left: float, forward: float) -> float:
        """Return how far to the right a point of the body appears."""
        return left * self.cosine + forward * self.sine

    def near(self, left: float, forward: float) -> float:
        """Return how much nearer to the camera than the body's axis a point is."""
        return forward * self.cosine - left * self.sine

    def breadth(self, left: float, forward: float) -> float:
        """Return the half width of an ellipse (two half axes) seen at this yaw."""
        return math.hypot(left * self.cosine, forward * self.sine)

    def polygon(self, points: Sequence[Point], cloth: Cloth, shade: float = 1.0) -> None:
        """Fill a polygon of (u, v) points with a cloth; ``shade`` times its brightness."""
        corners = [self.pixel(*p) for p in points]
        if cloth.pattern == "plain":
            self.pen.polygon(corners, shaded(cloth.colour, shade))
            return
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon(corners, 255)
        self.image.paste(shaded(cloth.colour, shade), mask=mask)
        second = ImageChops.darker(mask, self._marks(cloth.pattern))
        self.image.paste(shaded(cloth.second, shade), mask=second)

    def limb(
        self, points: Sequence[Point], widths: Sequence[float], cloth: Cloth, shade: float
    ) -> None:
        """Draw a bent limb of tapering segments with round joints."""
        for (a, b), (wide, narrow) in zip(pairwise(points), pairwise(widths), strict=True):
            along = math.atan2(b[1] - a[1], b[0] - a[0])
            du, dv = -math.sin(along) / 2, math.cos(along) / 2
            self.polygon(
                [
                    (a[0] + du * wide, a[1] + dv * wide),
                    (b[0] + du * narrow, b[1] + dv * narrow),
                    (b[0] - du * narrow, b[1] - dv * narrow),
                    (a[0] - du * wide, a[1] - dv * wide),
                ],
                cloth,
                shade,
            )
            if cloth.pattern == "plain":
                self.ellipse(b, narrow / 2, narrow / 2, shaded(cloth.colour, shade))

    def ellipse(self, at: Point, across: float, up: float, colour: Colour) -> None:
        """Fill an ellipse of half axes ``across`` and ``up``."""
        (x, y), r, s = self.pixel(*at), across * self.unit, up * self.unit
        self.pen.ellipse((x - r, y - s, x + r, y + s), colour)

    def _pattern(self, pattern: str) -> Image.Image:
        """Return where the second colour is: 255, elsewhere 0."""
        width, height = self.image.size
        u = ((np.arange(width) + 0.5 - width / 2) / self.unit)[None, :]
        v = ((height - np.arange(height) - 0.5) / self.unit - FLOOR)[:, None]
        match pattern:
            case "hoops":
                marks = np.floor(v / 0.05) % 2 == 0
            case "stripes":
                marks = np.floor(u / 0.035) % 2 == 0
            case "checks":
                marks = (np.floor(u / 0.06) + np.floor(v / 0.06)) % 2 == 0
            case "band":
                marks = (v > 0.62) & (v < 0.72)
            case "yoke":
                marks = v > 0.69
            case _:  # open in front
                marks = (np.abs(u - 0.09 * self.sine) < 0.045) & (self.cosine > -0.2)
        return Image.fromarray(np.broadcast_to(marks * np.uint8(255), (height, width)))


def shaded(colour: Colour, shade: float) -> Colour:
    """Return a colour, ``shade`` (0 to 1) times as bright."""
    red, green, blue = (round(c * shade) for c in colour)
    return red, green, blue
