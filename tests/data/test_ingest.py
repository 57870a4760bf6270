import hashlib
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from mtdnet.data import ingest as module
from mtdnet.data.archives import SUFFIXES
from mtdnet.data.images import SCHEMA, Images
from mtdnet.data.ingest import ingest
from mtdnet.data.pack import pack
from mtdnet.errors import InputError
from mtdnet.files import read_json

from .builders import VIPER, cell, mat, pictures
from .ingesting import archive, run


def test_table_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = run(pictures(tmp_path / "in", VIPER))
    assert (
        counts
        == read_json(tmp_path / "out/counts.json")
        == {
            "benchmark": "mine",
            "layout": "viper",
            "persons": 2,
            "cameras": 2,
            "images": 4,
            "published": {"persons": 632, "cameras": 2, "images": 1264},
            "test_sets": [],
            "passed_over": {},
            "shared_pictures": 0,
        }
    )
    line = "mine: 2 of 632 persons, 2 of 2 cameras, 4 of 1,264 images\n"
    assert capsys.readouterr().out == line
    table = pq.read_table(tmp_path / "out/images.parquet")
    assert table.schema.equals(SCHEMA)
    assert table.to_pylist()[1] == {
        "benchmark": "mine",
        "person": "000",
        "camera": "b",
        "path": "cam_b/000_180.bmp",
        "width": 6,
        "height": 12,
        "sha256": hashlib.sha256((tmp_path / "in" / VIPER[2]).read_bytes()).hexdigest(),
        "part": "",
        "role": "",
    }


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("wrapped", [False, True])
def test_archive_gives_the_same_as_the_folder(tmp_path: Path, suffix: str, wrapped: bool) -> None:
    """The source is the archive, or a folder in which it lies."""
    run(pictures(tmp_path / "in", VIPER))
    packed = archive(tmp_path / "in", suffix)
    if wrapped:
        (tmp_path / "data").mkdir()
        packed = packed.rename(tmp_path / "data" / packed.name).parent
    ingest(source=packed, benchmark="mine", layout="viper", out=tmp_path / "again")
    for name in ("images.parquet", "images.npy", "counts.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        ["again", "out", "data" if wrapped else packed.name]
    )


def test_cuhk03_from_its_mat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = {(1, 1, 1): cell(0), (1, 1, 6): cell(1), (3, 2, 7): cell(2)}
    lists = [[(1, 1), (3, 2)]] * 20
    mat(tmp_path / "in/x/cuhk-03.mat", cells, persons=[1, 0, 2, 1, 1], test_sets=lists)
    counts = run(tmp_path / "in", "cuhk03")
    assert counts["test_sets"] == [["1_001", "3_002"]] * 20
    images = Images.open(tmp_path / "out")
    assert images.person.tolist() == ["1_001", "1_001", "3_002"]
    assert images.camera.tolist() == ["1a", "1b", "3b"]
    assert images.path.tolist() == [
        f"cuhk-03.mat#labeled/{p}" for p in ("1/001/1/01", "1/001/2/06", "3/002/2/07")
    ]
    assert capsys.readouterr().out == (
        "mine: 2 of 1,360 persons, 3 of 6 cameras, 3 of 13,164 images\n"
    )
    with pytest.raises(InputError, match="no key 'detected'"):
        run(tmp_path / "in", "cuhk03", boxes="detected")


def test_summary_of_unknown_cameras(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(pictures(tmp_path / "in", ["Persons/0001001.jpg", "Persons/0001002.jpg"]), "ilids")
    expected = "mine: 1 of 119 persons, cameras unknown, 2 of 476 images\n"
    assert capsys.readouterr().out == expected


def test_own_table_has_no_published_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures(tmp_path / "in", ["a.png"])
    (tmp_path / "in/list.csv").write_text("path,person_id,camera_id\na.png,1,2\n")
    assert run(tmp_path / "in", "table")["published"] is None
    assert capsys.readouterr().out == "mine: 1 persons, 1 cameras, 1 images\n"


def test_failure_keeps_the_earlier_result(tmp_path: Path) -> None:
    run(pictures(tmp_path / "in", VIPER))
    before = (tmp_path / "out/images.npy").read_bytes()
    (tmp_path / "in" / VIPER[0]).write_bytes(b"")
    with pytest.raises(InputError):
        run(tmp_path / "in")
    assert (tmp_path / "out/images.npy").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]


