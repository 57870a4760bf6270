"""The whole pipeline on a few drawn people, by DVC and by Prefect: the same work."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from flows.environment import ROOT
from mtdnet import synthetic
from mtdnet.files import read_json

PARAMS = """
seed: 1
ingest: {layouts: {cuhk03: cuhk03, viper: viper}, boxes: labeled}
augment:
  {negatives: 3, draw: block, pairs: 6, rounds: 2, splits: {cuhk03: {name: paper}, viper: {}}}
pretrain:
  {source: cuhk03, variant: mtdnet, width: 0.0625, steps: 4, triplets: 18, validate_every: 2}
train:
  targets: [viper]
  variants: [mtdnet]
  steps: 2
  triplets: 18
  rate: 0.001
  rates: {}
  momentum: 0.9
  decay: 0.0005
  margin: 1.0
  validate_every: 1
evaluate: {targets: [cuhk03, viper], variants: [mtdnet], ranks: [1, 5], pictures: 2}
report: {title: A few drawn people}
"""
STAGES = 10  # data.dvc, twice ingest, augment and evaluate, pretrain, train, report


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project of this code with small data and parameters."""
    root = tmp_path_factory.mktemp("clone")
    for name in ("mtdnet", "tasks", "flows", "weights", "splits"):
        shutil.copytree(
            ROOT / name,
            root / name,
            ignore=shutil.ignore_patterns("__pycache__", "*.npz", "*.onnx", "*.pth"),
        )
    for name in ("dvc.yaml", ".dvcignore", ".gitignore", ".dvc/config", ".dvc/.gitignore"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "params.yaml").write_text(PARAMS)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    synthetic.write(root / "data", persons={"cuhk03": 30, "viper": 16})
    run(root, "dvc", "add", "-q", "data")
    return root


def run(root: Path, *words: str) -> str:
    """Run a Python module in the project; return all that it printed."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=root,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_dvc_makes_everything_and_the_flow_finds_it(clone: Path) -> None:
    assert "Running stage 'report'" in run(clone, "dvc", "repro")
    found = read_json(clone / "results" / "evaluate" / "viper-mtdnet" / "metrics.json")
    assert 0 <= found["MTDnet"]["rank-1"] <= found["MTDnet"]["rank-5"] <= 1
    assert (clone / "results" / "report" / "index.html").is_file()
    assert "Running stage" not in run(clone, "dvc", "repro")

    told = run(clone, "flows.reproduce")
    assert f"reproduce: {STAGES} UpToDate" in told
    assert "VIPeR" in told.split("UpToDate")[-1]
    assert str(clone / "results" / "report" / "index.html") in told

    client = MlflowClient(f"sqlite:///{clone / '.mlflow' / 'mlflow.db'}")
    for benchmark in ("cuhk03", "viper"):
        experiment = client.get_experiment_by_name(benchmark)
        assert experiment is not None
        (training,) = client.search_runs([experiment.experiment_id])
        assert training.info.status == "FINISHED"
        assert training.inputs is not None
        (dataset,) = training.inputs.dataset_inputs
        assert dataset.dataset.digest.endswith(".dir")
        figures = read_json(clone / "results" / "evaluate" / f"{benchmark}-mtdnet" / "metrics.json")
        assert training.data.metrics["test/MTDnet/rank-1"] == figures["MTDnet"]["rank-1"]
        champion = client.get_model_version_by_alias(f"mtdnet-{benchmark}", "champion")
        assert champion.run_id == training.info.run_id


def test_flow_of_one_benchmark_runs_its_part_and_dvc_finds_it(clone: Path) -> None:
    (clone / "params.yaml").write_text(PARAMS.replace("pictures: 2", "pictures: 3"))
    told = run(clone, "flows.target", "--benchmark", "viper")
    assert "target: 1 Ran, 7 UpToDate" in told
    assert "champion" in told
    assert "evaluate@cuhk03" not in told
    late = run(clone, "dvc", "status")
    assert "evaluate@cuhk03-mtdnet:" in late
    assert "evaluate@viper-mtdnet:" not in late
