"""Where MLflow keeps runs and models: below the project's folder, unless the user says where."""

import logging
import os
import re
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock

from mtdnet.errors import InputError, status
from tasks.command import ROOT

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # its own seven take minutes

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

# what goes wrong there is raised as well, and then told in one line
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)


def _project(root: Path) -> Path:
    """Return the project's folder, also for an experiment that DVC runs in a folder below it."""
    home = Path(os.environ.get("DVC_ROOT") or root)
    return home if root.is_relative_to(home / ".dvc" / "tmp") else root


PAGE = "http://127.0.0.1:5000"  # of `make mlflow`
SECONDS = 5  # a store that doesn't answer within them is not there
PROBE = "/api/2.0/mlflow/experiments/search?max_results=1"  # /health answers from a dead store too
FOLDER = _project(ROOT) / ".mlflow"
OWN = f"sqlite:///{FOLDER / 'mlflow.db'}"
LOCK = FileLock(FOLDER / "lock")  # between processes, for what one of them has to do once
ARTIFACTS = "/.mlflow/artifacts/"
# where MLflow's tables hold addresses of artifacts
ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def location() -> str:
    """Return ``MLFLOW_TRACKING_URI`` where the user has set it, else the project's own store."""
    return os.environ.get("MLFLOW_TRACKING_URI") or OWN


def page(run: Run | None = None, artefact: str = "") -> str:
    """Return the address of MLflow's page, or of a run on it, or of an artefact of that."""
    uri = location()
    base = without_secrets(uri).rstrip("/") if uri.startswith("http") else PAGE
    if run is None:  # its own front page shows traces of language models, and no runs
        return f"{base}/#/experiments?workflowType=machine_learning"
    rest = f"/artifacts/{artefact}" if artefact else ""
    return f"{base}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}{rest}"


def without_secrets(text: str) -> str:
    """Return ``text`` with no user and password in its addresses."""
    return re.sub(r"//[^/@\s]*@", "//", text)


def reason(problem: Exception) -> str:
    """Return what went wrong in the store in one line."""
    # SQLAlchemy may begin with advice on flushing; the database's own line comes after it.
    lines = [line for line in str(problem).splitlines() if not line.startswith("(raised as a")]
    first = next((line for line in lines if line.strip()), repr(problem))
    return without_secrets(first.strip())[:200]


@cache
def client() -> MlflowClient:
    """Return a client of the store, which the first to come makes.

    Raises InputError within seconds when the store is not there, is broken or lacks its driver.
    """
    uri = location()
    try:
        if uri == OWN:
            if "?" in uri:
                raise ValueError("a folder with '?' in its name can't hold it")
            with LOCK:
                _make_own()
        _reach(uri)
        made = MlflowClient(uri, registry_uri=uri)
        made.search_experiments(max_results=1)
        made.search_registered_models(max_results=1)
    except Exception as problem:  # of MLflow, SQLAlchemy, any driver or the network
        hint = "" if uri == OWN else "; see MLFLOW_TRACKING_URI"
        if isinstance(problem, ModuleNotFoundError):
            hint = "; install it"
        raise InputError(
            f"MLflow's store {without_secrets(uri)}: {reason(problem)}{hint}"
        ) from None
    return made


@contextmanager
def everywhere() -> Iterator[None]:
    """Let MLflow's functions that take no client ask this store too, in this process."""
    before = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(location())
    try:
        yield
    finally:
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]  # it takes the variable away
        if before is not None:
            os.environ["MLFLOW_TRACKING_URI"] = before


def experiment(name: str) -> str:
    """Return the id of the experiment ``name``, made when there is none.

    On a server that others may use it is called ``mtdnet/NAME``.
    """
    store = client()
    if location() != OWN:
        name = f"mtdnet/{name}"
    with LOCK:
        found = store.get_experiment_by_name(name)
        if found:
            return str(found.experiment_id)
        place = (FOLDER / "artifacts" / name).as_uri() if location() == OWN else None
        return store.create_experiment(name, artifact_location=place)


def _make_own() -> None:
    """Make the project's store, or fit it to its folder.

    MLflow's first migration leaves a store broken for good when it is killed or not alone, so it
    happens aside.
    """
    file, draft = FOLDER / "mlflow.db", FOLDER / "draft"
    if not file.exists():
        shutil.rmtree(draft, ignore_errors=True)  # of one that was killed
        draft.mkdir()
        artifacts = (FOLDER / "artifacts").as_uri()
        make: Any = SqlAlchemyStore  # it has no types
        make(f"sqlite:///{draft / file.name}", artifacts).engine.dispose()
        (draft / file.name).replace(file)
        draft.rmdir()
    engine = sa.create_engine(OWN, connect_args={"timeout": 20})
    try:
        _move_addresses(engine)
    finally:
        engine.dispose()


def _move_addresses(engine: sa.Engine) -> None:
    """Let addresses of artifacts, which MLflow stores absolute, begin with the present folder.

    So a project that was moved keeps its models, and a copied one never writes into the original.
    """
    here = (FOLDER / "artifacts").as_uri() + "/"
    with engine.begin() as connection:
        for name, key in ADDRESSES:
            table = sa.table(name, sa.column(key))
            column = table.c[key]
            rest = sa.func.substr(column, sa.func.instr(column, ARTIFACTS) + len(ARTIFACTS))
            stale = column.contains(ARTIFACTS, autoescape=True), column != sa.literal(here) + rest
            if connection.execute(sa.select(column).where(*stale).limit(1)).first():
                connection.execute(
                    sa.update(table).where(*stale).values({column: sa.literal(here) + rest})
                )


def _reach(uri: str) -> None:
    """Raise whatever tells that there is no store: MLflow itself tries for minutes."""
    scheme = uri.partition(":")[0].partition("+")[0]
    if scheme in ("http", "https"):
        try:
            page = f"{without_secrets(uri).rstrip('/')}{PROBE}"
            urllib.request.urlopen(page, timeout=SECONDS).close()  # noqa: S310 - http, as checked
        except urllib.error.HTTPError:
            return  # somebody answers; MLflow's own calls tell more
    elif scheme in ("sqlite", "postgresql", "mysql", "mssql"):
        limit = {} if scheme == "sqlite" else {"connect_timeout": SECONDS}
        engine = sa.create_engine(uri, connect_args=limit)
        try:
            sa.inspect(engine).get_table_names()
        finally:
            engine.dispose()


if __name__ == "__main__":
    sys.exit(status(client))
