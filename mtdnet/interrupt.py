"""SIGINT and SIGTERM, at each moment of a command: while it loads, works, or keeps its state."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = signal.SIGINT, signal.SIGTERM
STOPPED = 130  # the exit status, as a shell gives it
SOON = 0.01  # seconds, after which what can't be raised now is tried again


def hear_early() -> None:
    """Let a command that still loads end at SIGINT or SIGTERM with one line and status 130.

    Only in a process that is one: ``python -m``, which imports a module's packages first, or the
    script ``mtdnet``. Modules of others may take an exception for a failed import, so none is
    raised; as nothing has begun, nothing is left.
    """
    if sys.argv[0] == "-m" or os.path.basename(sys.argv[0]) == "mtdnet":  # noqa: PTH119 - pathlib would load first
        for number in _heard():
            signal.signal(number, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    os.write(sys.stderr.fileno(), b"stopped\n")
    os._exit(STOPPED)


class Interrupt(KeyboardInterrupt):
    """What a signal raises, whose number it has: not the plain KeyboardInterrupt.

    After a plain one out of the ``exec`` of a text, by which libraries make classes and functions,
    a ``python -m`` ends by the signal, whoever has caught it, and not with our status.
    """


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise Interrupt, but after an import: C code there takes one for a failure of its own."""
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            _again(number)
            return
        frame = frame.f_back
    raise Interrupt(number)


def _again(number: int) -> None:
    main = threading.main_thread().ident
    threading.Timer(SOON, lambda: signal.pthread_kill(main or 0, number)).start()


def _unraisable(problem: "sys.UnraisableHookArgs") -> None:
    """Raise an Interrupt again that came in a destructor, where Python tells of it and goes on."""
    if isinstance(problem.exc_value, Interrupt):
        _again(problem.exc_value.args[0])
    else:
        sys.__unraisablehook__(problem)


@contextmanager
def raising() -> Iterator[None]:
    """Context in which SIGTERM raises KeyboardInterrupt like SIGINT, so that drafts are removed."""
    former = {number: signal.getsignal(number) for number in _heard()}
    sys.unraisablehook, hook = _unraisable, sys.unraisablehook
    try:
        for number in former:
            signal.signal(number, _interrupt)
        yield
    except RuntimeError as problem:  # what Python 3.11 makes of one while a class is made
        if isinstance(problem.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook


def _heard() -> list[signal.Signals]:
    """Return the signals but for those ignored from the start, as in a script's background."""
    return [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]


class Heard(KeyboardInterrupt):
    """A first signal, where ``Stop.raised`` lets it raise; a second one is a KeyboardInterrupt."""


class Stop:
    """Context in which SIGINT and SIGTERM only set ``requested``; a second one acts as usual."""

    def __enter__(self) -> "Stop":
        self.requested = self._raises = False
        self._former = {}
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._former[number] = signal.signal(number, self._ask)
        return self

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        signal.signal(number, self._former[signal.Signals(number)])
        if self._raises:
            raise Heard

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Context, inside of this one, in which one, or one before, raises Heard."""
        self._raises = True
        try:
            if self.requested:
                raise Heard
            yield
        finally:
            self._raises = False

    def __exit__(self, *error: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
