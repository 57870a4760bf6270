"""Load modules, then fork a process for each command that ``shell.py`` asks for.

``python server.py MODULE ...`` in the project's folder. It imports nothing of the project: a
command does that itself, and so runs the code that lies there when it starts.
"""

import importlib
import json
import os
import runpy
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

ADDRESS = ".locks/launcher"  # relative: the system limits its length


class Command(NamedTuple):
    """A module and its arguments as ``python -m`` takes them, where and as whose it runs."""

    words: list[str]
    folder: str
    group: int
    env: dict[str, str]


def serve(modules: list[str]) -> socket.socket:
    """Load modules, and return in a child process for each connection that comes."""
    with open(os.devnull, "r+b") as nowhere:  # noqa: PTH123 - nobody reads what libraries warn of
        for number in range(3):
            os.dup2(nowhere.fileno(), number)
    for module in modules:
        with suppress(ImportError):  # the command that lacks it tells
            importlib.import_module(module)
    Path(ADDRESS).unlink(missing_ok=True)  # of a killed one
    former = os.umask(0o077)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(ADDRESS)
    os.umask(former)
    listener.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for children
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return connection
        connection.close()


def become(connection: socket.socket) -> Command:
    """Return, in a process of its own, the command asked for; the present one tells its end."""
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as stream:
        command = Command(*json.loads(stream.readline()))
    os.setpgid(0, command.group)
    connection.send(b".")  # fails where nobody waits any more
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        connection.send(str(status).encode())
        os._exit(0)
    signal.pthread_sigmask(signal.SIG_SETMASK, heard)
    connection.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    return command


def run(command: Command) -> None:
    """Run a module as ``python -m`` does."""
    os.chdir(command.folder)
    os.environ.clear()
    os.environ.update(command.env)
    if (torch := sys.modules.get("torch")) and (threads := command.env.get("OMP_NUM_THREADS")):
        torch.set_num_threads(int(threads))  # it has read the launcher's own
    sys.path[0] = command.folder
    sys.argv = ["-m", *command.words[1:]]
    runpy.run_module(command.words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    run(become(serve(sys.argv[1:])))
