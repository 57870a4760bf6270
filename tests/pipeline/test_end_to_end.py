"""The whole pipeline on a few drawn people, by DVC and by Prefect: the same work."""

import json
import os
import re
import sqlite3
from pathlib import Path

import pytest
from mlflow import MlflowClient

from mtdnet.files import read_json
from tests.pipeline import project
from tests.pipeline.project import PARAMS, run

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(1200)]

STAGES = 20  # data.dvc, ingest 2, augment 3, pretrain 3, train 3, evaluate 5 and 2, report


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project of this code with small data and parameters."""
    root = tmp_path_factory.mktemp("clone") / "project"
    project.make(root, PARAMS, {"cuhk03": 30, "viper": 16})
    return root


def on_the_page(flow: str) -> tuple[str, list[str], dict[str, str]]:
    """Return name, tags and artifacts of the last run of a flow, from Prefect's database."""
    with sqlite3.connect(Path(os.environ["PREFECT_HOME"], "prefect.db")) as base:
        query = "select id, name, tags from flow_run where name like ? order by created desc"
        own, name, tags = base.execute(query, [f"{flow} %"]).fetchone()
        query = "select key, data from artifact where flow_run_id = ?"
        return name, json.loads(tags), dict(base.execute(query, [own]).fetchall())


def test_the_flow_makes_everything_and_dvc_finds_it(clone: Path) -> None:
    told = run(clone, "flows.reproduce")
    assert f"reproduce: {STAGES - 1} Ran, 1 UpToDate" in told
    assert "VIPeR" in told.split("UpToDate")[-1]
    assert str(clone / "results" / "report" / "index.html") in told
    found = read_json(clone / "results" / "evaluate" / "viper-0" / "cross" / "metrics.json")
    assert 0 <= found["MTDnet-cross"]["rank-1"] <= found["MTDnet-cross"]["rank-5"] <= 1
    assert (clone / "results" / "report" / "index.html").is_file()
    assert "Running stage" not in run(clone, "dvc", "repro")

    joint = read_json(clone / "models" / "viper-0" / "joint" / "training.json")
    assert joint["start"] == "joint", "the network of all benchmarks"

    client = MlflowClient(f"sqlite:///{clone / '.mlflow' / 'mlflow.db'}")
    trained = {"cuhk03": {"0-mtdnet", "0-rnk"}, "viper": {"0-cross", "1-cross", "0-joint"}}
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
            tested = {f"{benchmark}-test"}
            if each.info.run_name == "cuhk03-0-mtdnet":
                tested.add("viper-test")  # as MTDnet-source
            assert {own.name for own in datasets} == {benchmark} | tested
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
    experiment = client.get_experiment_by_name("report")
    assert experiment is not None
    (report,) = client.search_runs([experiment.experiment_id])
    assert report.data.tags["mlflow.source.name"] == "tasks/report.py"
    name, tags, artifacts = on_the_page("reproduce")
    assert re.fullmatch(r"reproduce [0-9a-f]{7} \d{4}-\d\d-\d\d \d\d:\d\d", name)
    assert {each.split(":")[0] for each in tags} >= {"commit", "benchmark", "data"}
    assert artifacts.keys() == {"results", "cmc-cuhk03", "cmc-viper", "links"}
    assert report.info.run_id in artifacts["links"]
    assert artifacts["links"].count("/runs/") == 6  # five networks and the report


def test_a_flow_of_one_benchmark_runs_its_part_and_dvc_the_rest(clone: Path) -> None:
    (clone / "params.yaml").write_text(PARAMS.replace("pictures: 2", "pictures: 3"))
    told = run(clone, "flows.target", "--benchmark", "viper")
    assert "target: 5 Ran, 12 UpToDate" in told
    assert "champion" in told
    name, _, artifacts = on_the_page("target")
    assert name.startswith("target viper ")
    assert artifacts.keys() == {"results-viper", "cmc-viper", "links-viper"}
    assert "evaluate-source" not in told
    late = run(clone, "dvc", "status")
    assert "evaluate-source@cuhk03-mtdnet-0:" in late
    assert "evaluate@viper-cross-0:" not in late
    rest = re.findall(r"Running stage '(.*)'", run(clone, "dvc", "repro"))
    assert sorted(rest) == [
        "evaluate-source@cuhk03-mtdnet-0",
        "evaluate-source@cuhk03-rnk-0",
        "report",
    ]
    assert f"reproduce: {STAGES} UpToDate" in run(clone, "flows.reproduce")
