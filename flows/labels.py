"""How a flow run is found again: its name and its tags."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from uuid import UUID

from prefect import runtime
from prefect.client.orchestration import get_client

from flows.environment import ROOT
from mtdnet.provenance import commit
from tasks import datasets

SHORT = 7  # digits of a commit, as git shows it
DIGITS = 12  # of the data's hash


def name() -> str:
    """Return the name of the flow run that begins: ``target viper 1a2b3c4 2026-11-28 20:15``.

    A ``+`` after the commit: there are changes that it hasn't.
    """
    benchmark = runtime.flow_run.parameters.get("benchmark")
    known = commit(ROOT)
    parts = [
        runtime.flow_run.flow_name,
        benchmark,
        known[:SHORT] + known[40:] if known else None,
        f"{datetime.now().astimezone():%Y-%m-%d %H:%M}",
    ]
    return " ".join(filter(None, parts))


def begun(root: Path, benchmarks: Iterable[str]) -> set[str]:
    """Return the tags of a flow run that begins: its commit, and each benchmark."""
    known = commit(root)
    return {*([f"commit:{known}"] if known else []), *(f"benchmark:{each}" for each in benchmarks)}


def made(root: Path, benchmarks: Iterable[str]) -> set[str]:
    """Return tags that tell what data the figures are of: DVC's hash of each benchmark."""
    hashes = {each: datasets.data_hash(each, root) for each in benchmarks}
    return {f"data:{each}:{found[:DIGITS]}" for each, found in hashes.items() if found}


def add(tags: Iterable[str]) -> None:
    """Give the running flow's run more tags; the page finds runs by them."""
    own = UUID(str(runtime.flow_run.id))
    with get_client(sync_client=True) as client:
        present = client.read_flow_run(own).tags
        client.update_flow_run(own, tags=sorted({*present, *tags}))
