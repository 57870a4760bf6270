"""Registration of trained networks: no stage's output, so DVC would skip it for a restored one."""

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from importlib.metadata import requires, version
from pathlib import Path

from mlflow.entities.model_registry import ModelVersion
from packaging.requirements import Requirement
from packaging.version import Version

import mtdnet
from mtdnet import steps
from mtdnet.files import read_json, sha256
from mtdnet.networks import header
from mtdnet.steps import Network
from tasks import runs, store

CHAMPION = "champion"


def registered(root: Path, networks: Sequence[Network]) -> Iterator[str]:
    """Register the networks below ``root`` that have a pair head, and name champions.

    Yields what was done with each.
    """
    for network in networks:
        model = root / steps.model(*network)
        if answers(model):
            yield register_one(model, network)


def unregistered(root: Path, networks: Sequence[Network]) -> list[Network]:
    """Return the networks that ``registered`` would give a version; nothing is written."""
    if store.location() == store.OWN and not (store.FOLDER / "mlflow.db").is_file():
        return [each for each in networks if answers(root / steps.model(*each))]
    return [
        network
        for network in networks
        if answers(model := root / steps.model(*network))
        and not _versions(f"mtdnet-{network[0]}", sha256(model / "network.safetensors"))
    ]


def answers(model: Path) -> bool:
    """Tell whether the network of a model folder answers "same person?": it has a pair head."""
    return bool(header.read(model / "network.safetensors")["kind"] == "MTDnet")


def register_one(model: Path, network: Network) -> str:
    """Register a model folder as a version of ``mtdnet-{benchmark}``; return what was done.

    The same network, by its hash, is registered once. The alias ``champion`` moves only to a
    version whose rank-1 on validation persons is better than the champion's: test figures choose
    nothing.
    """
    client, name = store.client(), f"mtdnet-{network[0]}"
    own = sha256(model / "network.safetensors")
    with store.LOCK:
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        known = _versions(name, own)
        made = known[0] if known else _add_version(name, network, model)
        done = f"{name}: version {made.version} {'is known' if known else 'registered'}"
        present = client.get_registered_model(name).aliases.get(CHAMPION)
        if present and str(present) == str(made.version):
            return f"{done}; champion"
        if present and _rank1(made) <= _rank1(client.get_model_version(name, present)):
            return f"{done}; champion stays version {present}"
        client.set_registered_model_alias(name, CHAMPION, str(made.version))
        return f"{done}; now champion"


def _add_version(name: str, network: Network, model: Path) -> ModelVersion:
    """Save the network and the code that it needs as an MLflow model, and register that."""
    from mlflow import pyfunc  # seconds, and most runs register nothing
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    signature = ModelSignature(
        inputs=Schema([ColSpec(DataType.string, "left"), ColSpec(DataType.string, "right")]),
        outputs=Schema([ColSpec(DataType.float, "probability")]),
    )
    run_id, file = runs.of_network(network, model), model / "network.safetensors"
    told = read_json(model / "training.json")
    with tempfile.TemporaryDirectory() as room, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*input example")  # it would be run, on files
        pyfunc.save_model(
            Path(room, "model"),
            python_model=str(Path(__file__).with_name("model_code.py")),
            artifacts={"network": str(file)},
            code_paths=[str(Path(mtdnet.__file__).parent)],
            signature=signature,
            pip_requirements=_pinned(),
        )
        store.client().log_artifacts(run_id, str(Path(room, "model")), "model")
    tags = {
        runs.NETWORK: sha256(file),
        "variant": network[2],
        "split": str(network[1]),
        "validation_rank1": str(told["validation_rank1"]),
        "commit": str(told["commit"]),
    }
    source = f"runs:/{run_id}/model"
    return store.client().create_model_version(name, source, run_id=run_id, tags=tags)


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
