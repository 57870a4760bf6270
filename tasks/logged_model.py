"""A network as MLflow's model of the run that trained it, with its card and its CMC curve."""

import json
import tempfile
from pathlib import Path

import mlflow
from mlflow.artifacts import list_artifacts
from mlflow.entities.model_registry import ModelVersion

from mtdnet.errors import InputError
from mtdnet.networks.header import FILE
from tasks import served_model, store

CARD = "card"  # folder of the model: its card, and the picture of its CMC curve
ONNX = "onnx"  # folder of a champion's run: its parts for programs without torch; and the tag


def log(run_id: str, model: Path, tags: dict[str, str]) -> str:
    """Log a model folder's network as a model of a run; return the model's id.

    MLflow gives it the run's parameters and figures.
    """
    from mlflow import pyfunc  # seconds, and most flows register nothing

    with store.everywhere(), mlflow.start_run(run_id=run_id, log_system_metrics=False):
        info = pyfunc.log_model(name="mtdnet", tags=tags, **served_model.parts(model))
    return str(info.model_id)


def add_card(model_id: str, card: str, curve: Path) -> None:
    """Put a model's card, and the picture of its CMC curve where there is one, beside it."""
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room, CARD)  # older MLflows take no name of a folder to write to
        folder.mkdir()
        (folder / "card.md").write_text(card, encoding="utf-8")
        if curve.is_file():
            (folder / curve.name).write_bytes(curve.read_bytes())
        store.client().log_model_artifacts(model_id, room)


def add_onnx(made: ModelVersion, network: Path) -> str:
    """Keep the ONNX form of a version's network with its run; the version's tag says where.

    Not with the model: whoever loads that would fetch both. Returns "", or what is to be said: a
    champion is named where ONNX is not installed, too.
    """
    if ONNX in made.tags:
        return ""
    from mtdnet.inference.onnx_export import export  # torch: only who makes a champion waits for it

    place = f"{ONNX}/{made.name}-{made.version}"
    with tempfile.TemporaryDirectory() as room:
        try:
            export(network, Path(room, ONNX))
        except InputError as problem:
            return f"; without its ONNX form ({problem})"
        store.client().log_artifacts(str(made.run_id), str(Path(room, ONNX)), place)
    address = f"runs:/{made.run_id}/{place}"
    store.client().set_model_version_tag(made.name, made.version, ONNX, address)
    return ""


def make_version(
    name: str, model_id: str, run_id: str, tags: dict[str, str], card: str
) -> ModelVersion:
    """Make a logged model a version of a registered one; each names the other."""
    client, source = store.client(), f"models:/{model_id}"
    with store.everywhere():
        made = client.create_model_version(
            name, source, run_id=run_id, tags=tags, description=card, model_id=model_id
        )
    known = json.dumps([{"name": name, "version": made.version}])
    client.set_logged_model_tags(model_id, {"mlflow.modelVersions": known})
    return made


def holds_network(made: ModelVersion) -> bool:
    """Tell whether a version's network is where the registry says."""
    place = store.client().get_model_version_download_uri(made.name, made.version)
    files = list_artifacts(artifact_uri=f"{place}/artifacts", tracking_uri=store.location())
    return any(Path(file.path).name == FILE for file in files)


def write_again(made: ModelVersion, model: Path) -> None:
    """Write what a version lacks where the registry says that it is."""
    from mlflow import pyfunc

    source, folder = str(made.source), "model"
    with tempfile.TemporaryDirectory() as room:
        pyfunc.save_model(Path(room, folder), **served_model.parts(model))
        if source.startswith("models:/"):
            model_id = source.removeprefix("models:/")
            store.client().log_model_artifacts(model_id, str(Path(room, folder)))
        else:  # of a run, as versions were once
            store.client().log_artifacts(str(made.run_id), str(Path(room, folder)), folder)
