"""A search through DVC and MLflow: each trial an experiment, the project's folders untouched."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from flows import study
from tests.pipeline import project
from tests.pipeline.project import PARAMS, run

pytestmark = pytest.mark.pipeline

SPACE = "{benchmark: cuhk03, parameters: {pretrain.losses.triplet.margin: [0.5]}}\n"


def test_a_trial_is_an_experiment_and_a_run_below_the_studys(tmp_path: Path) -> None:
    root = tmp_path / "project"
    project.make(root, PARAMS, {"cuhk03": 30})
    (root / study.SPACES).mkdir(parents=True)
    (root / study.SPACES / "margin.yaml").write_text(SPACE)
    told = run(root, "flows.search", "--study", "margin", "--trials", "1")
    assert "best: margin-0, pretrain.losses.triplet.margin 0.5: validation rank-1" in told
    assert (root / "params.yaml").read_text() == PARAMS
    assert not (root / "models").exists() and not (root / "results").exists()
    assert not list((root / ".dvc" / "tmp" / "exps" / "standalone").glob("tmp*"))

    client = MlflowClient(f"sqlite:///{root / '.mlflow' / 'mlflow.db'}")
    (experiment,) = (e for e in client.search_experiments() if e.name == "cuhk03")
    runs = {r.info.run_name: r for r in client.search_runs([experiment.experiment_id])}
    assert runs.keys() == {"margin", "margin-0", "cuhk03-0-mtdnet"}
    parents = {name: r.data.tags.get("mlflow.parentRunId") for name, r in runs.items()}
    ids = {name: r.info.run_id for name, r in runs.items()}
    assert parents == {
        "margin": None,
        "margin-0": ids["margin"],
        "cuhk03-0-mtdnet": ids["margin-0"],
    }
    rank1 = runs["cuhk03-0-mtdnet"].data.metrics["training/validation_rank1"]
    for name in ("margin", "margin-0"):
        assert runs[name].data.metrics["validation_rank1"] == rank1
    assert {r.info.status for r in runs.values()} == {"FINISHED"}

    assert not (root / "results").exists(), "no test person was read"
    margin = "triplet: {weight: 1.0, margin: "
    (root / "params.yaml").write_text(PARAMS.replace(f"{margin}1.0", f"{margin}0.5", 1))
    assert "Running stage" not in run(root, "dvc", "repro", "pretrain@mtdnet-0")
