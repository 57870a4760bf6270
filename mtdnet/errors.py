"""What a command tells its user in one line, and its exit status."""

import signal
import sys
from collections.abc import Callable


class InputError(ValueError):
    """Bad input: one line that names the file, person, row or key, and what to do.

    Every command prints the line to standard error and exits with status 2. What can't be printed,
    a line break in a file's name or cell say, stands in it as an escape sequence.
    """

    def __init__(self, line: str) -> None:
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in line))


class Stopped(Exception):  # noqa: N818 - no error: the user asked for it
    """A long job was asked to stop and has kept its state; the same command continues it."""


def status(work: Callable[[], object]) -> int:
    """Do a command's work; return its exit status: 0, 2 for bad input, 130 when stopped.

    Of the latter two, one line goes to standard error. SIGTERM stops like SIGINT, so that what was
    half-written is taken away.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        work()
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except OSError as problem:
        reason = problem.strerror or problem
        print(f"error: {problem.filename or 'input or output'}: {reason}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; nothing was written, the same command begins anew", file=sys.stderr)
        return 130
    except Stopped as stopped:
        print(f"{stopped}; the same command continues", file=sys.stderr)
        return 130
    return 0
