"""One run a training, whatever becomes of it, joined by its test."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from mtdnet.errors import InputError, Stopped
from mtdnet.files import sha256
from tasks import runs
from tasks.store import experiment

Trained = Callable[[str, float, int], Path]
NETWORK = "viper", 0, "mtdnet"
SETTINGS: dict[str, object] = {"steps": 40, "rate": 0.01, "weights": None, "seed": 1}
ROWS = [
    {"step": 20, "triplet_loss": 0.5, "pair_loss": 0.69, "validation_rank1": 0.25},
    {"step": 40, "triplet_loss": 0.4, "pair_loss": 0.6, "validation_rank1": 0.5},
]
LOCK = """
schema: '2.0'
stages:
  ingest@viper:
    cmd: python -m tasks.ingest --benchmark viper
    deps:
    - {path: data/viper, hash: md5, md5: 0123456789abcdef0123456789abcdef.dir}
    - {path: mtdnet/data, hash: md5, md5: ffffffffffffffffffffffffffffffff.dir}
"""


@pytest.fixture
def inputs(own_store: MlflowClient, tmp_path: Path) -> MlflowClient:
    """Put files in the places of a training's inputs."""
    for name in ("ingest/viper/images", "augment/viper-0/split", "augment/viper-0/triplets"):
        file = tmp_path / "results" / f"{name}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return own_store


def only_run(client: MlflowClient) -> Run:
    (run,) = client.search_runs([experiment("viper")])
    return run


def history(client: MlflowClient, run: Run, key: str) -> list[tuple[int, float]]:
    return [(each.step, each.value) for each in client.get_metric_history(run.info.run_id, key)]


def test_training_and_its_test_are_one_run(
    inputs: MlflowClient,
    tmp_path: Path,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MTDNET_FLOW_RUN", "flow-1")
    (tmp_path / "dvc.lock").write_text(LOCK)
    with runs.training(NETWORK, SETTINGS) as observe:
        observe(ROWS[0])
        observe(ROWS[1])
        model = trained("viper-0/mtdnet", 0.5, 1)
    run = only_run(inputs)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "viper-0-mtdnet"
    settings = {"steps": "40", "rate": "0.01", "weights": "None", "seed": "1"}
    assert run.data.params.items() >= settings.items()
    assert history(inputs, run, "triplet_loss") == [(20, 0.5), (40, 0.4)]
    assert history(inputs, run, "validation_rank1") == [(20, 0.25), (40, 0.5)]
    assert run.data.metrics["training/best_step"] == 20
    assert run.data.tags["prefect_flow_run"] == "flow-1"
    assert run.data.tags["commit"] == "c0ffee"
    assert run.data.tags["network_sha256"] == sha256(model / "network.safetensors")
    assert run.inputs is not None
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.name == "viper"
    assert dataset.dataset.digest == "0123456789abcdef0123456789abcdef.dir"

    evaluation = tmp_path / "results" / "evaluate" / "viper-0" / "mtdnet"
    (evaluation / "pictures").mkdir(parents=True)
    found = {"MTDnet": {"rank-1": 0.75, "mAP": 0.8}, "MTDnet-trp": {"rank-1": 0.5}}
    (evaluation / "metrics.json").write_text(json.dumps(found))
    (evaluation / "pictures" / "cmc.png").write_bytes(b"picture")
    runs.test(NETWORK)
    run = only_run(inputs)  # still one
    assert run.data.metrics["test/MTDnet/rank-1"] == 0.75
    assert run.data.metrics["test/MTDnet-trp/rank-1"] == 0.5
    assert [file.path for file in inputs.list_artifacts(run.info.run_id, "test")] == [
        "test/cmc.png"
    ]


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (Stopped("stopped at step 20"), "KILLED"),
        (KeyboardInterrupt(), "KILLED"),
        (RuntimeError("out of memory"), "FAILED"),
    ],
)
def test_unfinished_training_goes_on_in_its_run(
    end: BaseException,
    status: str,
    inputs: MlflowClient,
    trained: Trained,
) -> None:
    with pytest.raises(type(end)), runs.training(NETWORK, SETTINGS) as observe:
        observe(ROWS[0])
        raise end
    assert only_run(inputs).info.status == status
    with runs.training(NETWORK, SETTINGS) as observe:
        for row in ROWS:  # a training that continues tells its earlier rows again
            observe(row)
        trained("viper-0/mtdnet", 0.5, 1)
    run = only_run(inputs)
    assert run.info.status == "FINISHED"
    assert history(inputs, run, "pair_loss") == [(20, 0.69), (40, 0.6)]


def test_other_settings_or_inputs_are_another_run(inputs: MlflowClient, tmp_path: Path) -> None:
    def stop(settings: dict[str, object]) -> None:
        with pytest.raises(Stopped), runs.training(NETWORK, settings):
            raise Stopped

    stop(SETTINGS)
    stop(SETTINGS | {"rate": 0.02})
    (tmp_path / "results" / "augment" / "viper-0" / "triplets.parquet").write_text("others")
    stop(SETTINGS)
    with pytest.raises(Stopped), runs.training(("viper", 0, "cls"), SETTINGS):
        raise Stopped
    assert len(inputs.search_runs([experiment("viper")])) == 4


def test_network_from_elsewhere_gets_a_run(inputs: MlflowClient, trained: Trained) -> None:
    model = trained("viper-0/mtdnet", 0.5, 1)
    first = runs.of_network(NETWORK, model)
    assert first == runs.of_network(NETWORK, model)
    assert only_run(inputs).info.status == "FINISHED"


def test_missing_input_is_named_and_leaves_no_run(inputs: MlflowClient, tmp_path: Path) -> None:
    (tmp_path / "results" / "augment" / "viper-0" / "split.parquet").unlink()
    with (
        pytest.raises(InputError, match=r"split\.parquet: no such file"),
        runs.training(NETWORK, SETTINGS),
    ):
        pass
    assert inputs.search_runs([experiment("viper")]) == []


def test_without_dvc_there_is_no_hash(inputs: MlflowClient) -> None:
    assert runs.data_hash("viper") is None
