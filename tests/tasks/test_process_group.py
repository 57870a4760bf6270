"""A group ends with whoever started it, however that ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.process_group import Group

# A child that outlives a killed parent unless somebody kills it too; it ignores polite requests.
FAMILY = "trap '' TERM; sleep 600 & echo $!; wait"
HOLDER = """
import os, sys
from pathlib import Path
from tasks.process_group import Group
group = Group(["/bin/sh", "-c", sys.argv[1]], folder=Path("."), env=dict(os.environ))
for line in group:
    print(line, flush=True)
"""


def gone(process: int) -> bool:
    """Wait until a process is no more, or only a zombie; False after some seconds."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


def test_lines_and_status(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "printf 'a\\rb\\n'; echo $WORD >&2; pwd; exit 3"]
    with Group(command, folder=tmp_path, env={"WORD": "c"}) as group:
        assert list(group) == ["a", "b", "c", str(tmp_path.resolve())]
        assert group.wait() == 3


def test_close_kills_the_whole_family(tmp_path: Path) -> None:
    with Group(["/bin/sh", "-c", FAMILY], folder=tmp_path, env=dict(os.environ)) as group:
        child = int(next(iter(group)))
        os.kill(child, 0)
    assert gone(child)


def test_close_kills_the_family_whose_watcher_was_killed(tmp_path: Path) -> None:
    with Group(["/bin/sh", "-c", FAMILY], folder=tmp_path, env=dict(os.environ)) as group:
        child = int(next(iter(group)))
        os.kill(os.getpgid(child), signal.SIGKILL)
        time.sleep(0.1)
        os.kill(child, 0)
    assert gone(child)


def test_family_dies_with_a_killed_holder() -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, FAMILY], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    with holder.stdout:
        child = int(holder.stdout.readline())
    os.kill(child, 0)
    holder.kill()
    holder.wait()
    assert gone(child)


def test_missing_command_leaves_no_watcher(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Group(["/no/such/command"], folder=tmp_path, env={})
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert all(Path(f"/proc/{child}/comm").read_text() != "sh\n" for child in children)
