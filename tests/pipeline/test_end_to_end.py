"""The whole pipeline on a few drawn people, by DVC and by Prefect: the same work."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from mtdnet.files import read_json
from tests.pipeline import project
from tests.pipeline.project import PARAMS, run

pytestmark = pytest.mark.pipeline

STAGES = 17  # data.dvc, ingest 2, augment 3, pretrain 2, train 2, evaluate 4 and 2, report


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project of this code with small data and parameters."""
    root = tmp_path_factory.mktemp("clone") / "project"
    project.make(root, PARAMS, {"cuhk03": 30, "viper": 16})
    return root


def test_dvc_makes_everything_and_the_flow_finds_it(clone: Path) -> None:
    assert "Running stage 'report'" in run(clone, "dvc", "repro")
    found = read_json(clone / "results" / "evaluate" / "viper-0" / "cross" / "metrics.json")
    assert 0 <= found["MTDnet-cross"]["rank-1"] <= found["MTDnet-cross"]["rank-5"] <= 1
    assert (clone / "results" / "report" / "index.html").is_file()
    assert "Running stage" not in run(clone, "dvc", "repro")

    told = run(clone, "flows.reproduce")
    assert f"reproduce: {STAGES} UpToDate" in told
    assert "VIPeR" in told.split("UpToDate")[-1]
    assert str(clone / "results" / "report" / "index.html") in told

    client = MlflowClient(f"sqlite:///{clone / '.mlflow' / 'mlflow.db'}")
    trained = {"cuhk03": {"0-mtdnet", "0-rnk"}, "viper": {"0-cross", "1-cross"}}
    for benchmark, names in trained.items():
        experiment = client.get_experiment_by_name(benchmark)
        assert experiment is not None
        found_runs = client.search_runs([experiment.experiment_id])
        assert {each.info.run_name for each in found_runs} == {
            f"{benchmark}-{name}" for name in names
        }
        for each in found_runs:
            assert each.info.status == "FINISHED"
            assert each.inputs is not None
            datasets = [own.dataset for own in each.inputs.dataset_inputs]
            assert {own.name for own in datasets} == {benchmark, f"{benchmark}-test"}
            assert all(own.digest.endswith(".dir") for own in datasets)
            folder = Path(f"{benchmark}-{each.data.tags['split']}", each.data.tags["variant"])
            (main, *others) = read_json(
                clone / "results" / "evaluate" / folder / "metrics.json"
            ).items()
            assert each.data.metrics["test/rank-1"] == main[1]["rank-1"]
            for system, figures in others:
                assert each.data.metrics[f"test/{system}/rank-1"] == figures["rank-1"]
        champion = client.get_model_version_by_alias(f"mtdnet-{benchmark}", "champion")
        assert champion.run_id in {each.info.run_id for each in found_runs}
        assert champion.tags["variant"] != "rnk" and champion.tags["split"] == "0"


def test_flow_of_one_benchmark_runs_its_part_and_dvc_finds_it(clone: Path) -> None:
    (clone / "params.yaml").write_text(PARAMS.replace("pictures: 2", "pictures: 3"))
    told = run(clone, "flows.target", "--benchmark", "viper")
    assert "target: 4 Ran, 10 UpToDate" in told
    assert "champion" in told
    assert "evaluate-source" not in told
    late = run(clone, "dvc", "status")
    assert "evaluate-source@cuhk03-mtdnet-0:" in late
    assert "evaluate@viper-cross-0:" not in late
