"""Prefect's server: unreachable in one line, and an embedded one never outlives its flow."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from flows import leftovers, server
from flows.environment import ROOT
from mtdnet.errors import InputError
from tests.waiting import until

# As the commands run a flow; its stage never ends.
HOLDER = """
import sys
from pathlib import Path
from prefect import flow, tags
from prefect.settings import PREFECT_API_URL
from flows import leftovers, pipeline, plan, server
from flows.graph import stages

root = Path(sys.argv[1])
plan.make = lambda root, benchmark: plan.Plan(stages(root), [])

@flow
def small():
    return pipeline.run(root)

with server.reached(), tags(leftovers.place(root)):
    print(PREFECT_API_URL.value(), flush=True)
    print(small(return_state=True).message)
"""


def test_a_server_that_is_not_there_is_one_line() -> None:
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(InputError, match=r"http://127\.0\.0\.1:9/api doesn't answer") as caught,
        server.reached(),
    ):
        pass
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("prefect_server")
def test_a_wrong_password_is_one_line() -> None:
    with server.reached():
        pass
    with (
        temporary_settings({PREFECT_API_AUTH_STRING: "mtdnet:wrong"}),
        pytest.raises(InputError, match="refuses the password"),
        server.reached(),
    ):
        pass


def start(root: Path, home: Path) -> tuple[subprocess.Popen[str], str]:
    """Start a flow with an embedded server; return it and the server's address when it answers."""
    kept = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)],
        cwd=ROOT,
        env=kept
        | {"PREFECT_HOME": str(home), "PREFECT_SERVER_API_AUTH_STRING": "a:b"}
        | {"PREFECT_API_AUTH_STRING": "a:b"},
        stdout=subprocess.PIPE,
        stderr=(root / "err").open("w"),
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def gone(url: str) -> bool:
    try:
        httpx.get(f"{url}/health", timeout=5)
    except httpx.ConnectError:
        return True
    except httpx.HTTPError:
        pass
    return False


@pytest.mark.slow
def test_a_killed_flow_leaves_no_server_and_the_next_says_that_it_crashed(
    project: Callable[[str], Path], tmp_path: Path
) -> None:
    root, home = project("stages: {one: {cmd: ./one.sh, outs: [one]}}"), tmp_path / "prefect"
    script = root / "one.sh"
    script.write_text("#!/bin/sh\ntouch begun; sleep 600\n")
    script.chmod(0o755)
    first, url = start(root, home)
    with first:
        assert until((root / "begun").exists)
        first.kill()
    assert until(lambda: gone(url))

    script.write_text("#!/bin/sh\ntouch one; while ! test -e seen; do sleep 0.1; done\n")
    second, url = start(root, home)
    with second:
        assert until((root / "one").exists)
        with (
            temporary_settings({PREFECT_API_URL: url, PREFECT_API_AUTH_STRING: "a:b"}),
            get_client(sync_client=True) as client,
        ):
            # Prefect records a task's run a moment late.
            assert until(lambda: "Running" in [t.state_name for t in client.read_task_runs()])
            runs = client.read_flow_runs()
            tasks = client.read_task_runs()
        (root / "seen").touch()  # it ends, whatever is found wrong here
        assert sorted(str(run.state_name) for run in runs) == ["Crashed", "Running"]
        # That of the killed flow may never have been recorded.
        assert sorted(str(task.state_name) for task in tasks)[-2:] in (
            ["Crashed", "Running"],
            ["Running"],
        )
        assert all(leftovers.place(root) in run.tags for run in runs)
        assert second.stdout is not None
        assert second.stdout.read() == "1 Ran\n"
    assert second.returncode == 0
    assert until(lambda: gone(url))


@pytest.mark.slow
def test_a_killed_server_is_one_line_and_the_stage_keeps_its_state(
    project: Callable[[str], Path], tmp_path: Path
) -> None:
    root, home = project("stages: {one: {cmd: sh one.sh, outs: [one]}}"), tmp_path / "prefect"
    (root / "one.sh").write_text(
        "trap 'sleep 1; echo kept > kept; exit 130' TERM; touch begun; while :; do sleep 0.1; done"
    )
    flow, _ = start(root, home)
    with flow:
        try:
            assert until((root / "begun").exists)
            (own,) = (
                process
                for process in children(f"PREFECT_HOME={home}".encode())
                if b"prefect.server" in Path(f"/proc/{process}/cmdline").read_bytes()
            )
            os.kill(own, signal.SIGKILL)
            assert flow.wait(60) == 1
        finally:
            flow.kill()
    told = [line for line in (root / "err").read_text().splitlines() if " | INFO " not in line]
    assert told == ["error: Prefect's server is gone (it was killed); the same command continues"]
    assert (root / "kept").read_text() == "kept\n"


@pytest.mark.slow
def test_asked_to_stop_while_its_server_starts_it_takes_that_along(
    project: Callable[[str], Path], tmp_path: Path
) -> None:
    root = project("stages: {one: {cmd: sleep 600, outs: [one]}}")
    code = "from flows import server\nwith server.reached(): pass"
    kept = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=kept | {"PREFECT_HOME": str(root)}
    ) as process:
        mark = f"PREFECT_HOME={root}".encode()

        def servers() -> list[int]:
            return [pid for pid in children(mark) if pid != process.pid]

        assert until(lambda: bool(servers()))
        process.send_signal(signal.SIGTERM)
    assert until(lambda: not servers())


def children(mark: bytes) -> list[int]:
    """Return the processes whose environment has ``mark``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found
