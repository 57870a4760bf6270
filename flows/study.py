"""What a search varies, and its Optuna study: what was tried, and what to try next."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.trial import FrozenTrial, Trial, TrialState
from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError

from mtdnet import params, steps
from mtdnet.errors import InputError, reason
from mtdnet.params.base import Benchmark, Listed, Section

FOLDER = ".search"
SPACES = Path("configs", "searches")
REASON = "reason"  # the attribute of a trial that failed by itself, and wasn't stopped
Value = bool | int | float | str
optuna.logging.set_verbosity(logging.WARNING)


class Range(Section):
    """Numbers from ``low`` to ``high``, whole ones where both are; ``log``: even by factors."""

    low: int | float
    high: int | float
    log: bool = False

    def __str__(self) -> str:
        return f"{self.low} to {self.high}{', even by factors' if self.log else ''}"


class Space(Section):
    """Of which network's training which parameters are varied: name -> range or values."""

    benchmark: Benchmark
    variant: str = "mtdnet"
    split: int = 0
    parameters: dict[str, Range | Annotated[Listed[Value], Field(min_length=1)]]

    @property
    def network(self) -> steps.Network:
        """Return the network whose validation persons judge."""
        return self.benchmark, self.split, self.variant

    def suggest(self, trial: Trial) -> dict[str, Value]:
        """Return a value for each parameter."""
        return {name: _suggest(trial, name, kind) for name, kind in self.parameters.items()}


def _suggest(trial: Trial, name: str, kind: Range | tuple[Value, ...]) -> Value:
    if not isinstance(kind, Range):
        chosen = trial.suggest_categorical(name, kind)
        assert chosen is not None
        return chosen
    if isinstance(kind.low, int) and isinstance(kind.high, int):
        return trial.suggest_int(name, kind.low, kind.high, log=kind.log)
    return trial.suggest_float(name, kind.low, kind.high, log=kind.log)


def load(root: Path, name: str) -> Space:
    """Read the space of the study ``name``.

    Raises InputError when the file is missing or wrong, or it names a network, a parameter or a
    value that ``params.yaml`` doesn't take.
    """
    source = SPACES / f"{name}.yaml"
    space = params.build(Space, params.content(root / source), str(source))
    settings = params.load(root / "params.yaml")
    trained = steps.trained(settings) + steps.trained_jointly(settings)
    steps.check(str(source), *space.network, trained)
    for key, kind in space.parameters.items():
        for value in (kind.low, kind.high) if isinstance(kind, Range) else kind:
            _check(root, str(source), key, value)
    return space


def _check(root: Path, source: str, key: str, value: Value) -> None:
    """Raise InputError for a parameter that is not there, or doesn't take a value."""
    content: Any = params.content(root / "params.yaml")
    *sections, last = key.split(".")
    section = content
    for name in sections:
        section = section.get(name) if isinstance(section, Mapping) else None
    if not isinstance(section, dict) or last not in section:
        raise InputError(f"{source}: parameters: params.yaml has no '{key}'")
    section[last] = value
    params.build(params.Params, content, f"{source}: parameters: {key} {value}")


@contextmanager
def kept(root: Path, name: str, seed: int, patience: int) -> Iterator["Study"]:
    """Yield the study ``name``, begun or gone on with.

    Raises InputError when its file is broken or another program's, or can't be written.
    """
    try:
        yield Study(root, name, seed, patience)
    except (SQLAlchemyError, StorageInternalError) as problem:
        cause = getattr(problem, "orig", None) or problem.__cause__ or problem
        raise InputError(
            f"{root / FOLDER / name}.db: {reason(cause)}; the study can't go on with it: "
            "mend what is said, or move the file away to begin anew"
        ) from None


class Study:
    """The trials of a study, kept in SQLite below ``root``.

    What the n-th trial tries depends on ``seed``, n and what came out before. ``patience``: the
    step before which none is pruned. Trials of a process that was killed are tried again.
    """

    def __init__(self, root: Path, name: str, seed: int, patience: int) -> None:
        (root / FOLDER).mkdir(exist_ok=True)
        self.seed = seed
        self._study = optuna.create_study(
            study_name=name,
            storage=f"sqlite:///{root / FOLDER / name}.db",
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=patience),
        )

    def recover(self) -> None:
        """Let what was running when its process was killed be tried again."""
        for trial in self._study.get_trials(states=[TrialState.RUNNING]):
            self.stopped(trial)

    def done(self) -> list[FrozenTrial]:
        """Return the trials that came to an end of their own."""
        ends = TrialState.COMPLETE, TrialState.PRUNED
        trials = self._study.get_trials()
        return [t for t in trials if t.state in ends or REASON in t.user_attrs]

    def ask(self) -> Trial:
        """Return the next trial."""
        seed = self.seed + len(self._study.get_trials())
        self._study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=6)
        return self._study.ask()

    def ended(self, trial: Trial, value: float | None) -> None:
        """Tell what a trial reached, None when it was given up."""
        self._study.tell(trial, value, TrialState.PRUNED if value is None else None)

    def failed(self, trial: Trial, reason: str) -> None:
        """Tell that a trial failed; its parameters are not tried again."""
        trial.set_user_attr(REASON, reason)
        self._study.tell(trial, state=TrialState.FAIL)

    def stopped(self, trial: Trial | FrozenTrial) -> None:
        """Tell that a trial was stopped from outside; its parameters come next."""
        self._study.tell(trial.number, state=TrialState.FAIL)
        self._study.enqueue_trial(trial.params)

    def best(self) -> FrozenTrial | None:
        """Return the best of the trials that finished, None when there is none."""
        complete = self._study.get_trials(states=[TrialState.COMPLETE])
        return max(complete, key=lambda trial: trial.value or 0.0, default=None)
