"""The graph of stages, as DVC has it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo import Repo

from mtdnet.errors import InputError


@dataclass(frozen=True)
class Stage:
    """A stage of ``dvc.yaml`` or a ``.dvc`` file, by the name that ``dvc repro`` takes.

    ``upstream``: names of the stages whose outputs it reads; ``outs``: its own, relative to the
    project's folder; ``gpu``: its ``meta`` asks for one; ``fresh``: DVC finds it and all that it
    builds on up to date.
    """

    name: str
    upstream: tuple[str, ...]
    outs: tuple[str, ...]
    gpu: bool
    fresh: bool = False


def stages(root: Path) -> list[Stage]:
    """Return all stages of the project at ``root``, every one after its upstream ones.

    Raises InputError when ``dvc.yaml`` or the parameters that it names can't be read.
    """
    try:
        with Repo(str(root)) as repo:
            graph = repo.index.graph
            top = Path(repo.root_dir)
            stale = {_name(stage, top) for stage in _stale(repo)}
            names = {stage: _name(stage, top) for stage in graph}
            found = {
                name: Stage(
                    name=name,
                    upstream=tuple(sorted(names[other] for other in graph.successors(stage))),
                    outs=tuple(Path(out.fs_path).relative_to(top).as_posix() for out in stage.outs),
                    gpu=bool((stage.meta or {}).get("gpu", False)),
                )
                for stage, name in names.items()
            }
    except DvcException as problem:
        raise InputError(f"{root / 'dvc.yaml'}: {' '.join(str(problem).split())}") from None
    order = TopologicalSorter({name: found[name].upstream for name in sorted(found)})
    ordered: dict[str, Stage] = {}
    for name in order.static_order():
        stage = found[name]
        fresh = name not in stale and all(ordered[other].fresh for other in stage.upstream)
        ordered[name] = replace(stage, fresh=fresh)
    return list(ordered.values())


def _stale(repo: Repo) -> list[Any]:
    """Return the stages that DVC doesn't find up to date; all of them while another DVC is busy.

    Asked here at once: a process for each stage takes seconds.
    """
    every = list(repo.index.graph)
    try:
        with repo.lock:
            return [stage for stage in every if stage.status(check_updates=True)]
    except DvcException:  # `dvc repro` waits its turn, and looks again
        return every


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
