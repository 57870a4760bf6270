"""What the engine logs of a flow that failed is left out, all else is logged."""

import logging

import pytest
from prefect.exceptions import FailedRun

from flows import quiet


@pytest.mark.parametrize("name", ["prefect.engine", "prefect.flow_runs"])
def test_a_traceback_of_what_a_flow_returned_is_left_out(name: str) -> None:
    quiet.failures()
    for problem, said in ((FailedRun("one: row 3 is short"), False), (ValueError("other"), True)):
        trace = (type(problem), problem, None)
        record = logging.LogRecord(name, logging.ERROR, "", 0, "ended", None, trace)
        assert bool(logging.getLogger(name).filter(record)) == said
