"""A table of the stages that run, at a terminal: one that changes, not lines that pile up."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.logging.handlers import PrefectConsoleHandler
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tasks.tally import Tally

A_SECOND = 2  # times it is drawn


@contextmanager
def table(tally: Tally) -> Iterator[None]:
    """Show a flow's tally below what it logs, while the block runs; nothing in a log file."""
    console = _console()
    if console is None or not console.is_terminal:
        yield
        return
    tally.live = True
    with Live(
        get_renderable=lambda: drawn(tally),
        console=console,
        refresh_per_second=A_SECOND,
        transient=True,
    ):
        yield


def drawn(tally: Tally) -> Group:
    """Return the stages that run as a table, and the whole flow's line below it."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("stage", "done", "left"):
        made.add_column(head, no_wrap=True)
    for row in tally.rows():
        made.add_row(*map(Text, row))  # a name in brackets is no mark-up
    return Group(made, Text(tally.line()))


def _console() -> Console | None:
    """Return the console that Prefect's lines go to, so that they go above the table."""
    logger: logging.Logger | None = logging.getLogger("prefect.flow_runs")
    while logger:  # Prefect's settings say which logger has it: today the root
        for handler in logger.handlers:
            if isinstance(handler, PrefectConsoleHandler):
                return handler.console
        logger = logger.parent
    return None
