"""A second flow on the same folder waits, and says for whom."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from flows import workspace

HOLDER = """
import sys
from pathlib import Path
from flows import workspace
with workspace.held(Path(sys.argv[1]), print):
    with workspace.held(Path(sys.argv[1]), print):
        pass
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_waits_until_the_first_ends_or_dies(tmp_path: Path) -> None:
    assert workspace.holder(tmp_path) is None
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        who = workspace.holder(tmp_path)
        assert who is not None
        assert f"(process {first.pid}, since " in who
        said: list[str] = []

        def say(line: str) -> None:
            said.append(line)
            first.kill()

        with workspace.held(tmp_path, say) as killed:
            assert said == [f"waits for {who}"]
            assert killed
    assert workspace.holder(tmp_path) is None


def test_one_that_ended_by_itself_was_not_killed(tmp_path: Path) -> None:
    with suppress(KeyboardInterrupt), workspace.held(tmp_path, print):
        raise KeyboardInterrupt
    with workspace.held(tmp_path, print) as killed:
        assert not killed
