import logging
from pathlib import Path

import pytest

from mtdnet.data.layouts import ilids
from mtdnet.data.scan import Entry

from .builders import pictures


def test_cameras_are_unknown_and_the_stray_is_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["0001001.jpg", "0001002.jpg", "0119001.jpg", "0120001.jpg"]
    pictures(tmp_path / "i-LIDS_Pedestrian/Persons", names)
    with caplog.at_level(logging.WARNING):
        found = ilids.find(tmp_path, "labeled")
    assert found is not None
    assert sorted(found.entries) == [
        Entry("0001", "", "Persons/0001001.jpg"),
        Entry("0001", "", "Persons/0001002.jpg"),
        Entry("0119", "", "Persons/0119001.jpg"),
    ]
    assert [r.getMessage() for r in caplog.records] == [
        f"{tmp_path}/i-LIDS_Pedestrian/Persons/0120001.jpg left out: "
        "it belongs to none of the 119 persons"
    ]
