from pathlib import Path

import pytest

from mtdnet.data.layouts import viper
from mtdnet.data.scan import Entry, Listing
from mtdnet.errors import InputError

from .builders import VIPER, pictures

ENTRIES = [
    Entry("000", "a", "cam_a/000_45.bmp"),
    Entry("000", "b", "cam_b/000_180.bmp"),
    Entry("007", "a", "cam_a/007_0.bmp"),
    Entry("007", "b", "cam_b/007_90.bmp"),
]


def find(source: Path) -> Listing:
    found = viper.find(source, "labeled")
    assert found is not None
    return found


@pytest.mark.parametrize("below", ["", "VIPeR", "x/y/VIPeR.v1.0"])
def test_persons_are_paired_by_number_at_any_depth(tmp_path: Path, below: str) -> None:
    pictures(tmp_path / below, [name.removeprefix("VIPeR/") for name in VIPER])
    found = find(tmp_path)
    assert sorted(found.entries) == ENTRIES
    assert found.home == tmp_path / below


def test_source_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path, VIPER)
    monkeypatch.chdir(tmp_path / "VIPeR")
    assert sorted(find(Path()).entries) == ENTRIES


def test_other_files_are_left_out(tmp_path: Path) -> None:
    pictures(tmp_path, [*VIPER, "VIPeR/cam_a/12_0.bmp", "VIPeR/cam_c/003_0.bmp", "000_45.bmp"])
    (tmp_path / "VIPeR/cam_a/Thumbs.db").touch()
    (tmp_path / "__MACOSX/VIPeR/cam_a").mkdir(parents=True)
    (tmp_path / "__MACOSX/VIPeR/cam_a/000_45.bmp").touch()
    assert sorted(find(tmp_path).entries) == ENTRIES


def test_linked_folder_is_followed_once(tmp_path: Path) -> None:
    pictures(tmp_path / "disk", VIPER)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/viper").symlink_to(tmp_path / "disk")
    (tmp_path / "disk/loop").symlink_to(tmp_path / "disk")
    assert sorted(find(tmp_path / "data").entries) == ENTRIES


def test_two_copies_are_refused(tmp_path: Path) -> None:
    pictures(tmp_path / "one", VIPER)
    pictures(tmp_path / "two", VIPER)
    with pytest.raises(InputError, match=r"2 times, as .*one/VIPeR and .*two/VIPeR; point at one"):
        find(tmp_path)


def test_nothing_of_it_is_none(tmp_path: Path) -> None:
    pictures(tmp_path, ["campus/0001001.png"])
    assert viper.find(tmp_path, "labeled") is None
