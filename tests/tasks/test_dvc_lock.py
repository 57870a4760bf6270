"""What killed processes leave in DVC's list of locks is cleared; what the living hold is not."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from flows import graph
from mtdnet.errors import InputError
from tasks import datasets, dvc_lock

STAGES = "stages: {one: {cmd: echo done > one, outs: [one]}}"
DVC = [sys.executable, "-m", "dvc"]


@pytest.fixture
def root(project: Callable[[str], Path]) -> Path:
    made = project(STAGES)
    (made / ".dvc" / "tmp").mkdir()
    return made


def place(root: Path) -> Path:
    return root / ".dvc" / "tmp" / "rwlock"


def write(root: Path, *entries: tuple[int, str]) -> None:
    """List processes, each with its command, as writers of the stage's output and readers."""
    readers = {f"{root}/source": [{"pid": pid, "cmd": cmd} for pid, cmd in entries]}
    writers = {f"{root}/one": {"pid": pid, "cmd": cmd} for pid, cmd in entries[-1:]}
    place(root).write_text(json.dumps({"write": writers, "read": readers}))


@contextmanager
def process(*words: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(words, cwd=folder, stdin=subprocess.PIPE) as started:
        try:
            yield started
        finally:
            started.kill()


def repro(root: Path) -> str:
    """Run DVC on the stage; return what it says when it fails."""
    done = subprocess.run(
        [*DVC, "repro", "-s", "one"], cwd=root, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("content", ["", '{"write": {"/x": {"pid"', '{"write": 3}'])
def test_a_broken_list_is_removed_and_dvc_runs_again(content: str, root: Path) -> None:
    place(root).write_text(content)
    (line,) = dvc_lock.heal(root)
    assert str(place(root)) in line
    assert not place(root).exists()
    assert dvc_lock.heal(root) == []
    assert repro(root) == ""


@pytest.mark.parametrize("kept", [0, 25, 30])
def test_a_lock_file_that_was_cut_off_is_set_aside_and_nothing_runs_again(
    kept: int, root: Path
) -> None:
    stage = "{cmd: echo x >> runs; cp source one, deps: [source], outs: [one]}"
    (root / "dvc.yaml").write_text(f"stages: {{one: {stage}}}")
    (root / "source").write_text("content")
    assert repro(root) == ""
    whole = (root / "dvc.lock").read_text()
    assert dvc_lock.heal(root) == []
    (root / "dvc.lock").write_text(whole[:kept])
    assert "dvc.lock" in repro(root)
    (line,) = dvc_lock.heal(root)
    assert line.startswith("dvc.lock was cut off by a killed process: moved to .locks/dvc.lock.cut")
    assert (root / ".locks" / "dvc.lock.cut").read_text() == whole[:kept]
    assert dvc_lock.heal(root) == []
    assert repro(root) == ""
    assert (root / "dvc.lock").read_text() == whole
    assert (root / "runs").read_text() == "x\n"


WRITER = """
import sys, time
from pathlib import Path
from dvc.lock import make_lock
place = Path("dvc.lock")
text = place.read_text()
with make_lock(".dvc/tmp/lock", tmp_dir=".dvc/tmp"):
    place.write_text("")
    print("begun", flush=True)
    time.sleep(1)
    place.write_text(text)
    if sys.argv[1] == "held":
        time.sleep(60)
"""


@pytest.mark.parametrize("first", ["heal", "read", "graph"])
@pytest.mark.parametrize("then", ["done", "held"])
def test_a_lock_file_is_read_when_dvc_has_written_it(then: str, first: str, root: Path) -> None:
    deps = "    deps: [{path: data/viper, md5: 0f1c.dir}]"
    text = f"schema: '2.0'\nstages:\n  ingest@viper:\n    cmd: a\n{deps}\n"
    (root / "dvc.lock").write_text(text)
    assert datasets.data_hash("viper", root) == "0f1c.dir"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, then], cwd=root, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "begun\n"
        if first == "heal":
            assert dvc_lock.heal(root) == []
        elif first == "graph":
            assert [stage.name for stage in graph.stages(root, look=False)] == ["one"]
        assert datasets.data_hash("viper", root) == "0f1c.dir"
        assert dvc_lock.heal(root) == []
        assert (root / "dvc.lock").read_text() == text
        writer.kill()


@pytest.mark.parametrize(
    "change",
    [lambda text: f"<<<<<<< HEAD\n{text}=======\n", lambda text: text.replace("2.0", "3.0")],
)
def test_a_lock_file_that_somebody_has_to_mend_stays(
    change: Callable[[str], str], root: Path
) -> None:
    assert repro(root) == ""
    text = change((root / "dvc.lock").read_text())
    (root / "dvc.lock").write_text(text)
    assert dvc_lock.heal(root) == []
    assert (root / "dvc.lock").read_text() == text


def test_a_broken_list_stays_while_dvc_is_at_work(root: Path) -> None:
    place(root).write_text("")
    script = root / "dvc"
    script.write_text("import sys; sys.stdin.read()")
    with process(sys.executable, str(script), "repro", folder=root) as dvc:
        with pytest.raises(InputError, match=rf"rwlock: broken.*process {dvc.pid}"):
            dvc_lock.heal(root)
        assert place(root).exists()


def test_the_dead_lose_their_hold_and_the_living_keep_it(root: Path) -> None:
    with process("sleep", "600", folder=root) as dead:
        pass
    assert not psutil.pid_exists(dead.pid)
    with process("sleep", "601", folder=root) as living:
        write(root, (living.pid, "dvc sleep 601"), (dead.pid, "dvc repro -s one"))
        assert dvc_lock.heal(root) == [
            f"freed what 'dvc repro -s one' (process {dead.pid}, dead) held"
        ]
        content = json.loads(place(root).read_text())
        assert content["read"] == {f"{root}/source": [{"pid": living.pid, "cmd": "dvc sleep 601"}]}
        assert content["write"] == {}
        assert dvc_lock.holds(root, living.pid)
        assert not dvc_lock.holds(root, dead.pid)


def test_a_number_that_lives_again_as_another_process_holds_nothing(root: Path) -> None:
    """DVC by itself waits for it, for ever."""
    with process("sleep", "600", folder=root) as other:
        write(root, (other.pid, "dvc repro -s one"))
        assert "busy" in repro(root)
        assert len(dvc_lock.heal(root)) == 1
        assert repro(root) == ""
        # the same command, but it began after the list was written
        write(root, (other.pid, "sleep 600"))
        assert dvc_lock.heal(root) == []
        before = time.time() - 60
        os.utime(place(root), (before, before))
        assert len(dvc_lock.heal(root)) == 1


def test_what_a_killed_dvc_held_is_free(root: Path) -> None:
    (root / "dvc.yaml").write_text("stages: {one: {cmd: 'touch begun; sleep 600', outs: [one]}}")
    with subprocess.Popen([*DVC, "repro", "-q"], cwd=root, process_group=0) as dvc:
        while not (root / "begun").exists():
            time.sleep(0.1)
        assert dvc_lock.holds(root, dvc.pid)
        assert dvc_lock.heal(root) == []
        os.killpg(dvc.pid, 9)
    assert len(dvc_lock.heal(root)) == 1
    (root / "dvc.yaml").write_text(STAGES)
    assert repro(root) == ""


def test_nothing_to_heal(tmp_path: Path) -> None:
    assert dvc_lock.heal(tmp_path) == []
