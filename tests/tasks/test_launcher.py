"""Commands that the launcher forks end, hear signals and see the code as those of a shell do."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psutil
import pytest

from tasks import launcher, slots
from tests.waiting import until

TELL = """
import json, os, sys
from pathlib import Path
parent = Path(f"/proc/{os.getppid()}/cmdline").read_text().split(chr(0))
env = {"word": os.environ.get("WORD"), "shell": os.environ["SHELL"], "folder": os.getcwd()}
found = {"launched": any("server.py" in p for p in parent), "loaded": "colorsys" in sys.modules}
print(json.dumps(env | found | {"words": sys.argv[1:], "name": __name__}), flush=True)
"""
HEAR = """
import signal, sys
def leave(number, frame):
    print("kept", flush=True)
    sys.exit(130)
signal.signal(signal.SIGTERM, leave)
print("begun", flush=True)
signal.pause()
"""

SHELL = shutil.which("bash") or "/bin/sh"

Run = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs a command by DVC's shell, in a project and a process group of its own."""
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "__init__.py").touch()
    (tmp_path / "tasks" / "tell.py").write_text(TELL)
    (tmp_path / "tasks" / "hear.py").write_text(HEAR)
    (tmp_path / "tasks" / "end.py").write_text("import os, sys\nos.kill(os.getpid(), 9)")
    (tmp_path / "tasks" / "bad.py").write_text("import sys\nsys.exit('error: no such row')")
    monkeypatch.setattr(launcher, "MODULES", ("colorsys", "no.such.module"))

    def run(command: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [launcher.SHELL, "-c", command],
            cwd=tmp_path,
            env=os.environ | {"WORD": "a b", "MTDNET_SHELL": SHELL},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )

    return run


@pytest.fixture
def launching(begin: Run, tmp_path: Path) -> Iterator[Path]:
    """Have a launcher answer in the project; return its folder."""
    with launcher.started(tmp_path, {**os.environ, "SHELL": SHELL}) as given:
        assert given == {"SHELL": str(launcher.SHELL), "MTDNET_SHELL": SHELL}
        assert until((tmp_path / ".locks" / "launcher").is_socket)
        yield tmp_path


def told(process: "subprocess.Popen[str]") -> Any:
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return json.loads(said)


@contextmanager
def hearing(begin: Run) -> "Iterator[tuple[subprocess.Popen[str], IO[str]]]":
    """Begin a module that hears SIGTERM; yield it, and its output, when it does."""
    with begin("python -m tasks.hear") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process, process.stdout


def server() -> psutil.Process:
    """Return the launcher's own process."""
    every = psutil.Process().children()
    (found,) = [each for each in every if str(launcher.SERVER) in each.cmdline()]
    return found


def test_a_module_runs_as_by_python_and_finds_all_loaded(begin: Run, launching: Path) -> None:
    here = {"word": "a b", "folder": str(launching), "name": "__main__", "shell": SHELL}
    by_launcher = here | {"words": ["--split", "0"], "launched": True, "loaded": True}
    assert told(begin("python -m tasks.tell --split 0")) == by_launcher
    assert told(begin("python -m tasks.tell --split 0\n")) == by_launcher
    (launching / "tasks" / "tell.py").write_text("print('[\"now\"]')")
    assert told(begin("python -m tasks.tell")) == ["now"]


@pytest.mark.parametrize(
    "command", ['python -m tasks.tell "$WORD"', "python -m tasks.tell 'a b' | cat"]
)
def test_what_needs_a_shell_gets_one(command: str, begin: Run, launching: Path) -> None:
    answer = told(begin(command))
    assert (answer["words"], answer["launched"], answer["loaded"]) == (["a b"], False, False)
    assert answer["shell"] == SHELL


def test_without_a_launcher_it_is_a_shell(begin: Run, tmp_path: Path) -> None:
    assert told(begin("python -m tasks.tell"))["launched"] is False
    with launcher.started(tmp_path, os.environ):
        assert until((tmp_path / ".locks" / "launcher").is_socket)
    assert (tmp_path / ".locks" / "launcher").is_socket()  # as a killed one leaves it, too
    assert told(begin("python -m tasks.tell"))["launched"] is False
    with launcher.started(tmp_path, os.environ):
        assert until(lambda: told(begin("python -m tasks.tell"))["launched"])


def test_it_ends_as_the_module_does(begin: Run, launching: Path) -> None:
    killed, bad = begin("python -m tasks.end"), begin("python -m tasks.bad")
    assert (killed.communicate()[0], killed.returncode) == ("", -signal.SIGKILL)
    assert (bad.communicate()[0], bad.returncode) == ("error: no such row\n", 1)
    missing = begin("python -m tasks.none")
    assert "No module named tasks.none" in missing.communicate()[0].splitlines()[-1]
    assert missing.returncode == 1


def test_a_group_that_is_asked_to_stop_is_waited_for(begin: Run, launching: Path) -> None:
    with hearing(begin) as (asked, out):
        os.killpg(asked.pid, signal.SIGTERM)
        assert out.read() == "kept\n"
    assert asked.returncode == 130


def test_a_killed_group_leaves_nothing(begin: Run, launching: Path) -> None:
    with hearing(begin) as (killed, out):
        os.killpg(killed.pid, signal.SIGKILL)
        assert out.read() == ""  # nobody holds it open any more


def test_a_killed_launcher_takes_nothing_with_it(begin: Run, launching: Path) -> None:
    with hearing(begin) as (asked, out):
        server().kill()
        assert told(begin("python -m tasks.tell"))["launched"] is False
        os.killpg(asked.pid, signal.SIGTERM)
        assert out.read() == "kept\n"
    assert asked.returncode == 130


def test_it_is_usable_without_gpus_where_its_shell_may_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "gpus", lambda: ())
    assert launcher.usable()
    monkeypatch.setattr(slots, "gpus", lambda: ("7",))
    assert not launcher.usable()
    monkeypatch.setattr(slots, "gpus", lambda: ())
    (tmp_path / "shell.py").touch(0o644)
    monkeypatch.setattr(launcher, "SHELL", tmp_path / "shell.py")
    assert not launcher.usable()


@pytest.mark.slow
def test_it_has_one_thread_and_a_module_as_many_as_it_is_given(
    begin: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the modules of stages
    (tmp_path / "tasks" / "count.py").write_text(
        "import os, sys\nloaded = 'mlflow' in sys.modules\nimport torch\n"
        "print([loaded, torch.get_num_threads()])"
    )
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    with launcher.started(tmp_path, os.environ):
        assert until((tmp_path / ".locks" / "launcher").is_socket)
        said, _ = begin("python -m tasks.count").communicate()
        assert server().num_threads() == 1
    assert said == "[True, 3]\n"
