"""Drawn CUHK01, VIPeR, i-LIDS and PRID 2011 as downloads leave them, and a table of own cameras."""

import math
import zipfile
from pathlib import Path

from mtdnet.files import write_csv
from mtdnet.synthetic.scene import Pixels
from mtdnet.synthetic.studio import Studio, encode, pack


def cuhk01(folder: Path, count: int, studio: Studio) -> None:
    """Write ``CUHK01.zip``: campus/PPPPIII.png, images 1-2 by camera A, 3-4 by B."""
    with zipfile.ZipFile(folder / "CUHK01.zip", "w") as archive:
        for person in range(1, count + 1):
            for number, pixels in enumerate(studio.album(f"{person:04d}", "aabb"), 1):
                pack(archive, f"campus/{person:04d}{number:03d}.png", encode(pixels, "PNG"))


def viper(folder: Path, count: int, studio: Studio) -> None:
    """Write ``VIPeR.v1.0.zip``: VIPeR/cam_x/NNN_ANGLE.bmp, with gaps between the numbers."""
    with zipfile.ZipFile(folder / "VIPeR.v1.0.zip", "w") as archive:
        for person in range(count):
            name = f"{person + person // 3:03d}"
            rng = studio.generator(f"angles {name}")
            first = int(rng.choice([0, 45, 90]))
            angles = first, int(rng.choice([a for a in (90, 135, 180) if a != first]))
            images = studio.album(name, "ab", [math.radians(a) for a in angles])
            for camera, angle, pixels in zip("ab", angles, images, strict=True):
                pack(archive, f"VIPeR/cam_{camera}/{name}_{angle}.bmp", encode(pixels, "BMP"))


def ilids(folder: Path, count: int, studio: Studio) -> None:
    """Write ``i-LIDS_Pedestrian/Persons/PPPPIII.jpg``: 2 to 8 images, in no order of cameras.

    As in the copies that circulate, one image of a further number belongs to nobody.
    """
    room = folder / "i-LIDS_Pedestrian" / "Persons"
    room.mkdir(parents=True)
    for person in range(1, count + 1):
        rng = studio.generator(f"cameras {person:04d}")
        amount = rng.choice([2, 3, 4, 5, 6, 8], p=[0.15, 0.2, 0.35, 0.15, 0.1, 0.05])
        cameras = rng.permutation(["a", "b"] * (amount // 2) + ["a"] * (amount % 2)).tolist()
        for number, pixels in enumerate(studio.album(f"{person:04d}", cameras), 1):
            (room / f"{person:04d}{number:03d}.jpg").write_bytes(encode(pixels, "JPEG"))
    stray = f"{count + 1:04d}"
    (room / f"{stray}001.jpg").write_bytes(encode(studio.image(stray, "a", 0), "JPEG"))


def prid2011(folder: Path, count: int, studio: Studio) -> None:
    """Write ``prid_2011/single_shot/cam_x/person_NNNN.png``.

    Persons 1 to ``count`` are in both cameras. From 201 on half as many more are in A, one and a
    half times as many in B: different people with the same numbers.
    """
    room = folder / "prid_2011" / "single_shot"
    for camera in "ab":
        (room / f"cam_{camera}").mkdir(parents=True)

    def save(camera: str, number: int, pixels: Pixels) -> None:
        file = room / f"cam_{camera}" / f"person_{number:04d}.png"
        file.write_bytes(encode(pixels, "PNG"))

    for number in range(1, count + 1):
        for camera, pixels in zip("ab", studio.album(f"{number:04d}", "ab"), strict=True):
            save(camera, number, pixels)
    for camera, more in (("a", count // 2), ("b", 3 * count // 2)):
        for number in range(201, 201 + more):
            save(camera, number, studio.album(f"{camera}{number:04d}", camera)[0])


def table(folder: Path, count: int, studio: Studio) -> None:
    """Write ``shop.csv`` with path, person_id and camera_id, and two images a person and camera."""
    (folder / "images").mkdir()
    cameras, rows = ("door", "door", "till", "till"), []
    for person in (f"{number:04d}" for number in range(1, count + 1)):
        images = zip(cameras, studio.album(person, cameras), strict=True)
        for number, (camera, pixels) in enumerate(images, 1):
            path = f"images/{person}-{number}.jpg"
            (folder / path).write_bytes(encode(pixels, "JPEG"))
            rows.append((path, person, camera))
    write_csv(folder / "shop.csv", ("path", "person_id", "camera_id"), rows)
