"""A flow that ends, however it ends, ends its stages."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL

from tests.waiting import until

FLOW = """
import os, signal, sys
from contextlib import nullcontext
from pathlib import Path
from prefect import flow
from flows import execute, graph, server

@flow
def small():
    root = Path(sys.argv[1])
    return execute.walk(root, graph.stages(root))

# As in a terminal: what a script starts in its background ignores SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)
with nullcontext() if "PREFECT_API_URL" in os.environ else server.reached():
    small()
"""
# Like a training: it notes that it was asked to stop, then takes a moment to keep its state.
STAGES = """
stages:
  train:
    cmd: sh ./train.sh
    outs: [network]
  evaluate:
    cmd: touch evaluated
    deps: [network]
"""
TRAIN = (
    "trap 'sleep 1; echo kept > kept; exit 130' TERM; echo $$ > pid; while :; do sleep 0.1; done"
)

pytestmark = pytest.mark.usefixtures("prefect_server")


@contextmanager
def flow_in_training(root: Path, *, own: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """Start a flow in a process of its own; yield it when its stage is under way.

    ``own``: with a server of its own, as without ``PREFECT_API_URL``.
    """
    (root / "train.sh").write_text(TRAIN)
    env = os.environ | ({} if own else {"PREFECT_API_URL": str(PREFECT_API_URL.value())})
    with subprocess.Popen([sys.executable, "-c", FLOW, str(root)], env=env) as process:
        try:
            assert until((root / "pid").exists, 240)
            yield process
        finally:
            process.kill()


def stage_is_gone(root: Path) -> bool:
    pid = int((root / "pid").read_text())
    return until(lambda: not Path(f"/proc/{pid}").exists())


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_lets_the_stage_keep_its_state(
    number: signal.Signals, own: bool, project: Callable[[str], Path]
) -> None:
    root = project(STAGES)
    with flow_in_training(root, own=own) as process:
        process.send_signal(number)
        assert process.wait(40) != 0  # a server that is gone is asked for over a minute
    assert stage_is_gone(root)
    assert (root / "kept").read_text() == "kept\n"
    assert not (root / "evaluated").exists()


def test_killed_it_takes_the_stage_along(project: Callable[[str], Path]) -> None:
    root = project(STAGES)
    with flow_in_training(root) as process:
        process.kill()
    assert stage_is_gone(root)
    assert not (root / "evaluated").exists()
