"""The commands of flows: exit status and last lines."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import httpx
import pytest
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import command, pipeline, plan, server, workspace
from flows.environment import ROOT
from flows.graph import Stage
from tasks import checkpoints

STALE = Stage("one", (), (), gpu=False, reasons=("never run",))


@flow(persist_result=False)
def ending(benchmark: str) -> State[None]:
    if benchmark == "stop":
        raise KeyboardInterrupt
    good = benchmark == "well"
    return Completed(message="1 Ran") if good else Failed(message="one: row 3 is short")


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Stage]:
    """Return the stages of the plan that commands see, none at first."""
    stages: list[Stage] = []
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(plan, "make", lambda root, benchmark: plan.Plan(stages, []))
    monkeypatch.setattr(command, "closing", lambda wanted: "figures")
    return stages


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize(
    ("how", "status", "out", "err"),
    [
        ("well", 0, "target: 1 Ran\nfigures\n", ""),
        ("badly", 1, "", "error: one: row 3 is short\n"),
        ("stop", 130, "", "stopped; the same command continues\n"),
    ],
)
def test_main(
    how: str,
    status: int,
    out: str,
    err: str,
    planned: list[Stage],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    planned.append(STALE)
    monkeypatch.setattr(pipeline, "target", ending)
    monkeypatch.setattr(server, "reached", nullcontext)
    assert command.main("target", dry_run=False, benchmark=how) == status
    printed = capsys.readouterr()
    assert printed.out.endswith(out)
    assert printed.err.endswith(err)


def test_a_server_that_is_gone_ends_the_command(
    planned: list[Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(benchmark: str, return_state: bool) -> None:
        raise httpx.ConnectError("Connection refused")

    def end(reason: str) -> None:
        raise SystemExit(reason)

    planned.append(STALE)
    monkeypatch.setattr(pipeline, "target", gone)
    monkeypatch.setattr(server, "reached", nullcontext)
    monkeypatch.setattr(server, "end", end)
    with pytest.raises(SystemExit, match="Connection refused"):
        command.main("target", dry_run=False, benchmark="viper")


def test_with_nothing_to_do_no_flow_is_started(
    planned: list[Stage], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[Path] = []
    monkeypatch.setattr(checkpoints, "sweep", lambda root, networks: swept.append(root))
    assert command.main("reproduce", dry_run=False) == 0  # started, it would miss its server
    assert capsys.readouterr().out == "reproduce: 0 UpToDate\nfigures\n"
    assert len(swept) == 1


def test_after_a_kill_the_flow_settles_what_the_killed_one_left(
    planned: list[Stage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[str] = []
    monkeypatch.setattr(command, "_state", lambda name, parameters: began.append(name))
    (locks := tmp_path / ".locks").mkdir()
    (locks / workspace.NOTE).write_text("{}")  # of one killed in its last moment
    assert command.main("reproduce", dry_run=False) == 1
    assert began == ["reproduce"]
    monkeypatch.setattr(checkpoints, "sweep", lambda root, networks: None)
    assert command.main("reproduce", dry_run=False) == 0
    assert began == ["reproduce"]


def test_a_dry_run_says_what_would_run(
    planned: list[Stage], capsys: pytest.CaptureFixture[str]
) -> None:
    planned.append(STALE)
    assert command.main("reproduce", dry_run=True) == 0
    assert capsys.readouterr().out == "one: never run\n1 of 1 stages would run\n"


def call(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "status", "last"),
    [
        (["flows.reproduce", "--help"], 0, "--dry-run   say what would run, and why"),
        (["flows.reproduce", "--wrong"], 2, "error: unrecognized arguments: --wrong"),
        (["flows.target"], 2, "the following arguments are required: --benchmark"),
        (["flows.target", "--benchmark", "nowhere"], 2, "known: cuhk03, cuhk01, viper, ilids"),
    ],
)
def test_words(words: list[str], status: int, last: str) -> None:
    done = call(*words)
    assert done.returncode == status
    assert last in (done.stdout + done.stderr).splitlines()[-1]


def test_a_mistake_needs_no_prefect() -> None:
    done = call("flows.target", "--benchmark", "nowhere", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "flows.plan" in loaded
    assert not loaded & {"prefect", "torch", "mlflow"}


def test_flows_keep_state_in_the_project_and_send_nothing(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", TOLD],
        cwd=tmp_path,
        env=kept | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    home, analytics, given, wanted = json.loads(done.stdout)
    assert (home, analytics) == (str(tmp_path / ".prefect"), False)
    password = tmp_path / ".prefect" / "password"
    assert given == wanted == password.read_text().strip()
    assert password.stat().st_mode & 0o777 == 0o600


def test_nobody_elses_server_gets_the_password(tmp_path: Path) -> None:
    env = {"PREFECT_HOME": str(tmp_path), "PREFECT_API_URL": "https://prefect.example/api"}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT")}
    code = "import flows, os; print(os.environ.get('PREFECT_API_AUTH_STRING'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=kept | env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "None\n"


TOLD = """
import json, os, flows
from prefect.settings import get_current_settings
settings = get_current_settings()
words = settings.api.auth_string, settings.server.api.auth_string
secrets = [word.get_secret_value() for word in words]
print(json.dumps([str(settings.home), settings.server.analytics_enabled, *secrets]))
"""
