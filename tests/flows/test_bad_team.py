"""What goes wrong on a team's machines is one line on the page, of the flow or of its stage."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterName,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from benchmarks.servers import PATIENCE
from benchmarks.team import REPRODUCE, WORD, Team, git, make, project
from tests.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.timeout(900)]

STAGE = """stages:
  one:
    cmd: mkdir -p results; sh work.sh > results/one
    deps: [work.sh]
    outs: [results/one]  # which git ignores
    meta: {gpu: %s}
"""
NOBODY = "http://127.0.0.1:9"
FLOW = (sys.executable, "-c", REPRODUCE)
LEFT = f" (on {socket.gethostname()}:{{}}/left)"


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """Make a coordinator and two workers; ``left`` serves the pool ``cpu`` all the time."""
    room = tmp_path_factory.mktemp("team")
    project(room / "home", STAGE % "false")
    team = Team(room, ["left", "right"])
    team.mlflow = f"sqlite:///{room}/servers/mlflow.db"
    url = {PREFECT_API_URL: f"{team.prefect}/api", PREFECT_API_AUTH_STRING: WORD}
    with team.prefect_served(), team.worker("left", "cpu"), temporary_settings(url):
        yield team


def commit(team: Team, work: str, gpu: str = "false") -> None:
    """Commit a stage that does this work, and push it to where workers fetch."""
    (team.home / "dvc.yaml").write_text(STAGE % gpu)
    (team.home / "work.sh").write_text(f"set -e\n{work}\n# {time.time()}\n")
    git(team.home, "add", ".")
    git(team.home, "commit", "-qm", "Work")
    git(team.home, "push", "-q", "origin", "HEAD")


def latest(name: str) -> FlowRun:
    """Return the newest run whose name begins so."""
    named = FlowRunFilter(name=FlowRunFilterName(like_=name))
    with get_client(sync_client=True) as client:
        (run,) = client.read_flow_runs(
            flow_run_filter=named, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=1
        )
    return run


def reproduce(team: Team, **env: str) -> str:
    """Run the flow on workers; return what the page says of it, which the command says too."""
    done = subprocess.run(
        FLOW, cwd=team.home, env=team.env("home") | env, capture_output=True, text=True, check=False
    )
    state = latest("reproduce ").state
    assert state is not None and state.message
    assert state.is_completed() == (done.returncode == 0), done.stderr
    assert state.message in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert "\n" not in state.message
    return state.message


def failed(team: Team, **env: str) -> str:
    """Return the line of a flow whose stage failed on a worker, which the stage's run has too."""
    line = reproduce(team, **env)
    run = latest("one")
    assert run.state is not None and run.state.is_failed() and run.state.message == line
    own = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id]))
    with get_client(sync_client=True) as client:
        assert not [each for each in client.read_logs(own) if "Traceback" in each.message]
    return line


def works(team: Team) -> None:
    """See that the same command goes on when all is well again."""
    assert reproduce(team) == "1 FromRunCache"
    assert (team.home / "results/one").read_text() == "1\n"


def test_a_remote_that_is_not_there_when_the_flow_begins(team: Team) -> None:
    commit(team, "echo 1")
    remote = team.room / "remote"
    remote.rename(team.room / "away")
    try:
        line = reproduce(team)
    finally:
        (team.room / "away").rename(remote)
    assert line == f"DVC's remote {remote} is not there; mount it, or make it"
    works(team)


def test_a_remote_that_a_worker_does_not_reach(team: Team) -> None:
    commit(team, "echo 1")
    team.remote("left", "/nowhere/at/all")
    line = failed(team)
    team.remote("left", str(team.room / "remote"))
    said = "one: DVC's remote /nowhere/at/all is not there; mount it, or make it"
    assert line == said + LEFT.format(team.room)


def test_a_remote_that_goes_away_meanwhile(team: Team) -> None:
    remote, away, count = (team.room / name for name in ("remote", "away", "count"))
    commit(team, f"mv {remote} {away}\ntouch {remote}\necho once >> {count}\necho 1")
    try:
        line = failed(team)
    finally:
        remote.unlink()
        away.rename(remote)
    assert line.startswith("one: ") and line.endswith(LEFT.format(team.room)), line
    works(team)
    assert count.read_text() == "once\n", "what was computed is not lost"


