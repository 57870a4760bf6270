"""The small pipeline on workers that share servers and a remote, and see no folder of another."""

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from mlflow import MlflowClient
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from benchmarks.team import WORD, Team, git
from tasks.slots import cores
from tests.chaos import kill, state
from tests.chaos.__main__ import PARAMS
from tests.pipeline import project
from tests.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.timeout(3600)]

STEPS = "steps: 150"  # of the training in which a worker is killed
NAMES = ("home", "left", "right")  # the coordinator, two workers
NETWORKS = {"mtdnet/cuhk03": "mtdnet-cuhk03", "mtdnet/viper": "mtdnet-viper"}
PATIENCE = 900  # seconds
FLOW = (sys.executable, "-m", "flows.reproduce")


class Blind(Team):
    """A team whose machines see the folders of the others empty."""

    def mark(self, name: str) -> str:
        return f"{self.room}/{name}"

    def env(self, name: str) -> dict[str, str]:
        return super().env(name) | {
            kill.MARK: self.mark(name),
            "MTDNET_SHARE_SECONDS": "0.5",
            "PREFECT_WORKER_HEARTBEAT_SECONDS": "5",
            "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "5",
        }

    def start(
        self, name: str, log: str, *command: str, before: str = "", **env: str
    ) -> AbstractContextManager["subprocess.Popen[bytes]"]:
        others = [self.room / each for each in (*NAMES, "still") if each != name]
        before = "\n".join(f"mount -t tmpfs none {each}" for each in others)
        return super().start(name, log, *command, before=before, **env)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blind]:
    room = tmp_path_factory.mktemp("team")
    params = PARAMS.replace("steps: 4", STEPS)
    project.make(room / "home", params, {"cuhk03": 30, "viper": 16})
    shutil.copytree(room / "home", room / "still")
    team = Blind(room, NAMES[1:])
    url = {PREFECT_API_URL: f"{team.prefect}/api", PREFECT_API_AUTH_STRING: WORD}
    try:
        with team.served(), temporary_settings(url):
            yield team
    finally:
        for name in (*NAMES, "servers"):
            kill.kill(team.mark(name), "all", random.Random(0))  # noqa: S311


def shared(team: Blind) -> bool:
    """Tell whether a training that isn't finished has shared a checkpoint."""
    client = MlflowClient(team.mlflow)
    places = [each.experiment_id for each in client.search_experiments()]
    found = client.search_runs(places, "attributes.status = 'RUNNING'")
    return any(client.list_artifacts(run.info.run_id, "checkpoint") for run in found)


def ended(team: Blind) -> bool:
    return not kill.alive(team.mark("home"))


def test_a_worker_killed_in_training_changes_no_figure(team: Blind) -> None:
    with ExitStack() as stack:
        threads = cores() // min(2, cores())  # of a stage on a worker; figures depend on it
        own = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": str(threads)}
        still = subprocess.Popen(
            [sys.executable, "-m", "dvc", "repro", "-q"],
            cwd=team.room / "still",
            env=project.environment() | own,
        )
        stack.callback(still.kill)
        stack.enter_context(team.worker("right", "cpu"))
        stack.enter_context(team.worker("left", "gpu"))
        with team.start("home", "flow", *FLOW):
            until(lambda: shared(team) or ended(team), PATIENCE)
            assert not ended(team), team.log("flow").read_text()
            kill.kill(team.mark("left"), "all", random.Random(0))  # noqa: S311
            stack.enter_context(team.worker("right", "gpu"))
            assert until(lambda: ended(team), PATIENCE)
        assert still.wait() == 0

    said = team.log("flow").read_text()
    assert "FromRunCache, 1 UpToDate" in said, said  # of which the data are one
    assert "pretrain@mtdnet-0: its worker" in said and "is gone; submitted again" in said
    assert "goes on from the checkpoint that MLflow's run" in team.log("right-gpu").read_text()
    expected = state.results(team.room / "still")
    assert "models/viper-0/mtdnet/network.safetensors" in expected
    assert "results/report/metrics.json" in expected
    assert list(state.different(team.home, expected)) == []


def test_the_registry_has_each_network_once(team: Blind) -> None:
    client = MlflowClient(team.mlflow)
    for place, model in NETWORKS.items():
        experiment = client.get_experiment_by_name(place)
        assert experiment is not None
        (run,) = client.search_runs([experiment.experiment_id])
        assert run.info.status == "FINISHED"
        assert client.list_artifacts(run.info.run_id, "checkpoint") == []
        (version,) = client.search_model_versions(f"name = '{model}'")
        assert version.run_id == run.info.run_id
        assert client.get_model_version_by_alias(model, "champion").version == version.version
    assert {each.name for each in client.search_registered_models()} == set(NETWORKS.values())


def test_cancelled_it_stops_the_stages_on_workers_and_keeps_their_state(team: Blind) -> None:
    params = team.home / "params.yaml"
    params.write_text(params.read_text().replace(STEPS, "steps: 3000"))
    git(team.home, "commit", "-qam", "Train for longer")
    git(team.home, "push", "-q", "origin", "HEAD")
    with team.worker("right", "gpu"), get_client(sync_client=True) as client:
        with team.start("home", "cancelled", *FLOW):
            until(lambda: shared(team) or ended(team), PATIENCE)
            assert not ended(team), team.log("cancelled").read_text()
            (flow,) = [
                run
                for run in client.read_flow_runs()
                if run.name.startswith("reproduce ") and run.state_type == StateType.RUNNING
            ]
            cancel = [sys.executable, "-m", "prefect", "flow-run", "cancel", str(flow.id)]
            subprocess.run(cancel, env=team.env("home"), check=True, capture_output=True)
            assert until(lambda: ended(team), PATIENCE)
        assert until(lambda: not training(team.mark("right")), 30)
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
