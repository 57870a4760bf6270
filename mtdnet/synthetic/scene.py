"""Cameras: where they look from, what stands behind, and how they render light and colour."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from mtdnet.synthetic.figure import draw
from mtdnet.synthetic.person import COLOURS, Colour, Person

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Camera:
    """One camera: its usual ``yaw`` on people (radians), its image ``size`` (width, height).

    ``response``: (3, 256) uint8, what the sensor makes of each value of R, G and B; ``blur``:
    standard deviation in pixels; ``light``: relative brightness at the left and right edge;
    ``backdrop``: the place, wider than an image.
    """

    yaw: float
    size: tuple[int, int]
    response: Pixels
    blur: float
    light: tuple[float, float]
    backdrop: Image.Image


def install(rng: np.random.Generator, view: str) -> Camera:
    """Draw a camera: "a" sees people from the front in warm light, "b" from the side in cool."""
    width, height = int(rng.integers(32, 36)), int(rng.integers(78, 86))
    yaw, warm = (math.radians(20), 1) if view == "a" else (math.radians(120), -1)
    tint = 1 + warm * rng.uniform(0.08, 0.16) * np.array([1.0, 0.0, -1.0])
    gain = rng.uniform(0.85, 1.1) * rng.uniform(0.93, 1.07, 3) * tint
    gamma = rng.uniform(1.1, 1.3) ** -warm  # "a" renders midtones light, "b" dark
    lift = rng.uniform(0, 22)
    curve = lift + (255 - lift) * gain[:, None] * (np.arange(256) / 255) ** gamma
    return Camera(
        yaw=yaw + rng.uniform(-0.3, 0.3),
        size=(width, height),
        response=curve.clip(0, 255).round().astype(np.uint8),
        blur=rng.uniform(0.2, 0.6),
        light=(rng.uniform(0.8, 1.1), rng.uniform(0.8, 1.1)),
        backdrop=_backdrop(rng, 5 * width, height + 4),
    )


def _backdrop(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Draw a wall or hedge, a floor, and what stands about."""

    def dull(weight: float) -> Colour:
        colour = np.array(COLOURS[rng.integers(len(COLOURS))])
        grey = rng.uniform(70, 190)
        red, green, blue = (weight * colour + (1 - weight) * grey).round().astype(int).tolist()
        return red, green, blue

    image = Image.new("RGB", (width, height), dull(0.25))
    pen = ImageDraw.Draw(image)
    horizon = int(height * rng.uniform(0.3, 0.65))
    pen.rectangle((0, horizon, width, height), dull(0.15))
    slope, tiles = 4 * int(rng.integers(-6, 7)), int(rng.integers(9, 16))
    for x in range(-height, width + height, tiles):
        pen.line((x, horizon, x + slope, height), dull(0.1), 1)
    for step in range(1, 6):
        y = horizon + (height - horizon) * step * step // 30
        pen.line((0, y, width, y), dull(0.1), 1)
    for _ in range(12):  # doors, posts, bins and bushes
        x, wide = int(rng.integers(0, width)), int(rng.integers(2, 18))
        foot = horizon + int(rng.integers(0, 14))
        top = foot - int(rng.integers(8, horizon))
        shape = pen.ellipse if rng.random() < 0.3 else pen.rectangle
        shape((x, top, x + wide, foot), dull(0.7))
    return image


def photograph(
    person: Person,
    camera: Camera,
    rng: np.random.Generator,
    *,
    yaw: float | None = None,
    slack: float = 1.0,
) -> Pixels:
    """Return one box, (height, width, 3) RGB uint8, as a detector would crop it.

    Gait, crop, size, viewpoint and noise are drawn; ``yaw`` (radians) replaces the camera's.
    ``slack`` times the usual error of the box: the same generator gives the same moment.
    """
    turn = (camera.yaw if yaw is None else yaw) + rng.normal(0, 0.15)
    width = camera.size[0] + int(rng.integers(-1, 2))
    height = camera.size[1] + int(rng.integers(-2, 3))
    figure = draw(
        person,
        yaw=turn,
        stride=float(rng.uniform(-1, 1)),
        height=round(height * rng.uniform(0.86, 0.95)),
    )
    x = int(rng.integers(0, camera.backdrop.width - width))
    box = camera.backdrop.crop((x, 0, x + width, height))
    left = round((width - figure.width) / 2 + slack * rng.normal(0, 0.04 * width))
    top = round((height - figure.height) * (0.6 + slack * rng.uniform(-0.3, 0.3)))
    _shadow(box, left + figure.width / 2, top + 0.965 * figure.height)
    box.paste(figure, (left, top), figure)
    box = box.filter(ImageFilter.GaussianBlur(camera.blur))
    light = np.linspace(*camera.light, width) * rng.uniform(0.92, 1.08)
    lit = np.asarray(box) * light[None, :, None] + rng.normal(0, 1, (height, width, 1))
    values = lit.clip(0, 255).round().astype(np.uint8)
    seen = np.stack([camera.response[c][values[..., c]] for c in range(3)], axis=-1)
    # Five bits a channel: noise in the other three would fill the archives.
    return (seen // 8 * 8 + 4).astype(np.uint8)


def _shadow(box: Image.Image, x: float, y: float) -> None:
    shade = Image.new("L", box.size)
    ImageDraw.Draw(shade).ellipse((x - 12, y - 3, x + 12, y + 3), 90)
    box.paste((20, 20, 24), mask=shade.filter(ImageFilter.GaussianBlur(1.5)))
