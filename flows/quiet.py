"""A flow that ends as Failed says why in one line; Prefect's engine would add tracebacks."""

import logging

from prefect.exceptions import FailedRun


def _has_more(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], FailedRun))


def failures() -> None:
    """Leave out what the engine logs of a state that a flow has returned."""
    for name in ("prefect.engine", "prefect.flow_runs"):
        logging.getLogger(name).addFilter(_has_more)
