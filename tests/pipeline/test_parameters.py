"""The graph of stages: each parameter is tracked by the stages of the step that reads it."""

from collections.abc import Iterator

from dvc.dependency import ParamsDependency
from dvc.repo import Repo

from flows.environment import ROOT
from mtdnet.params import Params
from mtdnet.params.base import Section

# A section: the step of its name.
READERS = {"seed": {"augment", "pretrain", "train"}, "trunk": {"ingest", "pretrain"}}
# What the stages of its step don't follow, and why they needn't.
UNTRACKED = {
    "pretrain.compile": "speed alone",
    "train.compile": "speed alone",
    "evaluate.compile": "speed alone",
    "pretrain.variants": "adds and removes stages, changes none",
    "pretrain.splits": "adds and removes stages, changes none",
    "train.targets": "adds and removes stages, changes none",
    "train.variants": "adds and removes stages, changes none",
    "train.splits": "adds and removes stages, changes none",
    "train.compared.targets": "adds and removes stages, changes none",
    "train.joint.targets": "adds and removes stages, changes none",
    "train.joint.splits": "adds and removes stages, changes none",
    "train.compared.variants": "adds and removes stages, changes none",
    "evaluate.source_only": "adds and removes stages, changes none",
}


def leaves(section: type[Section], path: str = "") -> Iterator[str]:
    """Yield the path of each parameter that is no section; a table by name is one parameter."""
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from leaves(kind, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def follows(tracked: set[str], path: str) -> bool:
    """Return whether a parameter, a section of it or an entry of its table is tracked."""
    return any(f"{path}.".startswith(f"{t}.") or t.startswith(f"{path}.") for t in tracked)


def test_every_parameter_is_tracked_by_the_stages_that_read_it() -> None:
    with Repo(str(ROOT)) as repo:
        stages = [
            (
                str(stage.addressing).split("@")[0].split("-")[0],
                {p for dep in stage.deps if isinstance(dep, ParamsDependency) for p in dep.params},
            )
            for stage in repo.index.stages
        ]
    found = set(leaves(Params))
    assert {"seed", "ingest.layouts", "train.compared.targets", "report.title"} <= found
    lacking = {
        path: step
        for path in found
        for step, tracked in stages
        if step in READERS.get(path, {path.split(".")[0]}) and not follows(tracked, path)
    }
    assert set(lacking) == set(UNTRACKED)
    assert {step for step, _ in stages} >= {path.split(".")[0] for path in found - READERS.keys()}
