"""The Prefect task that runs one stage through DVC, which alone decides if it has to run."""

import os
import re
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from prefect import get_run_logger, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed, Failed
from prefect.tasks import Task

from mtdnet.errors import Stopped
from tasks import dvc_lock
from tasks.bar import Bar
from tasks.process_group import Groups
from tasks.slots import slot
from tasks.tally import Tally

BAR_SECONDS = 10.0
RETRY_SECONDS = [2.0, 10.0]
FINAL_STATUS = (2, 126, 127)  # bad input; a command that can't be run
# What DVC does for a stage: in this folder; on a worker, with all that it builds on; and in this
# folder with what a worker has pushed. `--pull` fetches the run cache too.
Way = Literal["here", "worker", "gather"]
COMMANDS: dict[Way, tuple[tuple[str, ...], ...]] = {
    "here": (("repro", "-s"),),
    "worker": (("repro", "--pull"), ("push", "--run-cache", "--with-deps")),
    "gather": (("repro", "-s", "--pull"),),
}
# of what is gathered, DVC would run what it doesn't find: its command fails at once
NO_SHELL = {"SHELL": "false"}
WORDS = {
    "Running stage '{}'": "Ran",
    "'{}' is cached - skipping run": "FromRunCache",
    "'{}' didn't change, skipping": "UpToDate",
}
# DVC says after each stage how to add the lock to git
HINT = re.compile(r"To track the|\tgit add|To enable auto|\tdvc config|Use `dvc push`")
BLOCKER = re.compile(r"^ *\(PID (\d+)\): (.*)$", re.MULTILINE)  # after "is busy"
POLL_SECONDS = 1.0
PASSING = re.compile(r"lock|busy|temporar|timed out|connect", re.IGNORECASE)


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
def run_stage(
    root: Path,
    stage: str,
    groups: Groups,
    tally: Tally | None = None,
    *,
    gpu: bool = False,
    alone: bool = False,
    way: Way = "here",
    env: Mapping[str, str] | None = None,
) -> State[None]:
    """Run DVC's commands of a ``way`` on one stage of the project at ``root``.

    Its upstream ones stay as they are, but on a worker. It runs as one of ``groups``, with ``env``
    besides its ``environment``; its lines go to the run's log as they come; when this process ends,
    so do DVC and its command. Returns Completed as ``Ran``, ``UpToDate`` or ``FromRunCache``; or
    Failed, its message one line that tells why: as ``Failed`` when another attempt may succeed (a
    crash, a killed process, a lock), else as ``BadInput``; or as ``Stopped`` with the flow.
    """
    logger = get_run_logger()
    try:
        while True:
            with slot(root, gpu=gpu, alone=alone, stop=groups.stopped) as room:
                status, lines = _repro(root, stage, groups, tally, {**(env or {}), **room}, way)
            if status == 0 or not (blockers := BLOCKER.findall("\n".join(lines))):
                break
            logger.info(f"{stage}: waits for {blockers[0][1]} (process {blockers[0][0]})")
            _wait(root, [int(process) for process, _ in blockers], groups)
    except Stopped as stopped:
        return Failed(name="Stopped", message=f"{stage}: {stopped}")
    if status != 0 and groups.stopped.is_set():
        return Failed(name="Stopped", message=f"{stage}: stopped")
    if status != 0:
        name, cause = _failure(status, lines, root)
        if way == "gather" and f"Running stage '{stage}':" in lines:
            name, cause = "Failed", "DVC's remote lacks what a worker made; run it again"
        return Failed(name=name, message=f"{stage}: {cause}")
    found = (WORDS[words] for line in lines for words in WORDS if words.format(stage) in line)
    name = next(found, "Ran")
    if tally and not tally.live:
        logger.info(tally.line())
    return Completed(name=name, message=f"{stage}: {name}")


def _repro(
    root: Path, stage: str, groups: Groups, tally: Tally | None, room: Mapping[str, str], way: Way
) -> tuple[int, list[str]]:
    """Run DVC on a stage in the room that it has; return its exit status and its lines."""
    logger = get_run_logger()
    lines: list[str] = []
    own = tally or Tally([stage])  # which nobody looks at
    env = {**environment(), **(NO_SHELL if way == "gather" else {}), **room}
    logger.info(f"{stage}: runs in {socket.gethostname()}:{root}{_told(room)}")
    begun = time.monotonic()
    with own.running(stage):
        for words in COMMANDS[way]:
            command = [sys.executable, "-m", "dvc", "--wait-for-lock", *words, stage]
            with groups.start(command, folder=root, env=env) as group:
                for line in _words(group, stage, own):
                    logger.info(line)
                    lines.append(line)
                if (status := group.wait()) != 0:
                    return status, lines
    own.ended(stage, time.monotonic() - begun)
    return 0, lines


def _told(room: Mapping[str, str]) -> str:
    """Return what a slot gives a stage, in words."""
    if gpu := room.get("CUDA_VISIBLE_DEVICES"):
        return f", GPU {gpu}"
    return f", threads: {threads}" if (threads := room.get("OMP_NUM_THREADS")) else ""


def _wait(root: Path, processes: Sequence[int], groups: Groups) -> None:
    """Wait until processes that hold what a stage needs, by DVC's list, let go of it or end."""
    while not groups.stopped.wait(POLL_SECONDS):
        dvc_lock.heal(root)
        if not any(dvc_lock.holds(root, process) for process in processes):
            return


def _words(lines: Iterable[str], stage: str, tally: Tally) -> Iterator[str]:
    """Yield lines that say something; of progress bars, in words, one now and then.

    None of them where ``tally`` is on a terminal, which shows each.
    """
    last = time.monotonic()
    for line in filter(None, lines):
        if HINT.match(line):
            continue
        if not (bar := Bar.read(line)):
            yield line
            continue
        tally.show(stage, bar)
        if not tally.live and time.monotonic() - last >= BAR_SECONDS:
            last = time.monotonic()
            yield bar.line()


def environment() -> dict[str, str]:
    """Return what a stage inherits: this Python first, unbuffered lines, the flow run's id.

    Not the password of Prefect's server.
    """
    mine = {key: value for key, value in os.environ.items() if "AUTH_STRING" not in key}
    return mine | {
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
        return "BadInput", f"{missing[1]} is missing; {_advice(missing[1])}"
    if ended := re.search(r"exited with (-?\d+)", final):
        last = next(
            (line for line in reversed(said) if line.startswith("error: ")), (said or [final])[-1]
        )
        name = "BadInput" if int(ended[1]) in FINAL_STATUS else "Failed"
        return name, f"{last.removeprefix('error: ')} (exit status {ended[1]})"
    name = "Failed" if status < 0 or PASSING.search(final) else "BadInput"
    return name, final.removeprefix("ERROR: ") or f"DVC ended with status {status}"


def _advice(path: str) -> str:
    """Return how to get missing data back, which touches nothing that is there.

    By the time that DVC misses a part of ``data``, data.dvc tells of what is left.
    """
    if path == "data":
        return "put it there; the drawn one: `dvc pull -r demo data`"
    return f"put it there; the drawn one: `dvc get . {path} --rev HEAD --remote demo -o {path}`"
