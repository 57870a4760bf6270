"""Search parameters of one network's training, by its validation persons: one trial a training."""

import sys
from collections.abc import Mapping
from pathlib import Path

from flows import command, graph, study
from flows.environment import ROOT
from flows.study import Range, Space, Study
from mtdnet import params, steps
from mtdnet.errors import InputError, Stopped, status
from mtdnet.files import alone

FAILURES = 3  # in a row: the fault is not in the parameters


def search(root: Path, name: str, trials: int, *, dry_run: bool = False) -> None:
    """Try until the study ``name`` has had so many trials; print each, and the best.

    A trial is DVC's experiment ``NAME-NUMBER``, and a run of MLflow below the study's. The stages
    are those that the network's training builds on, and none that reads a test person. Raises
    InputError when space or parameters are wrong, or nothing runs; Stopped after SIGINT or SIGTERM.
    """
    space, settings = study.load(root, name), params.load(root / "params.yaml")
    stages = graph.stages(root)
    model = steps.model(*space.network).as_posix()
    stage = next(each.name for each in stages if model in each.outs)
    if dry_run:
        for key, kind in space.parameters.items():
            print(f"{key}: {kind if isinstance(kind, Range) else ', '.join(map(str, kind))}")
        for each in graph.needed(stages, [stage]):
            print(f"{each.name}: {'UpToDate' if each.fresh else 'would run'}, unless varied")
        print(f"up to {trials} trials of {stage}")
        return
    section = settings.pretrain if stage.startswith("pretrain") else settings.train
    with (
        alone(root / study.FOLDER / f"{name}.lock", f"the study {name}"),
        study.kept(root, name, settings.seed, section.steps // 3) as own,
    ):
        own.recover()
        _try(root, name, stage, space, own, trials)
    best = own.best()
    if best is None:
        raise InputError(f"{name}: no trial has finished; give it more by --trials")
    print(f"best: {name}-{best.number}, {_line(best.params, best.value)}")
    print("write that into params.yaml; what it trained is taken from DVC's cache")


def _try(root: Path, name: str, stage: str, space: Space, own: Study, trials: int) -> None:
    from tasks import runs, study_runs  # MLflow takes seconds, and a dry run needs none

    parent, failures = study_runs.of_study(space.network, name), 0
    while (done := len(own.done())) < trials:
        failures = 0 if _one(root, name, stage, space, own, parent) else failures + 1
        if failures == FAILURES:
            reason = own.done()[-1].user_attrs[study.REASON]
            raise InputError(f"{name}: {failures} trials failed, the last one so: {reason}")
        print(f"{done + 1} of {trials} trials", file=sys.stderr)
    if best := own.best():
        study_runs.log(parent, best.params | {"best": f"{name}-{best.number}"}, best.value)
    runs.end(parent, "FINISHED")


def _one(root: Path, name: str, stage: str, space: Space, own: Study, parent: str) -> bool:
    """Run one trial and tell the study; False when it failed."""
    from tasks import runs, study_runs
    from tasks import trial as trials

    trial = own.ask()
    values, label = space.suggest(trial), f"{name}-{trial.number}"
    run, reported = study_runs.of_trial(space.network, parent, name, trial.number), set[int]()
    study_runs.log(run, values)

    def hopeless() -> bool:
        for step, rank1 in study_runs.history(space.network, run):
            if step not in reported:
                reported.add(step)
                trial.report(rank1, step)
        return bool(reported) and trial.should_prune()

    rank1 = None
    try:
        trials.run(root, stage, label, values, {runs.PARENT_VARIABLE: run}, hopeless)
        rank1 = trials.reached(root, label, space.network)
    except trials.Pruned:
        pass  # there is no rank-1
    except trials.Failed as problem:
        own.failed(trial, str(problem))
        runs.end(run, "FAILED")
        print(f"{label}: {_line(values)}: failed: {problem}")
        return False
    except BaseException as problem:
        own.stopped(trial)
        runs.end(run, "KILLED")
        if isinstance(problem, KeyboardInterrupt):
            raise Stopped(f"{name}: stopped in trial {trial.number}") from None
        raise
    own.ended(trial, rank1)
    study_runs.log(run, {}, rank1)
    runs.end(run, "KILLED" if rank1 is None else "FINISHED")
    print(f"{label}: {_line(values, rank1)}{': given up' if rank1 is None else ''}", flush=True)
    return True


def _line(values: Mapping[str, object], rank1: float | None = None) -> str:
    """Return parameters, and what they reached, in a line."""
    written = ", ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in values.items()
    )
    return written if rank1 is None else f"{written}: validation rank-1 {100 * rank1:.2f} %"


if __name__ == "__main__":
    parser = command.parser("search", __doc__)
    parser.add_argument("--study", required=True, help="its space is configs/searches/STUDY.yaml")
    parser.add_argument("--trials", type=int, default=20, help="in all, former ones counted (20)")
    words = parser.parse_args()
    sys.exit(status(lambda: search(ROOT, words.study, words.trials, dry_run=words.dry_run)))
