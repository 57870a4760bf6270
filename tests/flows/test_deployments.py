"""What `make` says and gives to the server."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prefect import Flow

from flows.environment import ROOT


def test_deployments_of_the_project_name_its_flows() -> None:
    told = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    entries = {each["name"]: each for each in told["deployments"]}
    names = {"weekly": "reproduce", "one": "target", "cpu": "stage", "gpu": "stage"}
    pools = {"weekly": "flows", "one": "flows", "cpu": "cpu", "gpu": "gpu"}
    assert entries.keys() == names.keys()
    for each, name in names.items():
        module, _, flow = entries[each]["entrypoint"].rpartition(".")
        made = getattr(importlib.import_module(module), flow)
        assert isinstance(made, Flow)
        assert made.name == name
        assert entries[each]["work_pool"]["name"] == pools[each]
    (weekly,) = entries["weekly"]["schedules"]
    minute, hour, day, month, weekday = weekly["cron"].split()
    assert (day, month) == ("*", "*")
    assert minute.isdigit() and hour.isdigit() and weekday.isdigit()


def make(target: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    file, beside = ROOT / "Makefile", Path(sys.executable).parent
    # `make test` hands its own level and flags down, and this make would speak as its child.
    env = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "-f", str(file), "-o", ".venv/.ready", f"BIN={beside}", *words, target],
        cwd=folder,
        env=env | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_download_without_git_is_one_line(tmp_path: Path) -> None:
    done = make("demo", tmp_path)
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.startswith(
        "error: DVC needs git: clone the repository, or run git init here"
    )


@pytest.mark.parametrize("target", ["deploy", "run", "worker"])
def test_without_a_server_each_says_so_in_one_line(target: str, tmp_path: Path) -> None:
    done = make(target, tmp_path, "SERVER=PREFECT_API_URL=http://127.0.0.1:9/api")
    assert done.returncode != 0
    line, end = done.stderr.splitlines()
    assert line.startswith("error: Prefect's server http://127.0.0.1:9/api doesn't answer (")
    assert end.startswith("make: ***")
