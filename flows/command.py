"""Flows as commands: everything embedded, one line for an error, what to look at next."""

import sys
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import State

from flows import pipeline
from flows.environment import ROOT
from mtdnet import steps
from tasks.store import location, without_secrets

# MLflow's own front page shows traces of language models, and no runs
MLFLOW_PAGE = "http://127.0.0.1:5000/#/experiments?workflowType=machine_learning"
PREFECT_PAGE = "http://127.0.0.1:4200"


def main(flow: Flow[..., State[None]], benchmark: str | None = None) -> int:
    """Run a flow in this process; return the exit status: 0, 1 when it failed, 130 when stopped.

    Where nothing has to run, none is started.
    """
    parameters = {} if benchmark is None else {"benchmark": benchmark}
    try:
        if message := pipeline.idle(ROOT, benchmark):
            print(f"{flow.name}: {message}")
            return 0
        state: State[Any] = flow(**parameters, return_state=True)
    except KeyboardInterrupt:
        print("stopped; the same command continues", file=sys.stderr)
        return 130
    if not state.is_completed():
        print(f"error: {state.message}", file=sys.stderr)
        return 1
    print(f"{flow.name}: {state.message}")
    return 0


def closing() -> str:
    """Return the report's table, where the report and the runs lie, and how to open the pages."""
    folder = ROOT / steps.REPORT
    lines = [(folder / "table.txt").read_text(encoding="utf-8")]
    lines += [f"report      {folder / 'index.html'}"]
    lines += [
        f"MLflow      {without_secrets(location())}",
        f"            `make mlflow`, then {MLFLOW_PAGE}",
    ]
    lines += [f"Prefect     `make prefect`, then {PREFECT_PAGE}"]
    return "\n".join(lines)
