"""How a command answers: text for people, or one JSON document; one line for a mistake."""

import json
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from mtdnet.errors import InputError, Stopped


@dataclass(frozen=True)
class Answer:
    """What a command found: ``text`` for people, ``document`` for programs."""

    text: str
    document: Any


def answer(work: Callable[[], Answer], as_json: bool) -> None:
    """Do a command's work and print what it found; with ``as_json`` a mistake too, then raise it.

    As JSON, what the work itself prints goes to standard error.
    """
    if not as_json:
        _print(work().text)
        return
    try:
        with redirect_stdout(sys.stderr):
            found = work()
    except (InputError, OSError, Stopped, KeyboardInterrupt) as problem:
        _print(json.dumps({"error": _line(problem)}))
        raise
    _print(json.dumps(found.document, indent=2, allow_nan=False))


def note(line: str) -> None:
    """Tell a person something beside the answer."""
    print(line, file=sys.stderr)


def _line(problem: BaseException) -> str:
    if isinstance(problem, OSError):
        return f"{problem.filename or 'input or output'}: {problem.strerror}"
    return str(problem) or "stopped"


def _print(text: str) -> None:
    """Print and flush; a reader who has seen enough (``| head``) is no mistake."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # what is left in the buffer would be tried again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
