"""What a flow has to bring up to date; only looks, and needs no Prefect."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flows.graph import Stage, needed, stages
from mtdnet import params, steps
from mtdnet.errors import InputError
from mtdnet.steps import Network

REPORT = "report"


@dataclass(frozen=True)
class Plan:
    """The stages that have to be up to date, in order, the networks that they make, and tests.

    ``joint``: networks that are not tested, for others start from them.
    """

    stages: list[Stage]
    networks: list[Network]
    tests: Sequence[Network] = ()
    joint: list[Network] = field(default_factory=list)

    @property
    def served(self) -> list[Network]:
        """Return the networks to register: those of split 0.

        The others are there for a mean, and for no consumer: their validation persons are not the
        same.
        """
        return [network for network in self.networks if network[1] == 0]

    @property
    def benchmarks(self) -> list[str]:
        """Return the benchmarks of the networks and tests."""
        return list(dict.fromkeys(network[0] for network in [*self.networks, *self.tests]))

    @property
    def stale(self) -> list[Stage]:
        """Return the stages that have to run, or wait for one that has to."""
        return [stage for stage in self.stages if not stage.fresh]

    def lines(self) -> Iterator[str]:
        """Yield a line for each stage that would run, with what changed."""
        stale = {stage.name for stage in self.stale}
        for stage in self.stale:
            after = [f"after {name}" for name in stage.upstream if name in stale]
            changed = list(stage.reasons) or after
            more = f", and {len(changed) - 3} more" if len(changed) > 3 else ""
            yield f"{stage.name}: {', '.join(changed[:3])}{more}"
        yield f"{len(stale)} of {len(self.stages)} stages would run"


def benchmarks(root: Path) -> list[str]:
    """Return the benchmarks that networks are trained on, by ``params.yaml``."""
    trained = steps.trained(params.load(root / "params.yaml"))
    return list(dict.fromkeys(network[0] for network in trained))


def make(root: Path, benchmark: str | None = None) -> Plan:
    """Return the plan of the whole pipeline, or of what one benchmark's figures build on.

    A benchmark's plan has the report too where all other figures are up to date. Raises InputError
    when parameters or graph can't be read, or there is no such benchmark.
    """
    settings = params.load(root / "params.yaml")
    trained, tests = steps.trained(settings), steps.evaluated(settings)
    if benchmark is not None:
        trained = [network for network in trained if network[0] == benchmark]
        if not trained:
            known = ", ".join(benchmarks(root))
            raise InputError(f"train.targets: no benchmark '{benchmark}'; known: {known}")
        tests = [network for network in tests if network[0] == benchmark]
    graph = stages(root)
    chosen = graph
    if benchmark is not None:
        folders = [steps.model(*each) for each in trained]
        folders += [steps.evaluation(*each) for each in tests]
        chosen = _with_report(graph, needed(graph, _writers(graph, folders)))
    joint = steps.trained_jointly(settings)
    joint = [network for network in joint if _writers(chosen, [steps.model(*network)])]
    return Plan(chosen, trained, tests, joint)


def _with_report(graph: Sequence[Stage], chosen: list[Stage]) -> list[Stage]:
    """Add the report to the chosen stages if all others that it reads are up to date."""
    names = {stage.name for stage in chosen}
    for stage in graph:
        if stage.name == REPORT and all(
            each.fresh or each.name in names for each in needed(graph, stage.upstream)
        ):
            return [*chosen, stage]
    return chosen


def _writers(graph: Sequence[Stage], folders: Sequence[Path]) -> list[str]:
    """Return the names of the stages that write into the folders."""
    return [
        stage.name
        for stage in graph
        if any(Path(out).is_relative_to(folder) for out in stage.outs for folder in folders)
    ]
