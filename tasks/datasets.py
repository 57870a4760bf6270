"""The data of a training or a test in its MLflow run, by DVC's hash."""

from pathlib import Path
from typing import Literal

from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.entities import Dataset, DatasetInput, InputTag

from tasks import dvc_lock
from tasks.store import client


def data_hash(benchmark: str, root: Path = Path()) -> str | None:
    """Return DVC's hash of what a benchmark was ingested from; None when DVC didn't run it.

    ``root``: the project's folder.
    """
    lock = root / "dvc.lock"
    if not lock.is_file():
        return None
    with dvc_lock.unwritten(root):
        text = lock.read_text(encoding="utf-8")
    stages = dvc_lock.content(text).get("stages", {})
    deps = stages.get(f"ingest@{benchmark}", {}).get("deps", [])
    return next((dep["md5"] for dep in deps if dep["path"] == f"data/{benchmark}"), None)


def log(run_id: str, benchmark: str, context: Literal["training", "test"]) -> None:
    """Log the data of a training, or of its test, with DVC's hash, where DVC has one."""
    digest = data_hash(benchmark)
    if digest:
        source = CodeDatasetSource({"dvc": f"data/{benchmark}"}).to_json()
        name = benchmark if context == "training" else f"{benchmark}-{context}"
        dataset = Dataset(name=name, digest=digest, source_type="code", source=source)
        tag = InputTag("mlflow.data.context", context)
        client().log_inputs(run_id, [DatasetInput(dataset, tags=[tag])])
