"""Registration of trained networks: no stage's output, so DVC would skip it for a restored one."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from mtdnet import steps
from mtdnet.artifacts import TrainingRecord
from mtdnet.errors import InputError
from mtdnet.files import sha256
from mtdnet.networks import header
from mtdnet.networks.header import FILE
from mtdnet.steps import Network
from tasks import champion, logged_model, model_card, promotion, runs, store


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
                yield register_one(model, network, root)
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
            whole = known and logged_model.holds_network(known[0])
            if not whole or not champion.settled(known[0]):
                lacking.append(network)
    return lacking


def answers(model: Path) -> bool:
    """Tell whether the network of a model folder answers "same person?": it has a pair head."""
    return header.read(model / FILE).kind == "MTDnet"


def register_one(model: Path, network: Network, root: Path = Path()) -> str:
    """Register a model folder as a version of ``mtdnet-{benchmark}``; return what was done.

    The same network, by its hash, is registered once, and judged once (``tasks.promotion``), by the
    data below the project's folder ``root``: it becomes ``champion``, or stays ``challenger``. A
    champion gets its ONNX form beside it.
    """
    client, name = store.client(), f"mtdnet-{network[0]}"
    own = sha256(model / FILE)
    with store.LOCK:
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        known = _versions(name, own)
        made = known[0] if known else _add_version(name, network, model, root)
        done = f"{name}: version {made.version} {'is known' if known else 'registered'}"
        if known and not logged_model.holds_network(made):
            logged_model.write_again(made, model)
            done = f"{name}: version {made.version} was not there; written again"
        stays = champion.present(name)
        settled = champion.settled(made)
        if stays != str(made.version):
            if settled:
                return f"{done}; champion stays version {stays}"
            client.set_registered_model_alias(name, champion.CHALLENGER, made.version)
        elif not settled:  # whoever named it was killed before the rest
            champion.crown(name, stays, made.tags[champion.WHY])
    if stays == str(made.version):
        return f"{done}; champion{logged_model.add_onnx(made, model / FILE)}"
    # outside of the lock: these take a while
    verdict = promotion.judged(model, network, root, made)
    wins = verdict.verdict == "champion"
    lack = logged_model.add_onnx(made, model / FILE) if wins else ""
    with store.LOCK:
        if champion.present(name) != verdict.against:
            return f"{done}; somebody named another champion meanwhile, and the next flow judges"
        promotion.keep(made, verdict)
        if wins:
            champion.crown(name, str(made.version), verdict.why)
            return f"{done}; now champion: {verdict.why}{lack}"
    word = f"; `mtdnet champion {name} --take {made.version}` is a person's word"
    return (
        f"{done}; champion stays version {verdict.against}: {verdict.why}"
        f"{word if verdict.verdict == 'undecided' else ''}"
    )


def _add_version(name: str, network: Network, model: Path, root: Path) -> ModelVersion:
    """Register a network as MLflow's model of the run that trained it."""
    run_id, card = runs.of_network(network, model), model_card.write(model, network, root)
    tags = card.tags | {runs.NETWORK: sha256(model / FILE)}
    promotion.log_persons(run_id, network, root, TrainingRecord.read(model))
    model_id = logged_model.log(run_id, model, tags)
    curve = root / steps.evaluation(*network) / "pictures" / "cmc.png"
    logged_model.add_card(model_id, card.text, curve)
    return logged_model.make_version(name, model_id, run_id, tags, card.text)


def _versions(name: str, sha256: str) -> list[ModelVersion]:
    """Return the registered version of the network with this hash, if there is one."""
    same = f"name = '{name}' and tags.{runs.NETWORK} = '{sha256}'"
    return list(store.client().search_model_versions(same, max_results=1))
