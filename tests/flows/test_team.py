"""A flow on workers that share a Prefect server, a DVC remote and MLflow's server, no folder."""

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from mlflow import MlflowClient
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling

from tests.chaos import kill, state
from tests.chaos.__main__ import PARAMS
from tests.flows.test_servers import answers, free_port, make, running
from tests.pipeline import project

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.timeout(3600)]

WORD = "mtdnet:word"
STEPS = "steps: 150"  # of the training in which a worker is killed
SOURCE = (  # alone, without a benchmark that starts from it
    PARAMS.replace("steps: 4", STEPS)
    .replace("layouts: {cuhk03: cuhk03, viper: viper}", "layouts: {cuhk03: cuhk03}")
    .replace("targets: [viper]", "targets: []")
    .replace(", viper: {}", "")
)
NAMES = ("home", "left", "right", "still")  # the coordinator, two workers, the undisturbed
HIDE = 'for place in $OTHERS; do mount -t tmpfs none "$place" || exit 1; done; exec "$@"'
FLOW = (sys.executable, "-m", "flows.reproduce")


class Team:
    """Clones of a project, each with state of its own and blind to the others; servers for all."""

    def __init__(self, room: Path) -> None:
        self.room, self.home = room, room / "home"
        self.prefect, self.mlflow = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        project.make(self.home, SOURCE, {"cuhk03": 30})
        shutil.copytree(self.home, room / "still")
        for name in ("remote", "servers"):
            (room / name).mkdir()
        self.git("clone", "-q", "--bare", ".", "../origin")
        self.git("remote", "add", "origin", "../origin")
        self.git("clone", "-q", "../origin", "../left")
        self.git("clone", "-q", "../origin", "../right")
        for name in ("home", "left", "right"):
            words = "remote", "add", "-q", "--local", "-d", "store", str(room / "remote")
            project.run(room / name, "dvc", *words)

    def git(self, *words: str) -> None:
        who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        subprocess.run(["git", *who, *words], cwd=self.home, check=True)

    def mark(self, name: str) -> str:
        return f"{self.room}/{name}"

    def env(self, name: str) -> dict[str, str]:
        """Return what a shell has on a machine of its own."""
        theirs = ("PREFECT", "MLFLOW")
        ours = {k: v for k, v in project.environment().items() if not k.startswith(theirs)}
        own = {
            "PREFECT_HOME": str(self.room / name / ".prefect"),
            "DVC_SITE_CACHE_DIR": str(self.room / f"site-{name}"),
            "CUDA_VISIBLE_DEVICES": "",
            kill.MARK: self.mark(name),
        }
        if name == "still":
            return ours | own
        return (
            ours
            | own
            | {
                "OTHERS": " ".join(str(self.room / each) for each in NAMES if each != name),
                "PREFECT_API_URL": f"{self.prefect}/api",
                "PREFECT_SERVER_API_PORT": self.prefect.rpartition(":")[2],
                "PREFECT_API_AUTH_STRING": WORD,
                "PREFECT_SERVER_API_AUTH_STRING": WORD,
                "PREFECT_WORKER_HEARTBEAT_SECONDS": "5",
                "MLFLOW_TRACKING_URI": self.mlflow,
                "MTDNET_SHARE_SECONDS": "0.5",
                "MTDNET_STAGES": "workers",
            }
        )

    def start(self, name: str, log: str, *command: str) -> AbstractContextManager[None]:
        """Keep a command running on a machine, which sees the others' folders empty."""
        hidden = ["unshare", "--map-root-user", "--mount", "sh", "-c", HIDE, "sh", *command]
        return running(hidden, self.room / name, self.env(name), self.log(log))

    def worker(self, name: str, pool: str) -> AbstractContextManager[None]:
        return self.start(name, f"{name}-{pool}", *make("worker", f"POOL={pool}"))

    def log(self, name: str) -> Path:
        return self.room / f"{name}.log"


