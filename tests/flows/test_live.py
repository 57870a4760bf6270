"""The table of what runs, at a terminal, and none in a log."""

import io
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prefect.logging.handlers import PrefectConsoleHandler
from rich.console import Console
from rich.theme import Theme

from flows import live
from tasks.bar import Bar
from tasks.tally import Tally


@contextmanager
def logged(terminal: bool) -> Iterator[tuple[io.StringIO, logging.Logger]]:
    """Yield what is printed, and the root logger, where Prefect's console prints."""
    out, logger, handler = io.StringIO(), logging.getLogger(), PrefectConsoleHandler()
    handler.console = Console(
        file=out, force_terminal=terminal, width=80, theme=Theme(inherit=False), highlighter=None
    )
    before, level = list(logger.handlers), logger.level
    logger.handlers[:], logger.disabled = [handler], False  # other tests may turn it off
    logger.setLevel(logging.INFO)
    try:
        yield out, logger
    finally:
        logger.handlers[:] = before
        logger.setLevel(level)


@pytest.mark.parametrize("terminal", [True, False])
def test_what_runs_is_shown_below_the_lines(terminal: bool) -> None:
    tally = Tally(["train@viper", "report"])
    with (
        tally.running("train@viper"),
        logged(terminal) as (out, logger),
        live.table(tally),
    ):
        tally.show("train@viper", Bar("mtdnet", 37, "134k/360k", "53:20", ""))
        logger.info("a line")
        time.sleep(2 / live.A_SECOND)
    assert tally.live is terminal and "a line" in out.getvalue()
    shown = ("train@viper  mtdnet, 37 %  53:20", "0 of 2 stages, left: 1 train and 1 report")
    assert all((line in out.getvalue()) is terminal for line in shown)
