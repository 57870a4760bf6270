"""``mtdnet doctor``: one page, in a project and outside of one, with no secret on it."""

import json
import subprocess
import sys
from pathlib import Path
from socket import AF_UNIX, socket

import pytest
from filelock import FileLock

from mtdnet.__main__ import main
from mtdnet.commands import project_state

ROOT = Path(__file__).parents[2]
BARE = (
    "import sys; sys.modules.update(dict.fromkeys(['prefect', 'dvc', 'mlflow']));"
    "from mtdnet.__main__ import main; sys.exit(main(['doctor', '--json']))"
)


def page(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    assert main(["doctor", "--json"]) == 0
    seen: dict[str, dict[str, str]] = json.loads(capsys.readouterr().out)
    return seen


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project's folder, without its graph."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MTDNET_MODEL", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    text = (ROOT / "configs" / "own.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_outside_of_a_project_it_tells_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    seen = page(capsys)
    assert seen["project"] == {"parameters": "no params.yaml here: run from a project's folder"}
    assert seen["machine"]["format"] in ("bf16 products", "float32")
    assert seen["packages"]["torch"][0].isdecimal()
    assert main(["doctor"]) == 0
    assert "\npackages\n  mtdnet       0." in capsys.readouterr().out


def test_of_a_project_it_tells_data_networks_and_locks(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert page(capsys)["data"] == {"shop": "data/shop is missing"}
    (folder / "data" / "shop").mkdir(parents=True)
    (folder / ".locks").mkdir()
    with FileLock(folder / ".locks" / "core-0"), socket(AF_UNIX) as launcher:
        launcher.bind(".locks/launcher")  # relative: the system limits its length
        seen = page(capsys)
    assert seen["data"] == {"shop": "there, not ingested"}
    assert seen["project"]["networks"] == "0 of 1 evaluated"
    assert seen["project"]["locks"] == ".locks/core-0 is held"
    assert seen["project"]["stages"] == "no dvc.yaml here: steps run by `mtdnet STEP`"


def test_bad_parameters_are_told_and_no_mistake(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "params.yaml").write_text("speed: 1\n")
    assert "unknown key 'speed'" in page(capsys)["project"]["parameters"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "none held"),
        (
            '{"write": {"/a": {"pid": 4194305, "cmd": "dvc repro"}}, "read": {}}',
            "DVC's list has 'dvc repro' (process 4194305, which is dead)",
        ),
        ('{"write": {"/a"', ".dvc/tmp/rwlock can't be read"),
    ],
)
def test_of_dvcs_list_it_tells_who_is_in_it(
    content: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".dvc" / "tmp").mkdir(parents=True)
    (folder / ".dvc" / "tmp" / "rwlock").write_text(content)
    assert page(capsys)["project"]["locks"] == said


def test_no_secret_and_no_user_is_on_the_page(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:hush@db/runs")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "mtdnet:hush")
    monkeypatch.setenv("MTDNET_MODEL", str(Path.home() / "net"))
    assert main(["doctor", "--json"]) == 0
    printed = capsys.readouterr().out
    assert "hush" not in printed and str(Path.home() / "net") not in printed
    seen = json.loads(printed)
    assert seen["project"]["store"] == "postgresql://db/runs"
    assert seen["environment"]["PREFECT_API_AUTH_STRING"] == "(set)"
    assert seen["environment"]["MTDNET_MODEL"] == "~/net"


def test_it_works_without_the_pipeline(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BARE], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["project"]["remote"] == (
        "the pipeline is not installed: mtdnet[pipeline]"
    )


@pytest.mark.pipeline
def test_of_the_graph_it_tells_what_is_out_of_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    seen = project_state.look(Path("params.yaml"))["project"]
    assert "stages would run" in seen["stages"] and "demo" in seen["remote"]
