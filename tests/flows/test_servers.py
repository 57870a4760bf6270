"""Real servers as `make` starts them: a schedule fires, and a stranger's page gets nowhere."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.servers import answers, free_port, running
from benchmarks.team import make
from flows.environment import ROOT

FLOW = """
from pathlib import Path
from prefect import flow
from flows import execute, graph

@flow
def small(benchmark: str = ""):
    root = Path(__file__).resolve().parent
    return execute.walk(root, graph.stages(root))
"""
DEPLOYMENT = """
name: small
deployments:
  - name: often
    entrypoint: small.py:small
    work_pool: {name: flows}
    schedules: [{cron: "* * * * * */5"}]
"""
EVIL = "http://evil.example"
# What runs a command: a deployment whose job variables name one.
BODY = json.dumps({"name": "evil", "type": "process", "base_job_template": {}})
PLAIN = {"content-type": "text/plain"}
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}

pytestmark = pytest.mark.slow


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return what a user's shell has, with a Prefect of its own."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT")}
    return ours | {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PYTHONPATH": str(ROOT),
    }


def test_schedule_fires_and_a_page_gets_nowhere(
    project: Callable[[str], Path], tmp_path: Path, environment: dict[str, str]
) -> None:
    root = project("stages: {one: {cmd: echo done > one, outs: [one]}}")
    (root / "small.py").write_text(FLOW)
    (root / "prefect.yaml").write_text(DEPLOYMENT)
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    env = environment | {"PREFECT_SERVER_API_PORT": str(port)}
    here = f"SERVER=PREFECT_API_URL={api}"
    logs = tmp_path / "server.log", tmp_path / "worker.log"
    with running(make("prefect"), root, env, logs[0]) as server:
        assert answers(server, f"{api}/health"), logs[0].read_text()
        password = tmp_path / "prefect" / "password"
        assert password.stat().st_mode & 0o777 == 0o600
        done = subprocess.run(
            make(here, "deploy"), cwd=root, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        second = subprocess.run(
            make("prefect"), cwd=root, env=env, capture_output=True, text=True, check=False
        )
        assert second.returncode != 0
        assert f"Port {port} is already in use" in second.stdout + second.stderr
        with running(make(here, "worker"), root, env, logs[1]):
            friend = client(api, password)
            run = completed(friend)
            assert run is not None, logs[1].read_text()
        pools = friend.post("/work_pools/filter", json={}).json()
        for answer in attacks(f"{api}/work_pools/", f"{api}/csrf-token?client=evil"):
            assert answer.status_code in (400, 401, 403), answer.request
            assert answer.headers.get("access-control-allow-origin") not in ("*", EVIL)
        assert friend.post("/work_pools/filter", json={}).json() == pools
        assert sorted(pool["name"] for pool in pools) == ["cpu", "flows", "gpu"]
    assert run["auto_scheduled"]
    assert run["state"]["message"] in ("1 Ran", "1 UpToDate")
    assert (root / "one").read_text() == "done\n"
    assert password.read_text().strip() not in logs[0].read_text() + logs[1].read_text()


def test_a_page_gets_nowhere_with_mlflow(tmp_path: Path, environment: dict[str, str]) -> None:
    port, log = free_port(), tmp_path / "mlflow.log"
    (tmp_path / ".mlflow").mkdir()
    environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{tmp_path / '.mlflow' / 'mlflow.db'}"
    api = f"http://127.0.0.1:{port}"
    create = f"{api}/api/2.0/mlflow/experiments/create"
    with running(make(f"PORT={port}", "mlflow"), tmp_path, environment, log) as server:
        assert answers(server, f"{api}/health"), log.read_text()
        for answer in attacks(create, f"{api}/api/2.0/mlflow/experiments/get?experiment_id=0"):
            assert answer.status_code in (400, 403), answer.request
            assert answer.headers.get("access-control-allow-origin") not in ("*", EVIL)
        search = f"{api}/api/2.0/mlflow/experiments/search"
        found = httpx.post(search, json={"max_results": 9}, timeout=30).json()
        assert [each["name"] for each in found["experiments"]] == ["Default"]
        assert httpx.post(create, content=BODY, headers=JSON, timeout=30).is_success


def attacks(change: str, read: str) -> Iterator[httpx.Response]:
    """Yield the answers to what a page of another origin, or of a rebound name, can send."""
    ask = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    with httpx.Client(timeout=30) as page:
        yield page.options(change, headers={"origin": EVIL} | ask)
        for origin in (EVIL, "null"):
            for kind in (PLAIN, JSON, FORM):
                yield page.post(change, content=BODY, headers=kind | {"origin": origin})
        rebound = {"host": f"evil.example:{httpx.URL(change).port}"}
        yield page.post(change, content=BODY, headers=JSON | rebound)
        yield page.get(read, headers=rebound)
        yield page.get(read, headers={"host": "10.evil.example"})


def client(api: str, password: Path) -> httpx.Client:
    """Return a client that has the password, and a token as the page gets one."""
    user, _, word = password.read_text().strip().partition(":")
    made = httpx.Client(base_url=api, auth=(user, word), timeout=30)
    token = made.get("/csrf-token", params={"client": "friend"}).json()["token"]
    made.headers.update({"Prefect-Csrf-Client": "friend", "Prefect-Csrf-Token": token})
    return made


def completed(friend: httpx.Client) -> dict[str, Any] | None:
    """Wait for a completed flow run; None when none comes for two minutes."""
    query = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}, "limit": 1}
    for _ in range(240):
        found = friend.post("/flow_runs/filter", json=query).json()
        if found:
            run: dict[str, Any] = found[0]
            return run
        time.sleep(0.5)
    return None
