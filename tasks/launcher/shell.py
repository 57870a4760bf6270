#!/usr/bin/env python3
"""What DVC takes for a shell, ``shell.py -c COMMAND``: asks the launcher to run a stage's Python.

For any other command, and where no launcher answers in this folder, it is the user's own shell.
"""

import json
import os
import re
import signal
import socket
import sys
from contextlib import suppress

# nothing in it that a shell would expand
PLAIN = re.compile(r"python -m (tasks\.\w+(?: [\w./:=@+-]+)*)\s*")


def launched(words: list[str]) -> int | None:
    """Return how a module ended, as ``os.wait`` tells it, or None where no launcher took it."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(".locks/launcher")
            socket.send_fds(connection, [b"."], [0, 1, 2])
            here = os.getcwd()  # noqa: PTH109 - pathlib takes a third of the time
            command = words, here, os.getpgrp(), dict(os.environ)
            connection.sendall(json.dumps(command).encode() + b"\n")
            taken = connection.recv(1)
        except OSError:
            return None
        if not taken:
            return None
        for number in (signal.SIGINT, signal.SIGTERM):  # the module hears them, and ends
            signal.signal(number, signal.SIG_IGN)
        with suppress(OSError):
            return int(connection.recv(16) or signal.SIGKILL)
        return signal.SIGKILL


def main() -> int:
    """Run a command; return its exit status, or end by the signal that it ended by."""
    command = sys.argv[-1]
    os.environ["SHELL"] = shell = os.environ.pop("MTDNET_SHELL", "/bin/sh")
    plain = PLAIN.fullmatch(command)
    status = launched(plain[1].split()) if plain else None
    if status is None:
        os.execv(shell, [shell, "-c", command])  # noqa: S606
    if os.WIFSIGNALED(status):
        if (number := os.WTERMSIG(status)) != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
