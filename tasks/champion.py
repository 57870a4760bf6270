"""The champion of a registered model: why it is, back to the one before, or by a person's word.

``mtdnet champion MODEL --why``, ``--undo``, or ``--take VERSION``.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException
from pydantic import BaseModel, TypeAdapter, ValidationError

from mtdnet.commands.parser import Parser
from mtdnet.errors import InputError
from tasks import download_model, logged_model, store

CHAMPION, CHALLENGER = "champion", "challenger"
HISTORY = "champions"  # the registered model's tag: all that have been, the present one last
VERDICT, WHY, EVIDENCE = "verdict", "why", "evidence"  # a version's tags
UNDONE = "undone"  # a verdict: a person has taken it back


class Reign(BaseModel):
    """A version that was made champion, when, and why."""

    version: str
    date: str
    why: str


REIGNS = TypeAdapter(list[Reign])


def present(name: str) -> str | None:
    """Return the version that is champion of a registered model, None where there is none."""
    version = store.client().get_registered_model(name).aliases.get(CHAMPION)
    return str(version) if version else None


def history(name: str) -> list[Reign]:
    """Return all that were made champion, without those that were taken back; the last one is.

    A champion that somebody named in MLflow's own pages stands there too. Raises InputError when
    somebody has changed the tag that holds them.
    """
    reigns, now = _recorded(name), present(name)
    if now and (not reigns or reigns[-1].version != now):
        reigns.append(Reign(version=now, date="", why="named in MLflow, without evidence"))
    return reigns


def settled(made: ModelVersion) -> bool:
    """Tell whether a version was judged, and all is written where it was to be champion."""
    name, version = made.name, str(made.version)
    if (verdict := made.tags.get(VERDICT)) == CHAMPION:
        return version in {reign.version for reign in _recorded(name)}
    return verdict is not None or present(name) == version


def crown(name: str, version: str, why: str) -> None:
    """Make a version champion; the history comes last, for ``settled``."""
    before = history(name)
    if present(name) == version:  # named by one that was killed before the rest
        before.pop()
    if str(store.client().get_registered_model(name).aliases.get(CHALLENGER)) == version:
        store.client().delete_registered_model_alias(name, CHALLENGER)
    _write(name, [*before, Reign(version=version, date=_today(), why=why)])


def take(name: str, version: str) -> str:
    """Make a version champion by a person's word; InputError when there is no such version."""
    with store.LOCK:
        made = _version(name, version)
        if present(name) == version:
            raise InputError(f"{name}: version {version} is champion already")
        crown(name, version, "a person's word")
        _note(made, CHAMPION, f"a person's word on {_today()}; before: {made.tags.get(WHY, '-')}")
    with TemporaryDirectory() as room:
        network = download_model.network(f"models:/{name}/{version}", Path(room))
        lack = logged_model.add_onnx(made, network)
    return f"{name}: version {version} is champion now; `--undo` takes it back{lack}"


def undo(name: str) -> str:
    """Make the champion before the present one champion again; InputError when there is none."""
    with store.LOCK:
        _model(name)
        reigns = history(name)
        if len(reigns) < 2:
            raise InputError(f"{name}: no champion before this one to go back to")
        last = reigns.pop()
        back = _version(name, reigns[-1].version).version
        _note(_version(name, last.version), UNDONE, f"taken back on {_today()}: {last.why}")
        _write(name, reigns)
    return f"{name}: version {back} is champion again, version {last.version} no more"


def why(name: str) -> str:
    """Return who is champion, since when and why, who was before, and what waits for a word."""
    model, reigns = _model(name), history(name)
    lines = [f"{name}: no champion"] if not reigns else []
    for place, reign in enumerate(reversed(reigns)):
        since = f", since {reign.date}" if reign.date else ""
        title = f"{name}: version {reign.version} is champion{since}"
        lines.append(title if not place else f"before: version {reign.version}{since}")
        lines.append(f"  {reign.why}")
    if waiting := model.aliases.get(CHALLENGER):
        made = _version(name, str(waiting))
        lines.append(f"challenger: version {waiting}, {made.tags.get(VERDICT, 'not judged')}")
        lines.append(f"  {made.tags.get(WHY, '')}")
        lines.append(f"  take it: `mtdnet champion {name} --take {waiting}`")
    if reigns and (file := _version(name, reigns[-1].version).tags.get(EVIDENCE)):
        lines.append(f"evidence: {file}")
    return "\n".join(lines)


def answer(words: Sequence[str]) -> str:
    """Do what the words say, and return what was done; InputError when that can't be."""
    parser = Parser(prog="mtdnet champion", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", metavar="MODEL", help="a registered model, as mtdnet-viper")
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--why", action="store_true", help="who is champion, and why")
    choice.add_argument("--undo", action="store_true", help="back to the champion before")
    choice.add_argument("--take", metavar="VERSION", help="make this version champion")
    given = parser.parse_args(words)
    try:
        if given.take:
            return take(given.model, given.take)
        return undo(given.model) if given.undo else why(given.model)
    except MlflowException as problem:
        raise InputError(f"{given.model}: {store.reason(problem)}") from None


def _recorded(name: str) -> list[Reign]:
    model: RegisteredModel = store.client().get_registered_model(name)
    try:
        return REIGNS.validate_json(model.tags.get(HISTORY, "[]"))
    except ValidationError:
        raise InputError(
            f"{name}: its tag '{HISTORY}' is not what was written there; delete it in MLflow"
        ) from None


def _write(name: str, reigns: list[Reign]) -> None:
    """Name the last of them champion, and keep the history."""
    client = store.client()
    client.set_registered_model_alias(name, CHAMPION, reigns[-1].version)
    client.set_registered_model_tag(name, HISTORY, REIGNS.dump_json(reigns).decode())


def _note(made: ModelVersion, verdict: str, why: str) -> None:
    client = store.client()
    client.set_model_version_tag(made.name, made.version, VERDICT, verdict)
    client.set_model_version_tag(made.name, made.version, WHY, why)


def _model(name: str) -> RegisteredModel:
    try:
        return store.client().get_registered_model(name)
    except MlflowException:
        known = ", ".join(each.name for each in store.client().search_registered_models())
        raise InputError(f"no registered model '{name}'; known: {known or 'none'}") from None


def _version(name: str, version: str) -> ModelVersion:
    _model(name)
    try:
        return store.client().get_model_version(name, version)
    except MlflowException:
        raise InputError(f"{name}: no version {version}") from None


def _today() -> str:
    return date.today().isoformat()
