import re
import zipfile
from collections import Counter
from pathlib import Path

from PIL import Image


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_cuhk01_has_four_images_a_person(drawn: Path) -> None:
    with zipfile.ZipFile(drawn / "cuhk01" / "CUHK01.zip") as archive:
        assert archive.namelist() == [
            f"campus/{person:04d}{image:03d}.png"
            for person in range(1, 9)
            for image in (1, 2, 3, 4)
        ]
        with archive.open("campus/0001001.png") as stream, Image.open(stream) as image:
            assert (image.format, image.mode) == ("PNG", "RGB")


def test_viper_numbers_have_gaps_and_angles_differ(drawn: Path) -> None:
    with zipfile.ZipFile(drawn / "viper" / "VIPeR.v1.0.zip") as archive:
        found = [
            re.fullmatch(r"VIPeR/cam_([ab])/(\d{3})_(\d+)\.bmp", n) for n in archive.namelist()
        ]
        with archive.open(archive.namelist()[0]) as stream, Image.open(stream) as image:
            assert image.format == "BMP"
    angle = {(match[2], match[1]): match[3] for match in found if match}
    assert len(angle) == len(found) == 16
    people = sorted({int(person) for person, _ in angle})
    assert len(people) == 8
    assert people[-1] - people[0] > 7
    assert all(angle[f"{person:03d}", "a"] != angle[f"{person:03d}", "b"] for person in people)


def test_ilids_has_two_to_eight_images_and_a_stray(drawn: Path) -> None:
    room = drawn / "ilids" / "i-LIDS_Pedestrian" / "Persons"
    assert all(re.fullmatch(r"\d{7}\.jpg", name) for name in names(room))
    images = Counter(name[:4] for name in names(room))
    assert images.pop("0009") == 1
    assert sorted(images) == [f"{person:04d}" for person in range(1, 9)]
    assert set(images.values()) <= set(range(2, 9))
    for person, amount in images.items():
        assert [n[4:7] for n in names(room) if n.startswith(person)] == [
            f"{image:03d}" for image in range(1, amount + 1)
        ]
    with Image.open(room / "0001001.jpg") as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")


def test_prid_numbers_strangers_from_201(drawn: Path) -> None:
    room = drawn / "prid2011" / "prid_2011" / "single_shot"
    both = [f"person_{number:04d}.png" for number in range(1, 9)]
    strangers = [f"person_{number:04d}.png" for number in range(201, 213)]
    assert names(room) == ["cam_a", "cam_b"]
    assert names(room / "cam_a") == both + strangers[:4]
    assert names(room / "cam_b") == both + strangers


def test_own_cameras_are_a_table_of_what_is_there(drawn: Path) -> None:
    lines = (drawn / "shop" / "shop.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["path,person_id,camera_id", "images/0001-1.jpg,0001,door"]
    paths = [line.split(",")[0] for line in lines[1:]]
    assert len(paths) == 8 * 4
    assert sorted(paths) == [f"images/{name}" for name in names(drawn / "shop" / "images")]
