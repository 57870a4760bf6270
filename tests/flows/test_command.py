"""The commands of flows: exit status and last lines."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import command, pipeline
from flows.environment import ROOT

pytestmark = pytest.mark.usefixtures("prefect_server")


@flow(persist_result=False)
def ending(benchmark: str) -> State[None]:
    if benchmark == "stop":
        raise KeyboardInterrupt
    good = benchmark == "well"
    return Completed(message="1 Ran") if good else Failed(message="one: row 3 is short")


@pytest.mark.parametrize(
    ("how", "status", "out", "err"),
    [
        ("well", 0, "ending: 1 Ran\n", ""),
        ("badly", 1, "", "error: one: row 3 is short\n"),
        ("stop", 130, "", "stopped; the same command continues\n"),
    ],
)
def test_main(
    how: str,
    status: int,
    out: str,
    err: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flows.pipeline.idle", lambda root, benchmark: None)
    assert command.main(ending, how) == status
    printed = capsys.readouterr()
    assert printed.out.endswith(out)
    assert printed.err.endswith(err)


def test_with_nothing_to_do_no_flow_is_started(
    project: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = project("stages: {one: {cmd: touch one, outs: [one]}}")
    (root / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    monkeypatch.setattr("flows.pipeline.served", lambda settings: [])
    assert pipeline.idle(root) is None
    subprocess.run([sys.executable, "-m", "dvc", "repro", "-q"], cwd=root, check=True)
    assert pipeline.idle(root) == "1 UpToDate"
    monkeypatch.setattr(command, "ROOT", root)
    assert command.main(ending) == 0  # called, it would miss its benchmark
    assert capsys.readouterr().out.endswith("ending: 1 UpToDate\n")


TOLD = """
import json, os, flows
from prefect.settings import get_current_settings
settings = get_current_settings()
print(json.dumps([str(settings.home), settings.server.analytics_enabled]))
"""


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
    assert json.loads(done.stdout) == [str(tmp_path / ".prefect"), False]
