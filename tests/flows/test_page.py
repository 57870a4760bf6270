"""How a flow run is called and tagged, and what Prefect's page shows of its results."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
from prefect import flow, runtime
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName
from prefect.utilities.callables import parameter_schema

from flows import labels, page, pipeline, plan, stage
from flows.environment import ROOT
from mtdnet.errors import InputError
from mtdnet.provenance import commit
from mtdnet.report import load
from mtdnet.report.load import Evaluation
from tests.report.conftest import write_evaluation

LOCK = "stages: {ingest@viper: {deps: [{path: data/viper, md5: 0123456789abcdef.dir}]}}"


def repository(root: Path) -> str:
    """Make a repository with one commit; return that."""
    (root / "file").write_text("one\n")
    who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "Begin"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    head = ["git", "rev-parse", "HEAD"]
    return subprocess.run(head, cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def test_a_commit_with_changes_is_marked(tmp_path: Path) -> None:
    assert commit(tmp_path) == ""
    head = repository(tmp_path)
    assert labels.begun(tmp_path, ["viper"]) == {f"commit:{head}", "benchmark:viper"}
    (tmp_path / "file").write_text("two\n")
    assert commit(tmp_path) == f"{head}+"


def test_data_are_named_by_the_hash_of_the_lock(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text(LOCK)
    assert labels.made(tmp_path, ["viper", "ilids"]) == {"data:viper:0123456789ab"}


@pytest.mark.pipeline
@pytest.mark.usefixtures("prefect_server")
def test_name_and_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = repository(tmp_path)
    monkeypatch.setattr(labels, "ROOT", tmp_path)

    @flow(name="target", flow_run_name=labels.name, persist_result=False)
    def small(benchmark: str) -> str:
        labels.add(labels.begun(tmp_path, [benchmark]))
        return str(runtime.flow_run.id)

    own = small("viper")
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(UUID(own))
        name = FlowRunFilter(name=FlowRunFilterName(like_=f"target viper {head[:7]} 20"))
        assert [each.id for each in client.read_flow_runs(flow_run_filter=name)] == [run.id]
    assert set(run.tags) == {f"commit:{head}", "benchmark:viper"}


def test_results_tell_what_changed(tmp_path: Path) -> None:
    def measured(benchmark: str, figures: dict[str, float]) -> list[Evaluation]:
        folder = tmp_path / f"{benchmark}-0" / "rnk"
        if not folder.is_dir():
            write_evaluation(folder)
        (folder / "metrics.json").write_text(json.dumps({"MTDnet-rnk": figures}))
        return load.evaluations([folder])

    (first,) = page.results(measured("viper", {"rank-1": 0.25, "mAP": 0.5}), [])
    assert first == {
        **{"benchmark": "VIPeR", "system": "MTDnet-rnk", "splits": 1},
        **{"rank-1": "25.00", "rank-5": "-", "rank-10": "-", "mAP": "50.00"},
    }
    both = measured("viper", {"rank-1": 0.375, "rank-5": 0.5, "mAP": 0.25})
    both += measured("ilids", {"rank-1": 0.5})
    second = list(page.results(both, [first]))
    assert (second[0]["rank-1"], second[0]["mAP"]) == ("37.50 (+12.50)", "25.00 (-25.00)")
    assert second[0]["rank-5"] == "50.00", "nothing to compare with"
    assert second[1]["rank-1"] == "50.00"
    assert next(page.results(both, second))["rank-1"] == "37.50 (+0.00)"


def test_keys_are_what_prefect_takes() -> None:
    assert page._key("cmc", "My_Shop 2") == "cmc-my-shop-2"
    assert page._key("results", None) == "results"


def test_forms_are_typed_and_described(monkeypatch: pytest.MonkeyPatch) -> None:
    (benchmark,) = parameter_schema(pipeline.target).properties.values()
    assert benchmark["type"] == "string"
    assert benchmark["enum"] == plan.benchmarks(ROOT)
    assert "viper" in benchmark["enum"]
    assert "make deploy" in benchmark["description"]
    assert parameter_schema(pipeline.target).required == ["benchmark"]
    for form in parameter_schema(stage.run).properties.values():
        assert form["type"] == "string" and form["description"]

    def broken(root: Path) -> list[str]:
        raise InputError("params.yaml: no such file")

    monkeypatch.setattr(plan, "benchmarks", broken)
    assert pipeline._choice() == {}


@pytest.mark.pipeline
@pytest.mark.usefixtures("prefect_server")
def test_a_page_that_fails_fails_no_flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    logger = SimpleNamespace(warning=said.append)
    monkeypatch.setattr(pipeline, "get_run_logger", lambda: logger)

    @flow(persist_result=False)
    def small() -> str:
        pipeline._show(tmp_path, plan.Plan([], [("viper", 0, "rnk")]), None)
        return "ended"

    assert small() == "ended"
    (line,) = said
    assert line.startswith("the page lacks the results: no evaluation to report")
