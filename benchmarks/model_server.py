"""MLflow's model server on a free port of loopback, as ``mlflow models serve`` starts it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

SECONDS = 180  # until it answers, and for an answer


@contextmanager
def model_server(model: Path, log: Path, **env: str) -> Iterator[int]:
    """Serve a saved model by one worker; yield the port once it answers. It ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    # MLflow starts uvicorn by name.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    words = ["models", "serve", "--env-manager", "local", "--workers", "1", "--host", "127.0.0.1"]
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *words, "-m", str(model), "--port", str(port)],
            env=os.environ | {"PATH": path, "MTDNET_DEVICE": "cpu"} | env,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(port, process, log)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            HTTPConnection("127.0.0.1", port, timeout=5).connect()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"no model server: {log.read_text(encoding='utf-8')[-2000:]}")
