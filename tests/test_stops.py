"""A command hears SIGINT and SIGTERM from its first import on."""

import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from mtdnet.errors import status

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    str(file.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__main__")
    for package in ("mtdnet", "tasks", "flows")
    for file in (ROOT / package).rglob("*.py")
    if file.name == "__main__.py" or '__name__ == "__main__"' in file.read_text()
)
SLOW = re.compile(r"\| +(numpy|pydantic|pyarrow|torch|mlflow|prefect|dvc|tqdm)$", re.MULTILINE)


def hears(process: subprocess.Popen[str]) -> bool:
    """Tell whether a process catches SIGTERM, which Python by itself doesn't."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)", status, re.MULTILINE)
    return bool(caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


def stopped(words: list[str], number: signal.Signals, after: float, folder: Path) -> str:
    """Send a signal some seconds after a command can hear it; return what it said.

    Again where the command was over before it came.
    """
    for _ in range(20):
        with subprocess.Popen(
            ["env", "--default-signal=INT", *words],  # a shell's background job ignores it
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "MTDNET_DEVICE": "cpu"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            while process.poll() is None and not hears(process):
                time.sleep(0.001)
            time.sleep(after)
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
        assert "Traceback" not in said, said
        if process.returncode not in (0, 2):
            break
    assert process.returncode == 130, said
    return said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("module", MODULES)
def test_nothing_slow_is_imported_before_a_stop_is_heard(
    module: str, number: signal.Signals, tmp_path: Path
) -> None:
    said = stopped([sys.executable, "-X", "importtime", "-m", module], number, 0, tmp_path)
    assert said.endswith("stopped\n")
    assert not SLOW.search(said.partition("mtdnet.interrupt")[0])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("after", [0.05, 0.2, 0.4, 0.7, 1.0])
@pytest.mark.parametrize("script", [True, False])
def test_stopped_at_any_moment_a_command_says_one_line(
    script: bool, after: float, number: signal.Signals, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "params.yaml")  # which nobody writes to: it waits there
    way = [str(Path(sys.executable).with_name("mtdnet"))] if script else ["-m", "mtdnet"]
    words = [sys.executable, *way, "ingest", "--benchmark", "viper"]
    assert re.fullmatch("stopped.*\n", stopped(words, number, after, tmp_path))


def test_stopped_while_a_class_is_made_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    class Stopping:
        def __set_name__(self, owner: type, name: str) -> None:
            raise KeyboardInterrupt

    def work() -> None:
        type("Made", (), {"it": Stopping()})

    assert status(work) == 130
    assert capsys.readouterr().err.startswith("stopped; ")
    with pytest.raises(RuntimeError, match="another"):
        status(partial(_raise, RuntimeError("another")))


STOP = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
HELD = f"""
try:
    {STOP}
    seen = sum(range(1_000))  # the signal would be raised by now
except BaseException as problem:  # what C code makes of it, of an array's import say
    raise ImportError("a failure of its own") from problem
"""
LOST = f"""
import time
class Held:
    def __del__(self):
        {STOP}
        sum(range(1_000))
Held()
time.sleep(60)
"""


@pytest.mark.parametrize(("held", "work"), [(HELD, "import held"), ("", LOST)])
def test_stopped_where_it_cannot_be_raised_it_stops_soon_after(
    held: str, work: str, tmp_path: Path
) -> None:
    (tmp_path / "held.py").write_text(held)
    (tmp_path / "work.py").write_text(
        f"import sys\nfrom mtdnet.errors import status\n"
        f"def work():\n    exec({work!r}, {{}})\n    import time; time.sleep(60)\n"
        "sys.exit(status(work))\n"
    )
    ended = subprocess.run(
        [sys.executable, "work.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert ended.stderr.startswith(b"stopped") and ended.stderr.count(b"\n") == 1
    assert ended.returncode == 130


def _raise(problem: Exception) -> None:
    raise problem


def test_stopped_in_the_exec_of_a_text_the_status_is_ours(tmp_path: Path) -> None:
    text = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    (tmp_path / "work.py").write_text(
        f"import sys\nfrom mtdnet.errors import status\nsys.exit(status(lambda: exec({text!r})))\n"
    )
    ended = subprocess.run(
        ["env", "--default-signal=INT", sys.executable, "-m", "work"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 130 and ended.stderr.startswith(b"stopped")
