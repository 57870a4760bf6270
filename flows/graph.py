"""The graph of stages, as DVC has it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo import Repo

from mtdnet.errors import InputError
from tasks import dvc_lock

BUSY = "another DVC is at work"
NEVER_RUN = ("params.yaml", "new")


@dataclass(frozen=True)
class Stage:
    """A stage of ``dvc.yaml`` or a ``.dvc`` file, by the name that ``dvc repro`` takes.

    ``upstream``: names of the stages whose outputs it reads; ``outs``: its own, relative to the
    project's folder; ``gpu``: its ``meta`` asks for one; ``reasons``: what DVC finds changed;
    ``fresh``: nothing of it, nor of what it builds on; ``alone``: no other with ``gpu`` can run
    beside it.
    """

    name: str
    upstream: tuple[str, ...]
    outs: tuple[str, ...]
    gpu: bool
    reasons: tuple[str, ...] = ()
    fresh: bool = False
    alone: bool = False


def stages(root: Path, *, look: bool = True) -> list[Stage]:
    """Return all stages of the project at ``root``, every one after its upstream ones.

    Without ``look``, nobody asks what has changed, and they stand as fresh.

    Data that no stage reads, as the released network, are none: they may not have been fetched.
    Raises InputError when ``dvc.yaml`` or the parameters that it names can't be read.
    """
    try:
        with Repo(str(root)) as repo:
            with dvc_lock.unwritten(root):
                graph = _work(repo)
            top = Path(repo.root_dir)
            reasons = _reasons(repo) if look else {}
            names = {stage: _name(stage, top) for stage in graph}
            found = {
                name: Stage(
                    name=name,
                    upstream=tuple(sorted(names[other] for other in graph.successors(stage))),
                    outs=tuple(Path(out.fs_path).relative_to(top).as_posix() for out in stage.outs),
                    gpu=bool((stage.meta or {}).get("gpu", False)),
                    reasons=reasons.get(stage, ()),
                )
                for stage, name in names.items()
            }
    except DvcException as problem:
        raise InputError(f"{root / 'dvc.yaml'}: {' '.join(str(problem).split())}") from None
    order = TopologicalSorter({name: found[name].upstream for name in sorted(found)})
    ordered: dict[str, Stage] = {}
    for name in order.static_order():
        stage = found[name]
        fresh = not stage.reasons and all(ordered[other].fresh for other in stage.upstream)
        ordered[name] = replace(stage, fresh=fresh)
    alone = set(_alone(ordered.values()))
    return [replace(stage, alone=stage.name in alone) for stage in ordered.values()]


def _alone(ordered: Iterable[Stage]) -> Iterator[str]:
    """Yield the stages with ``gpu`` that build on each other such stage, or are built on by it.

    By the graph, not by what happens to run: how many cores a training has shows in its last
    digits.
    """
    below: dict[str, set[str]] = {}  # what asks for a GPU among all that a stage builds on
    above: Counter[str] = Counter()
    computing: set[str] = set()
    for stage in ordered:
        upstream = set(stage.upstream)
        below[stage.name] = upstream & computing
        below[stage.name].update(*(below[name] for name in upstream))
        if stage.gpu:
            computing.add(stage.name)
            above.update(below[stage.name])
    for name in computing:
        if len(below[name]) + above[name] == len(computing) - 1:
            yield name


def _work(repo: Repo) -> Any:
    """Return DVC's graph of stages, without data that no stage reads."""
    graph = repo.index.graph
    unread = [each for each in graph if each.is_data_source and not graph.in_degree(each)]
    return graph.subgraph(set(graph) - set(unread))


def _reasons(repo: Repo) -> dict[Any, tuple[str, ...]]:
    """Return what DVC finds changed of each stage; of all of them while another DVC is busy.

    Asked here at once: a process for each stage takes seconds.
    """
    every = list(_work(repo))
    try:
        with repo.lock:
            return {stage: tuple(_changes(stage)) for stage in every}
    except DvcException:  # `dvc repro` waits its turn, and looks again
        return dict.fromkeys(every, (BUSY,))


def _changes(stage: Any) -> Iterator[str]:
    """Yield what DVC finds changed of a stage: data, code, parameters, results, its outputs."""
    for changes in stage.status(check_updates=True).values():
        depends: dict[str, Any] = {}
        for change in changes:
            depends |= change.get("changed deps", {}) if isinstance(change, dict) else {}
        if NEVER_RUN in depends.items():
            yield "never run"
            return
        for change in changes:
            if isinstance(change, str):
                yield "its command changed" if change == "changed checksum" else change
                continue
            for path, state in change.get("changed deps", {}).items():
                if isinstance(state, dict):
                    yield from (f"parameter {key} {how}" for key, how in state.items())
                elif path != "params.yaml":
                    yield f"{_kind(path)} {path} {state}"
            for path, state in change.get("changed outs", {}).items():
                yield f"output {path} {state}"


def _kind(path: str) -> str:
    """Return what a dependency is to its reader."""
    top = path.split("/", maxsplit=1)[0]
    return {"data": "data", "results": "result", "models": "network"}.get(top, "code")


def _name(stage: Any, top: Path) -> str:
    """Return what ``dvc repro`` in ``top`` calls a stage, wherever this process stands."""
    file = Path(stage.path).relative_to(top).as_posix()
    if not stage.is_data_source:
        file = "" if file == "dvc.yaml" else f"{file}:"
        return f"{file}{stage.name}"
    return file


def needed(all_stages: Sequence[Stage], names: Iterable[str]) -> list[Stage]:
    """Return the stages ``names`` and all that they build on, in the given order."""
    by_name = {stage.name: stage for stage in all_stages}
    wanted: set[str] = set()
    rest = list(names)
    while rest:
        name = rest.pop()
        if name not in wanted:
            wanted.add(name)
            rest.extend(by_name[name].upstream)
    return [stage for stage in all_stages if stage.name in wanted]
