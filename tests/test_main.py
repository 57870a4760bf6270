"""The bare command line, on a machine without Prefect, DVC and MLflow."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mtdnet.__main__ import main

ROOT = Path(__file__).parents[1]
BARE = (
    "import sys; sys.modules.update(dict.fromkeys(['prefect', 'dvc', 'mlflow']));"
    "from mtdnet.__main__ import main; sys.exit(main())"
)


@pytest.fixture
def folder(small: Path, tmp_path: Path) -> Path:
    """Return a project folder with ingested images, ready to train."""
    shutil.copytree(small, tmp_path / "results")
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["augment"]["splits"] = {}  # the published share of 14 persons
    content["pretrain"] |= {"source": "viper", "width": 0.0625, "steps": 2, "validate_every": 1}
    content["train"] |= {"steps": 1, "validate_every": 1, "targets": ["ilids"]}
    content["train"]["compared"] = {"targets": [], "variants": []}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return tmp_path


def mtdnet(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BARE, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_trains_evaluates_and_reports(folder: Path) -> None:
    for words in (["pretrain"], ["evaluate", "--target", "viper"], ["report"]):
        done = mtdnet(folder, *words)
        assert done.returncode == 0, done.stderr
    assert "MTDnet-trp" in done.stdout
    below = folder / "results" / "evaluate"
    assert mtdnet(below, "show").stdout == done.stdout, "anywhere in the project"
    assert (folder / "results" / "report" / "index.html").is_file()
    figures = folder / "results" / "evaluate" / "viper-0" / "mtdnet"
    assert {path.name for path in figures.rglob("*.*")} == {
        "calibration.csv",
        "cmc.csv",
        "cmc.png",
        "facts.json",
        "head_agreement.png",
        "losses.png",
        "metrics.json",
        "occlusion_maps.png",
        "ranked.png",
        "ranks.csv",
        "reliability.png",
        "roc.png",
        "scores.safetensors",
    }


def test_parameters_of_another_folder_mean_its_project(folder: Path) -> None:
    away = folder / "away"
    away.mkdir()
    done = mtdnet(away, "--params", "../params.yaml", "augment", "--benchmark", "viper")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"in {folder}\n")
    assert list(away.iterdir()) == []
    (folder / "configs").mkdir()
    (folder / "params.yaml").rename(folder / "configs" / "own.yaml")
    done = mtdnet(folder, "--params", "configs/own.yaml", "augment", "--benchmark", "viper")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ingest", "--benchmark", "viper"], "error: data/viper: no such folder or archive"),
        (["ingest", "--benchmark", "shop"], "error: ingest.layouts: no benchmark 'shop'"),
        (["train", "--target", "vipr"], "train: no benchmark 'vipr'; known: ilids"),
        (["train", "--target", "ilids", "--split", "3"], "train: no split 3 of ilids; known: 0"),
        (["pretrain", "--variant", "aug"], "pretrain: no variant 'aug' on viper; known: mtdnet"),
        (["evaluate", "--target", "viper", "--variant", "x"], "evaluate: no variant 'x' on viper"),
        (["evaluate", "--target", "viper"], "models/viper-0/mtdnet/network.safetensors: no such"),
        (["evaluate", "--target"], "error: argument --target: expected one argument"),
        (["--nonsense"], "error: "),
        (["show"], "error: no evaluation to report; run the evaluate step first"),
        (["--params", "none.yaml", "report"], "error: none.yaml: no such file"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    folder: Path,
    words: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert main(words) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not list(folder.glob("models/*"))
