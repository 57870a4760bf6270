"""One walking person as a camera at ``yaw`` sees them, drawn with Pillow."""

import math

from PIL import Image

from mtdnet.synthetic.canvas import FINE, Canvas, Point, shaded
from mtdnet.synthetic.person import Cloth, Person


def draw(person: Person, *, yaw: float, stride: float, height: int) -> Image.Image:
    """Return an RGBA drawing, ``height`` pixels high, of a person on a transparent ground.

    ``yaw`` in radians: 0 faces the camera, pi / 2 walks to the right, pi shows the back.
    ``stride`` in [-1, 1] is the gait: which leg is in front, and how far.
    """
    canvas = Canvas(height, yaw)
    sides = sorted((1, -1), key=lambda side: canvas.near(side, 0))  # the far side first
    if person.bag == "backpack" and canvas.cosine > 0:
        _backpack(canvas, person)
    if person.hair == "long" and canvas.cosine > 0:
        _mane(canvas, person)
    _arm(canvas, person, sides[0], stride, 0.78)
    if person.bag in ("left", "right") and sides[0] == (1 if person.bag == "left" else -1):
        _hip_bag(canvas, person, 0.85)
    for side, shade in zip(sides, (0.8, 0.95), strict=True):
        _leg(canvas, person, side, stride, shade)
    _torso(canvas, person)
    if person.bag == "backpack":
        _straps(canvas, person) if canvas.cosine > 0 else _backpack(canvas, person)
    _head(canvas, person)
    if person.hair == "long" and canvas.cosine <= 0:
        _mane(canvas, person)
    if person.bag in ("left", "right"):
        _strap(canvas, person)
        if sides[1] == (1 if person.bag == "left" else -1):
            _hip_bag(canvas, person, 1.0)
    _arm(canvas, person, sides[1], stride, 0.9)
    return canvas.image.reduce(FINE)


def _trapezium(u: float, wide: float, top: float, wider: float, bottom: float) -> list[Point]:
    """Return the corners of a trapezium about ``u``: half its width at its top, and below."""
    return [(u - wide, top), (u + wide, top), (u + wider, bottom), (u - wider, bottom)]


def _leg(canvas: Canvas, person: Person, side: int, stride: float, shade: float) -> None:
    swing = 0.42 * stride * side
    hip = (canvas.project(0.05 * side * person.build, 0.0), 0.5)
    knee_forward = 0.24 * math.sin(swing) + 0.03
    knee = (canvas.project(0.055 * side, knee_forward), 0.5 - 0.24 * math.cos(swing))
    bend = swing - (0.35 if swing < 0 else 0.05) * abs(stride)
    foot_forward = knee_forward + 0.22 * math.sin(bend)
    foot = (canvas.project(0.055 * side, foot_forward), knee[1] - 0.22 * math.cos(bend))
    wide = 0.1 * person.build
    skin = Cloth(person.skin)
    if person.legs == "trousers":
        canvas.limb([hip, knee, foot], [wide * 1.2, wide * 0.95, wide * 0.75], person.lower, shade)
    else:
        canvas.limb([hip, knee, foot], [wide, wide * 0.75, wide * 0.5], skin, shade)
    if person.legs == "shorts":
        hem = (hip[0] + 0.85 * (knee[0] - hip[0]), hip[1] + 0.85 * (knee[1] - hip[1]))
        canvas.limb([hip, hem], [wide * 1.25, wide * 1.2], person.lower, shade)
    toe = (foot[0] + 0.045 * canvas.sine, foot[1] - 0.03)
    colour = shaded(person.shoes, shade)
    canvas.ellipse(toe, 0.034 + canvas.breadth(0.0, 0.03), 0.024, colour)


def _torso(canvas: Canvas, person: Person) -> None:
    shoulder, waist, hip = (
        person.build * canvas.breadth(*axes)
        for axes in ((0.135, 0.075), (0.105, 0.07), (0.115, 0.08))
    )
    if person.legs == "skirt":
        hem = 0.02 + person.build * canvas.breadth(0.14, 0.13)
        canvas.polygon(_trapezium(0, waist, 0.56, hem, 0.29), person.lower)
    else:
        canvas.polygon(_trapezium(0, waist, 0.56, hip, 0.47), person.lower)
    flare = hip * (1.2 if person.length < 0.45 else 1.0)
    right = [(0.03, 0.845), (shoulder * 0.85, 0.82), (shoulder, 0.78), (waist, 0.62)]
    right += [(hip, 0.5), (flare, person.length)]
    canvas.polygon([*right, *((-u, v) for u, v in reversed(right))], person.upper)
    if person.belt:
        canvas.polygon(_trapezium(0, hip, 0.575, hip, 0.535), Cloth(person.belt))


