"""Test persons that a file or the layout names."""

from pathlib import Path

import pytest

from mtdnet.errors import InputError
from mtdnet.params import Split
from tests.protocol.dividing import counts, divided, market, pairs, persons


def test_files_may_name_other_test_persons_for_each_number(tmp_path: Path) -> None:
    rows = pairs(30)
    for number in (0, 1):
        (tmp_path / f"{number}.txt").write_text(f"000{number + 4}\n", encoding="utf-8")
    settings = Split(test_ids=str(tmp_path / "{split}.txt"))
    for number in (0, 1):
        found = divided(rows, settings, number=number)
        assert persons(rows, found.part == "test") == {f"000{number + 4}"}
        assert found.origin == str(tmp_path / f"{number}.txt")
    with pytest.raises(InputError, match=r"2\.txt: No such file"):
        divided(rows, settings, number=2)


@pytest.mark.parametrize("given", ["file", "layout"])
def test_given_test_persons_are_those_of_every_number(given: str, tmp_path: Path) -> None:
    rows, said = market()
    settings = Split()
    if given == "file":
        (tmp_path / "ids.txt").write_text("0003\n0004\n", encoding="utf-8")
        settings = Split(test_ids=str(tmp_path / "ids.txt"))
    found = [divided(rows, settings, "market1501", said=said, number=k) for k in range(6)]
    tests = {frozenset(persons(rows, f.part == "test")) for f in found}
    validations = {frozenset(persons(rows, f.part == "validation")) for f in found}
    assert len(tests) == 1 and len(validations) > 1


def test_a_file_names_the_test_persons(tmp_path: Path) -> None:
    rows = pairs(12)
    source = tmp_path / "ids.txt"
    source.write_text("0003\n\n 0007 \n0003\n", encoding="utf-8")
    found = divided(rows, Split(test_ids=str(source)))
    assert persons(rows, found.part == "test") == {"0003", "0007"}
    assert counts(rows, found) == (9, 1, 2)
    assert found.origin == str(source)


def test_ids_are_read_as_people_write_them(tmp_path: Path) -> None:
    source = tmp_path / "ids.txt"
    source.write_text("\ufeff3\r\n 007 \r\n0007\r\n11.0\r\n", encoding="utf-8")
    found = divided(pairs(12), Split(test_ids=str(source)))
    assert persons(pairs(12), found.part == "test") == {"0003", "0007", "0011"}
    rows = [(f"1_{person}", camera) for person, camera in pairs(12)]
    source.write_text("1_3\n1_0007\n", encoding="utf-8")
    found = divided(rows, Split(test_ids=str(source)))
    assert persons(rows, found.part == "test") == {"1_0003", "1_0007"}


def test_an_id_that_may_be_two_persons_is_refused(tmp_path: Path) -> None:
    rows = pairs(12) + [(person.replace("000", "00a"), camera) for person, camera in pairs(9)]
    rows += [("a01", "a"), ("a01", "b"), ("a001", "a"), ("a001", "b")]
    source = tmp_path / "ids.txt"
    source.write_text("a01\n0003\n", encoding="utf-8")
    found = divided(rows, Split(test_ids=str(source)))
    assert persons(rows, found.part == "test") == {"a01", "0003"}
    source.write_text("a1\n", encoding="utf-8")
    with pytest.raises(InputError, match="person 'a1' may be a001 or a01; write it"):
        divided(rows, Split(test_ids=str(source)))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"0003\n9999\n", "ids.txt: person '9999' is not among the 12 of viper"),
        (b"\n \n", "ids.txt: no person id"),
        (b"\xff\xfe\x00", "ids.txt: not UTF-8 text"),
        (None, "ids.txt: No such file"),
    ],
)
def test_a_bad_file_of_persons_is_named(tmp_path: Path, content: bytes | None, line: str) -> None:
    source = tmp_path / "ids.txt"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(InputError, match=line):
        divided(pairs(12), Split(test_ids=str(source)))
