"""A real server, a real worker: a deployment's cron schedule fires, and its flow runs."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from flows.environment import ROOT

FLOW = """
from pathlib import Path
from prefect import flow
from flows import graph
from flows.execute import Execution

@flow
def small():
    root = Path(__file__).resolve().parent
    return Execution(root).walk(graph.stages(root))
"""
DEPLOYMENT = """
name: small
deployments:
  - name: often
    entrypoint: small.py:small
    work_pool: {name: gpu}
    schedules: [{cron: "* * * * * */5"}]
"""


def prefect(*words: str) -> list[str]:
    return [sys.executable, "-m", "flows", "prefect", *words]


@contextmanager
def running(command: list[str], folder: Path, env: dict[str, str], log: Path) -> Iterator[None]:
    """Keep a command running, in a process group that ends with the block."""
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=stream, stderr=stream, process_group=0
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def test_cron_schedule_fires(project: Callable[[str], Path], tmp_path: Path) -> None:
    root = project("stages: {one: {cmd: echo done > one, outs: [one]}}")
    (root / "small.py").write_text(FLOW)
    (root / "prefect.yaml").write_text(DEPLOYMENT)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    api = f"http://127.0.0.1:{port}/api"
    env = os.environ | {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_API_URL": api,
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PYTHONPATH": str(ROOT),
    }
    server = prefect("server", "start", "--host", "127.0.0.1", "--port", str(port))
    worker = prefect("worker", "start", "--pool", "gpu", "--limit", "1")
    logs = tmp_path / "server.log", tmp_path / "worker.log"
    with running(server, root, env, logs[0]):
        assert answers(f"{api}/health"), logs[0].read_text()
        for words in (
            ("work-pool", "create", "gpu", "--type", "process", "--overwrite"),
            ("--no-prompt", "deploy", "--all"),
        ):
            done = subprocess.run(
                prefect(*words), cwd=root, env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
        with running(worker, root, env, logs[1]):
            run = completed(api)
            assert run is not None, logs[1].read_text()
    assert run["auto_scheduled"]
    assert run["state"]["message"] in ("1 Ran", "1 UpToDate")
    assert (root / "one").read_text() == "done\n"


def answers(url: str) -> bool:
    """Wait until a server answers; False when it doesn't for two minutes."""
    for _ in range(240):
        try:
            if httpx.get(url, timeout=5).status_code == httpx.codes.OK:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    return False


def completed(api: str) -> dict[str, dict[str, str]] | None:
    """Wait for a completed flow run; None when none comes for two minutes."""
    query = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}, "limit": 1}
    for _ in range(240):
        found = httpx.post(f"{api}/flow_runs/filter", json=query, timeout=30).json()
        if found:
            run: dict[str, dict[str, str]] = found[0]
            return run
        time.sleep(0.5)
    return None


def test_deployments_of_the_project_name_its_flows() -> None:
    told = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    entries = {each["name"]: each for each in told["deployments"]}
    assert {each["entrypoint"] for each in entries.values()} == {
        "flows.reproduce.reproduce",
        "flows.target.target",
    }
    assert all(each["work_pool"]["name"] == "gpu" for each in entries.values())
    (weekly,) = entries["weekly"]["schedules"]
    minute, hour, day, month, weekday = weekly["cron"].split()
    assert (day, month) == ("*", "*")
    assert minute.isdigit() and hour.isdigit() and weekday.isdigit()
