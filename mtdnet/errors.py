"""What a command tells its user in one line, and its exit status."""

import sys
from collections.abc import Callable

from mtdnet.interrupt import STOPPED, raising


class InputError(ValueError):
    """Bad input: one line that names the file, person, row or key, and what to do.

    Every command prints the line to standard error and exits with status 2. What can't be printed,
    a line break in a file's name or cell say, stands in it as an escape sequence.
    """

    def __init__(self, line: str) -> None:
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in line))


class Stopped(Exception):  # noqa: N818 - no error: the user asked for it
    """A long job was asked to stop and has kept its state; the same command continues it."""


def told(problem: BaseException) -> str:
    """Return a problem in a line, the system's with its file."""
    if isinstance(problem, OSError):
        return f"{problem.filename or 'input or output'}: {problem.strerror or problem}"
    return str(problem)


def reason(problem: BaseException) -> str:
    """Return what a library raised, in a line of at most 200 characters."""
    return " ".join(str(problem).split())[:200] or type(problem).__name__


def status(work: Callable[[], object]) -> int:
    """Do a command's work; return its exit status: 0, 2 for bad input, 130 when stopped.

    Of the latter two, one line goes to standard error. SIGTERM stops like SIGINT, so that what was
    half-written is taken away.
    """
    outcome, line = 0, ""
    try:
        with raising():
            work()
    except (InputError, OSError) as problem:
        outcome, line = 2, f"error: {told(problem)}"
    except KeyboardInterrupt:
        outcome, line = STOPPED, "stopped; nothing was written, the same command begins anew"
    except Stopped as stopped:
        outcome, line = STOPPED, f"{stopped}; the same command continues"
    if line:
        print(line, file=sys.stderr)
    return outcome
