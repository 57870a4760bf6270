"""Flows as commands: everything embedded, one line for an error, what to look at next."""

import sys
import threading
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import State

from mtdnet import steps

# MLflow's own front page shows traces of language models, and no runs
MLFLOW_PAGE = "http://127.0.0.1:5000/#/experiments?workflowType=machine_learning"
PREFECT_PAGE = "http://127.0.0.1:4200"


def main(flow: Flow[..., State[None]], parameters: Mapping[str, Any]) -> int:
    """Run a flow in this process; return the exit status: 0, 1 when it failed, 130 when stopped."""
    # Prefect's own server takes seconds to start, in another process; what a flow needs, to load.
    threading.Thread(target=import_module, args=("flows.pipeline",), daemon=True).start()
    try:
        state: State[Any] = flow(**parameters, return_state=True)
    except KeyboardInterrupt:
        print("stopped; the same command continues", file=sys.stderr)
        return 130
    if not state.is_completed():
        print(f"error: {state.message}", file=sys.stderr)
        return 1
    print(f"{flow.name}: {state.message}")
    return 0


def closing(root: Path) -> str:
    """Return the report's table, where the report and the runs lie, and how to open the pages."""
    from tasks.store import location  # MLflow, which is loaded by now

    folder = root / steps.REPORT
    lines = [(folder / "table.txt").read_text(encoding="utf-8")]
    lines += [f"report      {folder / 'index.html'}"]
    lines += [f"MLflow      {location()}", f"            `make mlflow`, then {MLFLOW_PAGE}"]
    lines += [f"Prefect     `make prefect`, then {PREFECT_PAGE}"]
    return "\n".join(lines)
