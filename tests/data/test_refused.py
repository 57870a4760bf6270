"""What an ingest refuses is one line, and leaves nothing behind."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mtdnet.errors import InputError

from .builders import VIPER, pictures
from .ingesting import archive, run


def refuse(tmp_path: Path, source: Path, line: str, layout: str = "viper") -> None:
    """Expect one line and nothing left behind."""
    with pytest.raises(InputError, match=line) as raised:
        run(source, layout)
    assert "\n" not in str(raised.value)
    assert not [p for p in tmp_path.iterdir() if p.name == "out" or p.name.startswith(".")]


def test_missing_source(tmp_path: Path) -> None:
    refuse(tmp_path, tmp_path / "gone", "gone: no such folder or archive; put mine there")


def test_unknown_words(tmp_path: Path) -> None:
    known = "known: cuhk01, cuhk03, ilids, market1501, prid2011, table, viper"
    refuse(tmp_path, tmp_path, f"layout 'vipr' of mine: unknown; {known}", "vipr")
    with pytest.raises(InputError, match="boxes 'labelled': unknown; known: labeled, detected"):
        run(tmp_path, boxes="labelled")


@pytest.mark.parametrize(
    ("names", "there"), [([], "nothing"), (["campus/0001001.png"], r"1 others, as 0001001\.png")]
)
def test_folder_without_the_layout(tmp_path: Path, names: Sequence[str], there: str) -> None:
    (tmp_path / "in").mkdir()
    pictures(tmp_path / "in", names)
    line = rf"in: no viper there.*looked for cam_a/NNN_ANGLE\.bmp and .*\.tgz\); found {there}$"
    refuse(tmp_path, tmp_path / "in", line)


def test_archive_without_the_layout(tmp_path: Path) -> None:
    packed = archive(pictures(tmp_path / "in", ["campus/0001001.png"]), ".zip")
    refuse(tmp_path, packed, r"VIPeR\.v1\.0\.zip: no viper there.* found 1 others, as 0001001")


def test_several_archives(tmp_path: Path) -> None:
    for name in ("in/a.zip", "in/b.tgz"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / name).touch()
    refuse(tmp_path, tmp_path / "in", r"in: 2 archives \(a\.zip, b\.tgz\); keep one")


def test_truncated_image_is_named(tmp_path: Path) -> None:
    pictures(tmp_path / "in", VIPER)
    file = tmp_path / "in" / VIPER[1]
    file.write_bytes(file.read_bytes()[:100])
    refuse(tmp_path, tmp_path / "in", r"in/VIPeR/cam_a/007_0\.bmp: not a whole image")
    packed = archive(tmp_path / "in", ".zip")
    refuse(tmp_path, packed, r"VIPeR\.v1\.0\.zip/VIPeR/cam_a/007_0\.bmp: not a whole image")


def test_nothing_but_junk(tmp_path: Path) -> None:
    junk = pictures(tmp_path / "in", ["query/-1_c1s1_000401_03.jpg"])
    refuse(tmp_path, junk, "in: market1501 has no image there that counts", "market1501")


def test_one_image_with_two_suffixes_is_refused(tmp_path: Path) -> None:
    source = pictures(tmp_path / "in", [*VIPER, VIPER[0].replace(".bmp", ".PNG")])
    refuse(tmp_path, source, r"000_45\.bmp: stands there as cam_a/000_45\.PNG too; remove one")


def own(folder: Path, rows: Sequence[tuple[str, str, str]]) -> Path:
    """Write a table of images, which are drawn unless they are there."""
    for seed, (path, *_) in enumerate(rows):
        if not (folder / path).exists():
            folder.mkdir(exist_ok=True)
            Image.fromarray(np.full((8, 4, 3), seed, np.uint8)).save(folder / path)
    lines = [",".join(row) for row in [("path", "person_id", "camera_id"), *rows]]
    (folder / "list.csv").write_text("\n".join(lines))
    return folder


@pytest.mark.parametrize("other", ["0001", "1.0", "01."])
def test_two_ids_of_one_number_are_refused(tmp_path: Path, other: str) -> None:
    persons = own(tmp_path / "in", [("a.png", "1", "1"), ("b.png", other, "2")])
    refuse(tmp_path, persons, "in: persons '.*' and '.*' are one number; write it", "table")
    cameras = own(tmp_path / "in", [("a.png", "1", "1"), ("b.png", "1", other)])
    refuse(tmp_path, cameras, "in: cameras '.*' and '.*' are one number; write it", "table")


def test_one_picture_under_two_persons_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = own(tmp_path / "in", [("a.png", "x", "1"), ("b.png", "y", "2"), ("c.png", "x", "2")])
    shutil.copy(source / "a.png", source / "b.png")
    assert run(source, "table")["shared_pictures"] == 2
    assert capsys.readouterr().err.endswith(
        "mine: 1 pictures under several persons, as a.png of 'x' and b.png of 'y'; correct one\n"
    )


def test_an_archive_in_an_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    archive(pictures(tmp_path / "in/VIPeR", VIPER), ".zip")
    outer = archive(tmp_path / "in", ".tar")
    refuse(
        tmp_path, outer, r"VIPeR\.v1\.0\.tar: an archive in an archive; unpack VIPeR\.v1\.0\.zip"
    )
