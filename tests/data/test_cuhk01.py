from pathlib import Path

from mtdnet.data.layouts import cuhk01
from mtdnet.data.scan import Entry

from .builders import pictures


def test_images_1_and_2_are_camera_a(tmp_path: Path) -> None:
    pictures(tmp_path, [f"campus/0971{i:03d}.png" for i in range(1, 6)])
    found = cuhk01.find(tmp_path, "labeled")
    assert found is not None
    assert sorted(found.entries) == [
        Entry("0971", "a", "0971001.png"),
        Entry("0971", "a", "0971002.png"),
        Entry("0971", "b", "0971003.png"),
        Entry("0971", "b", "0971004.png"),
    ]
