from pathlib import Path

from mtdnet.data.layouts import ilids
from mtdnet.data.scan import Entry

from .builders import pictures


def test_cameras_are_unknown_and_the_stray_is_left_out(tmp_path: Path) -> None:
    names = ["0001001.jpg", "0001002.jpg", "0119001.jpg", "0120001.JPG"]
    home = pictures(tmp_path / "i-LIDS_Pedestrian/Persons", names)
    found = ilids.find(tmp_path, "labeled")
    assert found is not None
    assert sorted(found.entries) == [
        Entry("0001", "", "Persons/0001001.jpg"),
        Entry("0001", "", "Persons/0001002.jpg"),
        Entry("0119", "", "Persons/0119001.jpg"),
    ]
    assert found.left_out == {home / "0120001.JPG": "belongs to none of the 119 persons"}
