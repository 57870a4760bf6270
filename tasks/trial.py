"""One trial of a search: the stages of a network, in a copy of the project that DVC makes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from dvc.api import DVCFileSystem

from mtdnet import steps
from mtdnet.artifacts import TrainingRecord
from mtdnet.errors import InputError
from mtdnet.steps import Network
from tasks import dvc_command
from tasks.process_group import Group
from tasks.slots import slot

PATIENCE_SECONDS = 60.0  # for a training to end its step, and DVC to take its copy away
LOOK_SECONDS = 5.0  # between looks at how a trial goes
OUTSIDE_GIT = ("weights", "splits")  # folders whose files stages read, in git or not


class Pruned(Exception):  # noqa: N818 - no error: hopeless
    """A trial was given up."""


class Failed(Exception):  # noqa: N818 - the study goes on
    """A trial failed; its line tells why."""


def run(
    root: Path,
    stage: str,
    name: str,
    overrides: Mapping[str, object],
    env: Mapping[str, str],
    hopeless: Callable[[], bool],
) -> None:
    """Bring a stage and what it builds on up to date as DVC's experiment ``name``.

    The project's own folders stay as they are; what has been computed before is taken from DVC's
    cache. Raises Pruned as soon as ``hopeless`` says so, Failed when a stage fails.
    """
    with suppress(InputError):  # there is one where a study was begun anew
        dvc_command.call(root, name, "exp", "remove", name)
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", "exp", "run", "--temp"]
    command += ["--name", name]
    for file in _outside_git(root):
        command += ["--copy-paths", file]
    for key, value in overrides.items():
        command += ["--set-param", f"{key}={_written(value)}"]
    lines = [""]
    with slot(root, gpu=True, stop=threading.Event()) as room:
        mine = {**os.environ, "PYTHONUNBUFFERED": "1", **room, **env}
        with Group([*command, stage], folder=root, env=mine) as group:
            try:
                _follow(group, lines, hopeless)
            except BaseException:
                group.ask(signal.SIGINT)  # DVC takes its copy away
                _drain(group)
                raise
            if group.wait():
                said = [line for line in lines if line.startswith(("error: ", "ERROR: "))]
                raise Failed((said or lines)[0].partition(": ")[2] or lines[-1])


def _follow(group: Group, lines: list[str], hopeless: Callable[[], bool]) -> None:
    looked = time.monotonic()
    for line in group:
        lines[:] = [*lines[-50:], line] if line else lines
        if time.monotonic() - looked > LOOK_SECONDS:
            looked = time.monotonic()
            if hopeless():
                raise Pruned


def _drain(group: Group) -> None:
    """Read what a group that was asked to end still says; kill it when it doesn't end."""
    timer = threading.Timer(PATIENCE_SECONDS, group.kill)
    timer.start()
    for _ in group:
        pass
    timer.cancel()


def reached(root: Path, name: str, network: Network) -> float:
    """Return the validation rank-1, in [0, 1], of a network of the experiment ``name``."""
    place = steps.model(*network) / TrainingRecord.FILE
    try:
        content = DVCFileSystem(str(root), rev=name).read_bytes(place.as_posix())
    except Exception as problem:  # of DVC, git or the file system
        line = " ".join(str(problem).split())
        raise InputError(f"experiment {name}: no {place} ({line})") from None
    return TrainingRecord.model_validate_json(content).validation_rank1


def _outside_git(root: Path) -> Sequence[str]:
    """Return files that DVC's copy of the project would lack, and stages may read."""
    command = ["git", "ls-files", "--others", "--", *OUTSIDE_GIT]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def _written(value: object) -> str:
    """Return a value as YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
