"""A command and all its children, which never outlive the process that started them."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakSet

from mtdnet.errors import Stopped

GRACE_SECONDS = 8.0  # for a training to finish its step and write its checkpoint

WATCH = "trap '' INT TERM; read -r _; kill -KILL 0"


class Group:
    """A running command in a process group of its own; iterating gives its lines of output.

    A watcher in the same group reads from a pipe that only this process holds open. When the pipe
    closes, by ``kill`` or because this process died of whatever cause, it kills the whole group. So
    does the end of a ``with`` block.
    """

    def __init__(self, command: Sequence[str], *, folder: Path, env: Mapping[str, str]) -> None:
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", WATCH], stdin=subprocess.PIPE, process_group=0
        )
        try:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                process_group=self._watcher.pid,
            )
        except OSError:
            self.kill()
            raise

    def __enter__(self) -> "Group":
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __iter__(self) -> Iterator[str]:
        """Yield each line, without its end, as soon as it is written; progress bars give many."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            yield line.rstrip()

    def wait(self) -> int:
        """Return the command's exit status, negative for a signal."""
        return self._process.wait()

    def ask(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask every process of the group to stop; by SIGINT, as a terminal does."""
        os.killpg(self._watcher.pid, number)

    def kill(self) -> None:
        """Kill every process of the group, also where somebody has killed its watcher."""
        if self._watcher.stdin is not None:
            self._watcher.stdin.close()
        if self._watcher.returncode is None:  # until it is waited for, its number is the group's
            os.killpg(self._watcher.pid, signal.SIGKILL)
            self._watcher.wait()


class Groups:
    """The groups that run for one flow, shared by its threads, and whether it was asked to stop."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self._running: set[Group] = set()
        self._lock = threading.Lock()  # none starts unseen while the others are stopped
        _every.add(self)

    @contextmanager
    def start(
        self, command: Sequence[str], *, folder: Path, env: Mapping[str, str]
    ) -> Iterator[Group]:
        """Run a command as one of these groups; raise Stopped when they were stopped already."""
        with self._lock:
            if self.stopped.is_set():
                raise Stopped("not started")
            group = Group(command, folder=folder, env=env)
            self._running.add(group)
        try:
            with group:
                yield group
        finally:
            self._running.discard(group)

    def stop(self) -> None:
        """End all: ask, wait for what they have to keep, then kill. For good."""
        with self._lock:
            self.stopped.set()
            for group in self._running:
                group.ask()
        end = time.monotonic() + GRACE_SECONDS
        while self._running and time.monotonic() < end:
            time.sleep(0.1)
        for group in set(self._running):
            group.kill()


_every: WeakSet[Groups] = WeakSet()


def stop_all() -> None:
    """End the groups of all flows of this process."""
    for groups in list(_every):
        groups.stop()
