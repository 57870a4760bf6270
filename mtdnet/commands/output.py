"""How a command answers: text for people, or one JSON document; one line for a mistake."""

import json
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, NoReturn

from tqdm import tqdm

from mtdnet.errors import InputError, Stopped, told


@dataclass(frozen=True)
class Answer:
    """What a command found: ``text`` for people, ``document`` for programs."""

    text: str
    document: Any


def answer(work: Callable[[], Answer], as_json: bool) -> None:
    """Do a command's work and print what it found; with ``as_json`` a mistake too, then raise it.

    As JSON, what the work itself prints goes to standard error.
    """
    try:
        if as_json:
            with redirect_stdout(sys.stderr):
                text = json.dumps(work().document, indent=2, allow_nan=False)
        else:
            text = work().text
    except (SystemExit, BrokenPipeError) as ended:  # the parser printed its help, or a script
        _print("", end="")
        if isinstance(ended, SystemExit):
            raise
        return
    except (InputError, OSError, Stopped, KeyboardInterrupt) as problem:
        if as_json:
            _print(json.dumps({"error": told(problem) or "stopped"}))
        raise
    _print(text)


def note(line: str) -> None:
    """Tell a person something beside the answer."""
    print(line, file=sys.stderr)


def bar(total: int, unit: str) -> "tqdm[NoReturn]":
    """Return a bar that a person at a terminal sees once the work takes a second."""
    return tqdm(total=total, unit=f" {unit}", desc="score", delay=1, disable=None, leave=False)


def _print(text: str, end: str = "\n") -> None:
    """Print and flush; a reader who has seen enough (``| head``) is no mistake."""
    # A file's name may hold bytes that are no text.
    coding = sys.stdout.encoding
    try:
        print(text.encode(coding, "backslashreplace").decode(coding), end=end, flush=True)
    except OSError as problem:
        # what is left in the buffer would be tried again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(problem, BrokenPipeError):
            raise
