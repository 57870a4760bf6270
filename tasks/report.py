"""Stage ``report``: one page of all evaluations, its table on the terminal, a run in MLflow."""

import sys

from mtdnet import steps
from mtdnet.params import Params
from tasks import command, report_run, store
from tasks.mlflow_tracker import LATER


def report(params: Params) -> None:
    """Write the page, print its table, and give the page to MLflow, whose failure fails nothing."""
    print(steps.report(params))
    try:
        report_run.record()
    except Exception as problem:
        print(f"report: not recorded in MLflow ({store.reason(problem)}); {LATER}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(command.main(report))
