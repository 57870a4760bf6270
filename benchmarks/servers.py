"""Servers on loopback, each in a process group of its own, which ends with a block."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

PATIENCE = 480.0  # seconds; a busy machine takes long to make a server's database


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], folder: Path, env: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Keep a command and its children running, until the block ends."""
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=stream, stderr=stream, process_group=0
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # it may have ended by itself
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def answers(server: "subprocess.Popen[bytes]", url: str) -> bool:
    """Wait until a server answers; False when it ends before, or doesn't for long."""
    place, end = urlsplit(url), time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < end:
        with (
            suppress(OSError, HTTPException),
            closing(HTTPConnection(place.netloc, timeout=5)) as client,
        ):
            client.request("GET", place.path)
            if client.getresponse().status == 200:
                return True
        time.sleep(0.2)
    return False