def _arm(canvas: Canvas, person: Person, side: int, stride: float, shade: float) -> None:
    swing = -0.5 * stride * side
    out = 0.135 * person.build * side
    shoulder = (canvas.project(out, 0.0), 0.785)
    elbow_forward = 0.16 * math.sin(swing)
    elbow = (canvas.project(out * 1.15, elbow_forward), 0.785 - 0.16 * math.cos(swing))
    bend = swing + 0.35
    hand_forward = elbow_forward + 0.15 * math.sin(bend)
    hand = (canvas.project(out * 1.15, hand_forward), elbow[1] - 0.15 * math.cos(bend))
    wide = 0.07 * person.build
    if person.bag == "hand" and side == 1:
        u, v = hand
        across = 0.03 + canvas.breadth(0.02, 0.055)
        box = _trapezium(u, across, v, across, v - 0.14)
        canvas.polygon(box, Cloth(person.bag_colour), shade)
    bare = Cloth(person.skin)
    sleeve = person.upper
    canvas.limb([shoulder, elbow], [wide, wide * 0.85], sleeve, shade)
    canvas.limb(
        [elbow, hand], [wide * 0.85, wide * 0.6], sleeve if person.long_sleeves else bare, shade
    )
    canvas.ellipse(hand, 0.024, 0.028, shaded(person.skin, shade))


def _head(canvas: Canvas, person: Person) -> None:
    canvas.polygon(_trapezium(0, 0.03, 0.87, 0.035, 0.82), Cloth(person.skin))
    across = canvas.breadth(0.052, 0.06)
    scalp = person.skin if person.hair == "bald" else person.hair_colour
    canvas.ellipse((0.0, 0.93), across, 0.068, scalp)
    if canvas.cosine > -0.5:  # the face turns out of sight
        face = 0.042 * min(1.0, canvas.cosine + 0.75)
        canvas.ellipse((0.032 * canvas.sine, 0.915), face, 0.05, person.skin)
    if person.scarf:
        wide = 0.02 + canvas.breadth(0.06, 0.05)
        canvas.polygon(_trapezium(0, wide, 0.87, wide * 1.2, 0.81), Cloth(person.scarf))
    if person.hat:
        u = across * 1.12
        crown = [(-u, 0.95), (u, 0.95), (u * 0.85, 1.0), (u * 0.4, 1.02), (-u * 0.4, 1.02)]
        canvas.polygon([*crown, (-u * 0.85, 1.0)], Cloth(person.hat))


def _mane(canvas: Canvas, person: Person) -> None:
    u = canvas.project(0.0, -0.035)
    wide = canvas.breadth(0.065, 0.04)
    canvas.polygon(_trapezium(u, wide, 0.95, wide * 1.1, 0.77), Cloth(person.hair_colour), 0.95)


def _backpack(canvas: Canvas, person: Person) -> None:
    u = canvas.project(0.0, -0.13)
    wide = canvas.breadth(0.1, 0.06)
    top = wide * 0.75
    box = [(u - top, 0.82), (u + top, 0.82), (u + wide, 0.77), (u + wide, 0.56), (u - wide, 0.56)]
    canvas.polygon([*box, (u - wide, 0.77)], Cloth(person.bag_colour))


def _straps(canvas: Canvas, person: Person) -> None:
    for side in (1, -1):
        u = canvas.project(0.07 * side, 0.05)
        canvas.polygon(_trapezium(u, 0.014, 0.83, 0.014, 0.62), Cloth(person.bag_colour))


def _strap(canvas: Canvas, person: Person) -> None:
    """Draw a strap from one shoulder over the chest or the back to the bag at the other hip."""
    side = 1 if person.bag == "left" else -1
    over = 0.06 if canvas.cosine > 0 else -0.06
    a = (canvas.project(-0.08 * side, over), 0.83)
    b = (canvas.project(0.12 * side, over / 2), 0.54)
    canvas.limb([a, b], [0.024, 0.024], Cloth(person.bag_colour), 1.0)


def _hip_bag(canvas: Canvas, person: Person, shade: float) -> None:
    side = 1 if person.bag == "left" else -1
    u = canvas.project(0.15 * side, -0.02)
    wide = canvas.breadth(0.045, 0.095)
    canvas.polygon(_trapezium(u, wide, 0.56, wide, 0.41), Cloth(person.bag_colour), shade)
