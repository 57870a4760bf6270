"""MLflow runs: one a training, in the experiment of its benchmark; its test joins the same run."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from ruamel.yaml import YAML

from mtdnet import steps
from mtdnet.errors import Stopped
from mtdnet.files import read_json, sha256
from mtdnet.provenance import commit, fingerprint, inputs
from mtdnet.steps import Network
from tasks.store import client, experiment

FLUSH_SECONDS = 10.0
# numbers of a training that are no figures
SETTINGS = ("seed", "width", "bf16", "processes", "compiled")
NETWORK = "network_sha256"  # the tag by which a test finds its training


class Rows:
    """Rows of a history on their way into a run, some at a time."""

    def __init__(self, run: str) -> None:
        """Continue the run's history, if it has any, after its last row."""
        self._run = run
        logged = client().get_metric_history(run, "validation_rank1")
        self._last = max((metric.step for metric in logged), default=0)
        self._metrics: list[Metric] = []
        self._flushed = time.monotonic()

    def add(self, row: Mapping[str, float]) -> None:
        """Take a row with its ``step``, unless the run has it already."""
        step, now = int(row["step"]), int(time.time() * 1000)
        if step > self._last:
            values = {key: float(value) for key, value in row.items() if key != "step"}
            self._metrics += [Metric(key, value, now, step) for key, value in values.items()]
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what was taken since the last time."""
        for start in range(0, len(self._metrics), 1000):  # more in a batch are refused
            client().log_batch(self._run, metrics=self._metrics[start : start + 1000])
        self._metrics, self._flushed = [], time.monotonic()


@contextmanager
def training(
    network: Network, settings: Mapping[str, Any], origin: Path | None = None
) -> Iterator[Callable[[Mapping[str, float]], None]]:
    """Record the training of a network with ``settings``, from the weights file ``origin``.

    Yields what takes the rows of its history. The run is FINISHED with the network's hash when the
    block ends, KILLED when it was stopped, FAILED when it broke. A training of the same settings
    and inputs that didn't finish goes on in its own run. InputError when an input is missing.
    """
    benchmark, split, variant = network
    model = steps.model(*network)
    files = inputs(steps.ingested(benchmark), steps.augmented(benchmark, split), origin)
    told = {"variant": variant} | {key: str(value) for key, value in settings.items()}
    mark = fingerprint(told, files)
    store, place = client(), experiment(benchmark)
    query = f"tags.training = '{mark}' and attributes.status != 'FINISHED'"
    found = store.search_runs([place], query, max_results=1)
    run = found[0] if found else store.create_run(place, run_name=_name(network))
    run_id = run.info.run_id
    store.update_run(run_id, status="RUNNING")
    tags = {
        "training": mark,
        "variant": variant,
        "split": str(split),
        "mlflow.source.git.commit": commit(),
        "prefect_flow_run": os.environ.get("MTDNET_FLOW_RUN", ""),
    }
    store.log_batch(
        run_id,
        params=[Param(key, str(value)) for key, value in settings.items()],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )
    _log_dataset(run_id, benchmark)
    rows, status = Rows(run_id), "FAILED"
    try:
        yield rows.add
        told = read_json(model / "training.json")
        numbers = {key: v for key, v in told.items() if isinstance(v, int | float)}
        words = {key: v for key, v in told.items() if isinstance(v, str)}
        store.log_batch(run_id, tags=[RunTag(key, v) for key, v in words.items()])
        params = [Param(key, str(numbers.pop(key))) for key in SETTINGS if key in numbers]
        store.log_batch(run_id, params=params)
        _log_figures(run_id, {f"training/{key}": v for key, v in numbers.items()})
        store.set_tag(run_id, NETWORK, sha256(model / "network.safetensors"))
        status = "FINISHED"
    except (Stopped, KeyboardInterrupt, SystemExit):
        status = "KILLED"
        raise
    finally:
        rows.flush()
        store.set_terminated(run_id, status)


def of_network(network: Network, model: Path) -> str:
    """Return the id of the run that trained a network, or of a new one when it's not known here.

    ``model``: its folder. It is not known when it was trained elsewhere, or restored by DVC.
    """
    benchmark, split, variant = network
    store, place = client(), experiment(benchmark)
    own = sha256(model / "network.safetensors")
    found = store.search_runs([place], f"tags.{NETWORK} = '{own}'", max_results=1)
    if found:
        return str(found[0].info.run_id)
    tags = {NETWORK: own, "variant": variant, "split": str(split)}
    run = store.create_run(place, run_name=_name(network), tags=tags)
    store.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def _name(network: Network) -> str:
    return "{}-{}-{}".format(*network)


def test(network: Network) -> None:
    """Add a network's test figures and pictures to the run that trained it."""
    run_id, evaluation = of_network(network, steps.model(*network)), steps.evaluation(*network)
    found = read_json(evaluation / "metrics.json")
    figures = {
        f"test/{system}/{name}": value
        for system, values in found.items()
        for name, value in values.items()
    }
    _log_figures(run_id, figures)
    for picture in sorted(evaluation.glob("pictures/*.png")):
        client().log_artifact(run_id, str(picture), "test")


def data_hash(benchmark: str) -> str | None:
    """Return DVC's hash of what a benchmark was ingested from; None when DVC didn't run it."""
    lock = Path("dvc.lock")
    if not lock.is_file():
        return None
    stages = YAML(typ="safe").load(lock).get("stages", {})
    deps = stages.get(f"ingest@{benchmark}", {}).get("deps", [])
    return next((dep["md5"] for dep in deps if dep["path"] == f"data/{benchmark}"), None)


def _log_dataset(run_id: str, benchmark: str) -> None:
    digest = data_hash(benchmark)
    if digest:
        source = CodeDatasetSource({"dvc": f"data/{benchmark}"}).to_json()
        dataset = Dataset(name=benchmark, digest=digest, source_type="code", source=source)
        context = InputTag("mlflow.data.context", "training")
        client().log_inputs(run_id, [DatasetInput(dataset, tags=[context])])


def _log_figures(run_id: str, figures: Mapping[str, float]) -> None:
    now = int(time.time() * 1000)
    metrics = [Metric(key, float(value), now, 0) for key, value in figures.items()]
    client().log_batch(run_id, metrics=metrics)