def test_results_that_a_worker_pushed_elsewhere(team: Team) -> None:
    commit(team, "echo 1")
    team.remote("left", str(team.room / "servers"))
    line = reproduce(team)
    team.remote("left", str(team.room / "remote"))
    assert line == "one: DVC's remote lacks what a worker made; run it again"
    assert not (team.home / "results/one").exists(), "a coordinator computes nothing"
    works(team)


def test_a_tracking_server_that_does_not_answer(team: Team) -> None:
    commit(team, "echo 1", gpu="true")
    line = reproduce(team, MLFLOW_TRACKING_URI=NOBODY)
    said = f"MLflow's store {NOBODY}: <urlopen error [Errno 111] Connection refused>"
    assert line.startswith(said)
    done = subprocess.run(
        make("worker", "POOL=gpu"),
        cwd=team.room / "right",
        env=team.env("right") | {"MLFLOW_TRACKING_URI": NOBODY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0 and done.stderr.startswith(f"error: {said}")
    # as one that it answered when it joined
    start = sys.executable, "-m", "flows", "prefect", "worker", "start", "--pool", "gpu"
    with team.start("right", "right-gpu", *start, MLFLOW_TRACKING_URI=NOBODY):
        line = failed(team)
    assert line.startswith(f"one: {said}")
    assert line.endswith(f"(on {socket.gethostname()}:{team.room}/right)")


def test_a_commit_that_nobody_pushed(team: Team) -> None:
    commit(team, "echo 1")
    (team.home / "work.sh").write_text("echo 1 # of a commit that is only here\n")
    git(team.home, "commit", "-qam", "Only here")
    line = failed(team)
    assert "push that commit to where this clone fetches" in line
    git(team.home, "push", "-q", "origin", "HEAD")
    works(team)


def test_uncommitted_changes_on_either_side(team: Team) -> None:
    commit(team, "echo 1")
    for name in ("home", "left"):
        new = team.room / name / "new.py"
        new.touch()
        line = reproduce(team) if name == "home" else failed(team)
        new.unlink()
        place = f"{team.room}/{name}"
        assert line.removeprefix("one: ").startswith(
            f"{place}: uncommitted changes (new.py); commit or remove them"
        )
    works(team)


def test_packages_that_a_worker_lacks(team: Team) -> None:
    lock = team.home / "requirements.lock"
    lock.write_text("no-such-package==1.0\n")
    commit(team, "echo 1")
    line = failed(team)
    lock.unlink()
    there = f"{team.room}/left/requirements.lock"
    said = f"one: {there}: no-such-package==1.0 is wanted, none is here; `make install`"
    assert line == said + LEFT.format(team.room)


@pytest.mark.parametrize("full", [".dvc/cache", "results/full"])
def test_a_full_disk_on_a_worker(full: str, team: Team) -> None:
    room = team.room / "right"
    commit(
        team, "mkdir -p results/full\nhead -c 3000000 /dev/zero | tee results/full/part", gpu="true"
    )
    (room / full).mkdir(parents=True, exist_ok=True)
    with team.worker("right", "gpu", before=f"mount -t tmpfs -o size=1m none {full}"):
        line = failed(team)
    assert "No space left on device" in line, line
    assert line.endswith(f"(on {socket.gethostname()}:{room})")


def test_two_coordinators_at_once(team: Team) -> None:
    count, go = team.room / "twice", team.room / "go"
    commit(team, f"echo once >> {count}\nwhile ! test -e {go}; do sleep 0.1; done\necho 1")
    git(team.room / "right", "pull", "-q", "origin", "HEAD")
    with team.start("home", "first", *FLOW):
        assert until(count.exists, PATIENCE), team.log("first").read_text()
        with team.start("home", "second", *FLOW), team.start("right", "third", *FLOW):
            says(team, "second", "waits for '")
            says(team, "third", "one: under way already; waits for that run")
            go.touch()
            says(team, "first", "1 FromRunCache")
            says(team, "second", "1 UpToDate")
            says(team, "third", "1 FromRunCache")
    assert count.read_text() == "once\n"


def says(team: Team, log: str, text: str) -> None:
    """Wait until a coordinator says something."""
    assert until(lambda: text in team.log(log).read_text(), PATIENCE), team.log(log).read_text()
