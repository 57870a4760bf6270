"""Flows as commands: looked at first, one line for an error, what to look at next."""

import argparse
import sys
from contextlib import ExitStack
from typing import Any

from flows import plan, server, workspace
from flows.environment import PASSWORD, ROOT, on_workers
from mtdnet import steps
from mtdnet.errors import InputError
from mtdnet.interrupt import raising
from tasks import dvc_lock


def parser(flow: str, text: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that flows share; ``text`` says what the flow does."""
    made = argparse.ArgumentParser(prog=f"python -m flows.{flow}", description=text)
    made.add_argument("--dry-run", action="store_true", help="say what would run, and why")
    return made


def main(name: str, *, dry_run: bool, benchmark: str | None = None) -> int:
    """Run the flow ``name``, or say what it would run; return the exit status.

    0, 1 when it failed or Prefect's server isn't there, 2 for bad parameters, 130 when stopped.
    Everything is checked before Prefect starts; where nothing has to run, it doesn't.
    """
    try:
        with raising():
            if dry_run:
                if who := workspace.holder(ROOT):
                    say(f"{who} is at work")
                for line in plan.make(ROOT, benchmark).lines():
                    print(line)
                return 0
            if workspace.holder(ROOT):  # a mistake needn't wait for it
                plan.make(ROOT, benchmark)
            with workspace.held(ROOT, say) as killed:
                for line in dvc_lock.heal(ROOT):
                    say(line)
                return _run(name, benchmark, settle=killed)
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command continues", file=sys.stderr)
        return 130


def say(line: str) -> None:
    """Tell the user, beside what the command prints."""
    print(line, file=sys.stderr, flush=True)


def _run(name: str, benchmark: str | None, *, settle: bool) -> int:
    """Run the flow where there is something to do: a stage, a network, a killed run to settle."""
    wanted = plan.make(ROOT, benchmark)
    on_workers()  # a mistake there is told now
    if settle or wanted.stale or _unregistered(wanted):
        state = _state(name, {} if benchmark is None else {"benchmark": benchmark})
        if state is None:
            return 1
        if not state.is_completed():
            say(f"error: {state.message}")
            return 1
        message = state.message
    else:
        from tasks import checkpoints

        checkpoints.sweep(ROOT, wanted.networks + wanted.joint)
        message = f"{len(wanted.stages)} UpToDate"
    print(f"{name}: {message}")
    print(closing(wanted))
    return 0


def _unregistered(wanted: plan.Plan) -> bool:
    from tasks.register import unregistered  # MLflow takes seconds

    return bool(unregistered(ROOT, wanted.served))


def _state(name: str, parameters: dict[str, str]) -> Any:
    """Run a flow on a server that answers; None, after a line, when there is none."""
    import httpx
    from prefect import tags

    with ExitStack() as stack:
        try:
            stack.enter_context(server.reached())
        except InputError as problem:
            say(f"error: {problem}")
            return None
        from flows import leftovers, pipeline

        stack.enter_context(tags(leftovers.place(ROOT)))
        try:
            return getattr(pipeline, name)(**parameters, return_state=True)
        except httpx.HTTPError as problem:
            server.end(str(problem))


def closing(wanted: plan.Plan) -> str:
    """Return figures, models, where the report and the runs lie, and how to open the pages."""
    from mtdnet.report.tables import table
    from tasks.register import answers
    from tasks.store import location, page, without_secrets

    lines = [table([ROOT / steps.evaluation(*each) for each in wanted.tests]), ""]
    models = [each[0] for each in wanted.served if answers(ROOT / steps.model(*each))]
    lines += [f"model       models:/mtdnet-{name}@champion" for name in dict.fromkeys(models)]
    if any(stage.name == plan.REPORT for stage in wanted.stages):
        lines.append(f"report      {ROOT / steps.REPORT / 'index.html'}")
    else:
        lines.append("report      with all figures: `python -m flows.reproduce`")
    opened = "" if location().startswith("http") else "`make mlflow`, then "
    lines += [f"MLflow      {without_secrets(location())}", f"            {opened}{page()}"]
    lines += [f"Prefect     `make prefect`, then {server.PAGE}; its password: {PASSWORD}"]
    return "\n".join(lines)
