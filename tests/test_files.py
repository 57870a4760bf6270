from pathlib import Path

import pytest

from mtdnet.errors import InputError
from mtdnet.files import read_json, whole, write_json


def test_a_failed_write_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    write_json(target, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(target, {"a": float("nan")})
    assert read_json(target) == {"a": 1}
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_appears_whole_and_replaces_an_earlier_one(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "results"
    for name in ("first", "second"):
        with whole(target) as draft:
            draft.mkdir()
            (draft / name).touch()
            before = [p.name for p in target.iterdir()] if target.exists() else []
            assert name not in before
    assert [p.name for p in target.iterdir()] == ["second"]
    with pytest.raises(KeyError), whole(target) as draft:
        draft.mkdir()
        raise KeyError
    assert [p.name for p in target.iterdir()] == ["second"]
    assert [p.name for p in target.parent.iterdir()] == ["results"]


def test_one_line_for_json_that_is_missing_or_broken(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match=r"a\.json: not JSON"):
        read_json(tmp_path / "a.json")
