import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mtdnet.errors import InputError
from mtdnet.files import alone, read_json, whole, write_json


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
            (draft / "counts.json").touch()
            (draft / name).touch()
            before = [p.name for p in target.iterdir()] if target.exists() else []
            assert name not in before
    assert sorted(p.name for p in target.iterdir()) == ["counts.json", "second"]
    with pytest.raises(KeyError), whole(target) as draft:
        draft.mkdir()
        raise KeyError
    assert sorted(p.name for p in target.iterdir()) == ["counts.json", "second"]
    assert [p.name for p in target.parent.iterdir()] == ["results"]


def test_one_line_for_json_that_is_missing_or_broken(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match=r"a\.json: not JSON"):
        read_json(tmp_path / "a.json")


def test_a_folder_of_others_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "images/VIPeR").mkdir(parents=True)
    (tmp_path / "images/VIPeR/a.jpg").touch()
    (tmp_path / "page").touch()
    for name, file in (("images", "counts.json"), ("images", "VIPeR/b.jpg"), ("page", "x")):
        with (
            pytest.raises(InputError, match=f"{name}: stands there and is nothing that this step"),
            whole(tmp_path / name) as draft,
        ):
            (draft / file).parent.mkdir(parents=True)
            (draft / file).touch()
    with pytest.raises(InputError, match="images: stands there"):
        write_json(tmp_path / "images", {})
    assert (tmp_path / "images/VIPeR/a.jpg").is_file() and (tmp_path / "page").is_file()
    (tmp_path / "empty").mkdir()
    with whole(tmp_path / "empty") as draft:
        draft.mkdir()
        (draft / "counts.json").touch()
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["empty", "images", "page"]


KILLED = """
import os, signal, sys
from pathlib import Path
from mtdnet.files import whole
with whole(Path(sys.argv[1])) as draft:
    draft.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    target = tmp_path / "counts.json"
    done = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert re.fullmatch(r"\.counts\.json\.\d+\.\w{8}", left.name)
    others = [f".counts.json.{name}" for name in ("backup", "1.old", "x.abcdefgh")]
    for name in others:
        (tmp_path / name).mkdir()
    with whole(target) as draft, whole(target) as other:  # one at work isn't swept
        assert draft.parent.is_dir() and other.parent.is_dir() and not left.exists()
        draft.touch()
        other.touch()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*others, "counts.json"])


HOLD = """
import sys, time
from pathlib import Path
from mtdnet.files import alone
with alone(Path(sys.argv[1]), "this work"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_at_a_time_until_its_process_is_gone(tmp_path: Path) -> None:
    lock = tmp_path / "work" / "lock"
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with (
            pytest.raises(InputError, match="another process does this work"),
            alone(lock, "this work"),
        ):
            pass
        first.kill()
    with alone(lock, "this work"):
        pass
