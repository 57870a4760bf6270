"""The Prefect task that runs one stage through DVC, which alone decides if it has to run."""

import os
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from prefect import get_run_logger, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed, Failed
from prefect.tasks import Task

from tasks.process_group import Group
from tasks.slots import slot

GRACE_SECONDS = 30.0  # for a training to finish its step and write its checkpoint
BAR = re.compile(r"\d+%\|.*\[")  # a progress bar: in a log, a line each time it is drawn
BAR_SECONDS = 10.0
RETRY_SECONDS = [2.0, 10.0]
FINAL_STATUS = (2, 126, 127)  # bad input; a command that can't be run
WORDS = {
    "Running stage": "Ran",
    "is cached - skipping run": "FromRunCache",
    "didn't change, skipping": "UpToDate",
}
# DVC says after each stage how to add the lock to git
# by the time that DVC misses it, data.dvc tells of what is left
RESTORE = "restore it: `git checkout data.dvc` and `dvc pull -r demo data`"
HINT = re.compile(r"To track the|\tgit add|To enable auto|\tdvc config|Use `dvc push`")
PASSING = re.compile(r"lock|busy|temporar|timed out|connection", re.IGNORECASE)

_stop = threading.Event()
_running: set[Group] = set()


def _may_pass(task: Task[..., object], run: TaskRun, state: State[object]) -> bool:
    return state.name == "Failed"


@task(
    name="stage",
    task_run_name="{stage}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=len(RETRY_SECONDS),
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=_may_pass,
)
def run_stage(root: Path, stage: str, *, gpu: bool = False) -> State[None]:
    """Run ``dvc repro`` on one stage of the project at ``root``, not on its upstream ones.

    Its lines go to the run's log as they come; when this process ends, so do DVC and its command.
    Returns Completed as ``Ran``, ``UpToDate`` or ``FromRunCache``; or Failed, its message one line
    that tells why: as ``Failed`` when another attempt may succeed (a crash, a killed process, a
    lock), else as ``BadInput``; or as ``Stopped`` with the flow.
    """
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "-s", stage]
    logger = get_run_logger()
    lines: list[str] = []
    with slot(root, gpu=gpu, stop=_stop) as extra:
        if _stop.is_set():
            return Failed(name="Stopped", message=f"{stage}: not started")
        with Group(command, folder=root, env=_environment() | extra) as group:
            _running.add(group)
            try:
                for line in _thinned(group):
                    logger.info(line)
                    lines.append(line)
                status = group.wait()
            finally:
                _running.discard(group)
    if _stop.is_set() and status != 0:
        return Failed(name="Stopped", message=f"{stage}: stopped")
    if status != 0:
        name, cause = _failure(status, lines, root)
        return Failed(name=name, message=f"{stage}: {cause}")
    name = next((WORDS[words] for line in lines for words in WORDS if words in line), "Ran")
    return Completed(name=name, message=f"{stage}: {name}")


def stop_all() -> None:
    """End all running stages: ask, wait for what they have to keep, then kill. For good."""
    _stop.set()
    for group in set(_running):
        group.terminate()
    end = time.monotonic() + GRACE_SECONDS
    while _running and time.monotonic() < end:
        time.sleep(0.1)
    for group in set(_running):
        group.kill()


def _thinned(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines that say something: of progress bars only one now and then, and the full ones."""
    shown = -BAR_SECONDS
    for line in filter(None, lines):
        if HINT.match(line):
            continue
        if BAR.search(line) and "100%|" not in line:
            if time.monotonic() - shown < BAR_SECONDS:
                continue
            shown = time.monotonic()
        yield line


def _environment() -> dict[str, str]:
    """Return what a stage inherits: this Python first, unbuffered lines, the flow run's id."""
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        "MTDNET_FLOW_RUN": str(runtime.flow_run.id or ""),
    }


def _failure(status: int, lines: Sequence[str], root: Path) -> tuple[str, str]:
    """Return the name of the Failed state and one line of what DVC and its command said."""
    final = next((line for line in reversed(lines) if line.startswith("ERROR: ")), "")
    final = final.replace(f"{root}/", "")
    said = [line for line in lines if not line.startswith("ERROR: ")]
    if missing := re.search(r"(?:'source': |dependency '|directory: ')(data\b[^', ]*)", final):
        return "BadInput", f"{missing[1]} is missing; {RESTORE}"
    if ended := re.search(r"exited with (-?\d+)", final):
        last = next(
            (line for line in reversed(said) if line.startswith("error: ")), (said or [final])[-1]
        )
        name = "BadInput" if int(ended[1]) in FINAL_STATUS else "Failed"
        return name, f"{last.removeprefix('error: ')} (exit status {ended[1]})"
    name = "Failed" if status < 0 or PASSING.search(final) else "BadInput"
    return name, final.removeprefix("ERROR: ") or f"DVC ended with status {status}"
