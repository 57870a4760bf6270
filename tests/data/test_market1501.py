from pathlib import Path

from mtdnet.data.ingest import ingest
from mtdnet.data.layouts import market1501
from mtdnet.data.scan import Entry

from .builders import pictures

NAMES = [
    "bounding_box_train/0002_c1s1_000451_03.jpg",
    "bounding_box_test/-1_c1s1_000401_03.jpg",
    "bounding_box_test/0000_c4s2_000151_01.jpg",
    "bounding_box_test/0005_c6s1_000301_01.jpg",
    "query/0005_c2s1_000301_00.jpg",
    "gt_bbox/0005_c2s1_000301_00.jpg",
]


def test_parts_and_roles_come_from_the_folders(tmp_path: Path) -> None:
    found = market1501.find(pictures(tmp_path / "Market-1501-v15.09.15", NAMES), "labeled")
    assert found is not None
    assert sorted(found.entries) == [
        Entry("0000", "c4", NAMES[2], "test", "gallery"),
        Entry("0002", "c1", NAMES[0], "train", ""),
        Entry("0005", "c2", NAMES[4], "test", "query"),
        Entry("0005", "c6", NAMES[3], "test", "gallery"),
    ]


def test_distractors_are_no_person(tmp_path: Path) -> None:
    pictures(tmp_path / "in", NAMES)
    counts = ingest(
        source=tmp_path / "in", benchmark="market", layout="market1501", out=tmp_path / "out"
    )
    assert (counts["persons"], counts["cameras"], counts["images"]) == (2, 4, 4)