def test_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = archive(pictures(tmp_path / "in", VIPER), ".zip")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "pack", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(packed)
    assert [p.name for p in tmp_path.iterdir()] == [packed.name]


def test_two_at_once_leave_one_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have packed their images before either of them moves its folder into place."""
    together = threading.Barrier(2, timeout=60)

    def packed_together(*args: Any) -> Any:
        originals = pack(*args)
        together.wait()
        return originals

    monkeypatch.setattr(module, "pack", packed_together)
    pictures(tmp_path / "one", VIPER)
    pictures(tmp_path / "two", VIPER[::2])
    threads = [threading.Thread(target=run, args=[tmp_path / name]) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    images = Images.open(tmp_path / "out")  # refuses what doesn't belong together
    assert len(images.person) in (4, 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one", "out", "two"]


def test_order_of_the_file_system_does_not_matter(tmp_path: Path) -> None:
    for folder, names in (("one", VIPER), ("two", VIPER[::-1])):
        (tmp_path / folder).mkdir()
        pictures(tmp_path / folder / "in", names)
        run(tmp_path / folder / "in")
    one, two = (Images.open(tmp_path / folder / "out") for folder in ("one", "two"))
    assert (
        one.path.tolist()
        == two.path.tolist()
        == sorted(one.path.tolist(), key=lambda path: (path[6:9], path))
    )
    # The pictures were drawn in the reverse order, so the rows hold each other's.
    assert np.array_equal(one.pixels[0], two.pixels[3])


NAMES = {
    "viper": ["VIPeR/cam_a/000_45.BMP", "VIPeR/Cam_B/000_90.bmp", "VIPeR/cam_b/001_0.Jpeg"],
    "cuhk01": ["campus/0001001.PNG", "campus/0001003.tif", "campus/0002001.webp"],
    "cuhk03": [f"images_labeled/1_001_{i}.{s}" for i, s in (("1_01", "PNG"), ("2_06", "jpe"))],
    "ilids": ["Persons/0001001.JPG", "persons/0001002.png", "Persons/0119001.jfif"],
    "prid2011": ["cam_a/person_0001.PNG", "CAM_B/person_0001.bmp", "cam_b/person_0201.avif"],
    "market1501": ["query/12_c1s1_000001_01.JPG", "bounding_box_test/12_c2s1_1_1.gif"],
}


@pytest.mark.parametrize("layout", NAMES)
def test_letter_case_and_suffixes_do_not_matter(
    tmp_path: Path, layout: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, name in enumerate(NAMES[layout]):
        file = tmp_path / "in" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 8), (number, 0, 0)).save(file)
    counts = run(tmp_path / "in", layout)
    assert counts["images"] == len(NAMES[layout]) and counts["passed_over"] == {}
    assert counts["cameras"] == (0 if layout == "ilids" else 2)
    assert capsys.readouterr().err.count("passed over") == 0


def test_what_is_passed_over_is_counted_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = pictures(tmp_path / "in", [*VIPER, "VIPeR/cam_a/x.png", "VIPeR/cam_c/000_1.bmp"])
    (source / "VIPeR/cam_a/photo.heic").touch()
    (source / "VIPeR/cam_a/scan").write_bytes((source / VIPER[0]).read_bytes())
    (source / "VIPeR/README.txt").touch()
    counts = run(source)
    assert counts["passed_over"] == {"not named as the layout's are": 4}
    assert capsys.readouterr().err.startswith(
        "mine: 4 images passed over (not named as the layout's are), as VIPeR/cam_a/photo.heic\n"
    )


def test_what_a_layouts_rule_leaves_out_is_counted_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"bounding_box_test/{p}_c1s1_1_1.jpg" for p in (-1, 1, 22, "000000")]
    counts = run(pictures(tmp_path / "in", [*names, "gt_bbox/1.jpg"]), "market1501")
    assert counts["passed_over"] == {"junk: its id is -1": 1, "not named as the layout's are": 1}
    assert (counts["persons"], counts["images"], counts["published"]) == (2, 3, None)
    assert "(junk: its id is -1), as bounding_box_test/-1_" in capsys.readouterr().err