@contextmanager
def served(team: Team) -> Iterator[None]:
    """Run the servers, without any of the clones' folders, and deploy."""
    store = f"sqlite:///{team.room / 'servers' / 'mlflow.db'}"
    port = team.mlflow.rpartition(":")[2]
    command = [sys.executable, "-m", "mlflow", "server", "--port", port, "--workers", "1"]
    command += ["--backend-store-uri", store, "--artifacts-destination", "artifacts"]
    env = team.env("servers") | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    env.pop("MLFLOW_TRACKING_URI")
    with (
        running(make("prefect"), team.room / "servers", team.env("servers"), team.log("prefect")),
        running(command, team.room / "servers", env, team.log("mlflow")),
    ):
        assert answers(f"{team.prefect}/api/health"), team.log("prefect").read_text()
        assert answers(f"{team.mlflow}/health"), team.log("mlflow").read_text()
        with team.start("home", "deploy", *make("deploy")):
            assert until(lambda: "deployed" in team.log("deploy").read_text())
        yield


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    team = Team(tmp_path_factory.mktemp("team"))
    url = {PREFECT_API_URL: f"{team.prefect}/api", PREFECT_API_AUTH_STRING: WORD}
    try:
        with served(team), temporary_settings(url):
            yield team
    finally:
        for name in (*NAMES, "servers"):
            kill.kill(team.mark(name), "all", random.Random(0))  # noqa: S311


def until(done: Callable[[], object]) -> bool:
    """Wait for something; False when it doesn't come within a quarter of an hour."""
    end = time.monotonic() + 900
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.3)
    return False


def shared(team: Team) -> bool:
    """Tell whether a training that isn't finished has shared a checkpoint."""
    client = MlflowClient(team.mlflow)
    places = [each.experiment_id for each in client.search_experiments()]
    found = client.search_runs(places, "attributes.status = 'RUNNING'")
    return any(client.list_artifacts(run.info.run_id, "checkpoint") for run in found)


def ended(team: Team) -> bool:
    return not kill.alive(team.mark("home"))


def test_a_worker_killed_in_training_changes_no_figure(team: Team) -> None:
    with ExitStack() as stack:
        still = subprocess.Popen(FLOW, cwd=team.room / "still", env=team.env("still"))
        stack.callback(still.kill)
        stack.enter_context(team.worker("right", "cpu"))
        stack.enter_context(team.worker("left", "gpu"))
        with team.start("home", "flow", *FLOW):
            until(lambda: shared(team) or ended(team))
            assert not ended(team), team.log("flow").read_text()
            kill.kill(team.mark("left"), "all", random.Random(0))  # noqa: S311
            stack.enter_context(team.worker("right", "gpu"))
            assert until(lambda: ended(team))
        assert still.wait() == 0

    said = team.log("flow").read_text()
    assert "reproduce: 5 FromRunCache, 1 UpToDate" in said, said
    assert "pretrain@mtdnet-0: its worker" in said and "is gone; submitted again" in said
    assert "goes on from the checkpoint that MLflow's run" in team.log("right-gpu").read_text()
    expected = state.results(team.room / "still")
    assert "models/cuhk03-0/mtdnet/network.safetensors" in expected
    assert list(state.different(team.home, expected)) == []

    client = MlflowClient(team.mlflow)
    places = [each.experiment_id for each in client.search_experiments()]
    (run,) = client.search_runs(places)
    assert run.info.status == "FINISHED"
    assert client.list_artifacts(run.info.run_id, "checkpoint") == []
    (version,) = client.search_model_versions("name = 'mtdnet-cuhk03'")
    assert version.run_id == run.info.run_id


def test_cancelled_it_stops_the_stages_on_workers_and_keeps_their_state(team: Team) -> None:
    params = team.home / "params.yaml"
    params.write_text(params.read_text().replace(STEPS, "steps: 3000"))
    team.git("commit", "-qam", "Train for longer")
    team.git("push", "-q", "origin", "HEAD")
    with team.worker("right", "gpu"), get_client(sync_client=True) as client:
        with team.start("home", "cancelled", *FLOW):
            until(lambda: shared(team) or ended(team))
            assert not ended(team), team.log("cancelled").read_text()
            (flow,) = [
                run
                for run in client.read_flow_runs()
                if run.name != "stage"
                and run.parent_task_run_id is None
                and run.state_type == StateType.RUNNING
            ]
            client.set_flow_run_state(flow.id, Cancelling())
            assert until(lambda: ended(team))
        assert until(lambda: not training(team.mark("right")))
    assert "error: cancelled; the stages on workers too" in team.log("cancelled").read_text()
    assert list((team.room / "right").glob("checkpoints/cuhk03-0/mtdnet/last.safetensors"))


def training(mark: str) -> list[int]:
    """Return the processes of a machine that train."""
    found = []
    for process in kill.alive(mark):
        try:
            words = Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:
            continue
        if b"tasks.pretrain" in words:
            found.append(process)
    return found
