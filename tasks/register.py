"""Registration of trained networks: no stage's output, so DVC would skip it for a restored one."""

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from importlib.metadata import requires, version
from pathlib import Path

from mlflow.artifacts import list_artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from packaging.requirements import Requirement
from packaging.version import Version

import mtdnet
from mtdnet import steps
from mtdnet.artifacts import TrainingRecord
from mtdnet.errors import InputError
from mtdnet.files import sha256
from mtdnet.networks import header
from mtdnet.steps import Network
from tasks import runs, store

CHAMPION = "champion"
FILE = "network.safetensors"


def registered(root: Path, networks: Sequence[Network]) -> Iterator[str]:
    """Register the networks below ``root`` that have a pair head, and name champions.

    Yields what was done with each. MLflow runs that a killed training left are ended. Raises
    InputError when MLflow's store fails.
    """
    try:
        runs.end_dead()
        for network in networks:
            model = root / steps.model(*network)
            if answers(model):
                yield register_one(model, network)
    except MlflowException as problem:
        raise InputError(f"not registered: {store.reason(problem)}; run the flow again") from None


def unregistered(root: Path, networks: Sequence[Network]) -> list[Network]:
    """Return the networks that ``registered`` would give a version; nothing is written."""
    if store.location() == store.OWN and not (store.FOLDER / "mlflow.db").is_file():
        return [each for each in networks if answers(root / steps.model(*each))]
    lacking = []
    for network in networks:
        if answers(model := root / steps.model(*network)):
            known = _versions(f"mtdnet-{network[0]}", sha256(model / FILE))
            if not known or not _holds_network(known[0]):
                lacking.append(network)
    return lacking


def answers(model: Path) -> bool:
    """Tell whether the network of a model folder answers "same person?": it has a pair head."""
    return header.read(model / FILE).kind == "MTDnet"


def register_one(model: Path, network: Network) -> str:
    """Register a model folder as a version of ``mtdnet-{benchmark}``; return what was done.

    The same network, by its hash, is registered once. The alias ``champion`` moves only to a
    version whose rank-1 on validation persons is better than the champion's: test figures choose
    nothing.
    """
    client, name = store.client(), f"mtdnet-{network[0]}"
    own = sha256(model / FILE)
    with store.LOCK:
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        known = _versions(name, own)
        made = known[0] if known else _add_version(name, network, model)
        done = f"{name}: version {made.version} {'is known' if known else 'registered'}"
        if known and not _holds_network(made):
            _log_model(made.run_id or runs.of_network(network, model), model)
            done = f"{name}: version {made.version} was not there; written again"
        present = client.get_registered_model(name).aliases.get(CHAMPION)
        if present and str(present) == str(made.version):
            return f"{done}; champion"
        if present and _rank1(made) <= _rank1(client.get_model_version(name, present)):
            return f"{done}; champion stays version {present}"
        client.set_registered_model_alias(name, CHAMPION, str(made.version))
        return f"{done}; now champion"


def _add_version(name: str, network: Network, model: Path) -> ModelVersion:
    """Register a model folder's network as MLflow's model of the run that trained it."""
    record, run_id = TrainingRecord.read(model), runs.of_network(network, model)
    _log_model(run_id, model)
    tags = {
        runs.NETWORK: sha256(model / FILE),
        "variant": network[2],
        "split": str(network[1]),
        "validation_rank1": str(record.validation_rank1),
        "commit": record.commit,
    }
    source = f"runs:/{run_id}/model"
    return store.client().create_model_version(name, source, run_id=run_id, tags=tags)


def _holds_network(made: ModelVersion) -> bool:
    """Tell whether a version's network is where the registry says."""
    place = store.client().get_model_version_download_uri(made.name, made.version)
    files = list_artifacts(artifact_uri=f"{place}/artifacts", tracking_uri=store.location())
    return any(Path(file.path).name == FILE for file in files)


def _log_model(run_id: str, model: Path) -> None:
    """Save the network and the code that it needs as an MLflow model of a run."""
    from mlflow import pyfunc  # seconds, and most runs register nothing
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    signature = ModelSignature(
        inputs=Schema([ColSpec(DataType.string, "left"), ColSpec(DataType.string, "right")]),
        outputs=Schema([ColSpec(DataType.float, "probability")]),
    )
    with tempfile.TemporaryDirectory() as room, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*input example")  # it would be run, on files
        pyfunc.save_model(
            Path(room, "model"),
            python_model=str(Path(__file__).with_name("model_code.py")),
            artifacts={"network": str(model / FILE)},
            code_paths=[str(Path(mtdnet.__file__).parent)],
            signature=signature,
            pip_requirements=_pinned(),
        )
        store.client().log_artifacts(run_id, str(Path(room, "model")), "model")


def _versions(name: str, sha256: str) -> list[ModelVersion]:
    """Return the registered version of the network with this hash, if there is one."""
    same = f"name = '{name}' and tags.{runs.NETWORK} = '{sha256}'"
    return list(store.client().search_model_versions(same, max_results=1))


def _rank1(made: ModelVersion) -> float:
    return float(made.tags["validation_rank1"])


def _pinned() -> list[str]:
    """Return what ``mtdnet`` requires, and what a model's table needs, at the versions here."""
    names = [Requirement(line) for line in requires("mtdnet") or []]
    needed = [each.name for each in names if each.marker is None] + ["mlflow", "pandas"]
    return [f"{each}=={Version(version(each)).public}" for each in needed]
