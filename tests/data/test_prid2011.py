from pathlib import Path

from mtdnet.data.layouts import prid2011
from mtdnet.data.scan import Entry

from .builders import pictures


def test_equal_numbers_are_one_person_up_to_200(tmp_path: Path) -> None:
    shot = "prid_2011/single_shot"
    pictures(
        tmp_path,
        [f"{shot}/cam_{c}/person_0{n}.png" for c in "ab" for n in (200, 201)]
        + ["prid_2011/multi_shot/cam_a/person_0200/0001.png"],
    )
    found = prid2011.find(tmp_path, "labeled")
    assert found is not None
    assert found.home == tmp_path / shot
    assert sorted(found.entries) == [
        Entry("0200", "a", "cam_a/person_0200.png"),
        Entry("0200", "b", "cam_b/person_0200.png"),
        Entry("a0201", "a", "cam_a/person_0201.png"),
        Entry("b0201", "b", "cam_b/person_0201.png"),
    ]
