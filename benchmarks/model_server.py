"""MLflow's model server on a free port of loopback, as ``mlflow models serve`` starts it."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.servers import answers, free_port, running

SECONDS = 180  # for an answer


@contextmanager
def model_server(model: Path, log: Path, **env: str) -> Iterator[int]:
    """Serve a saved model by one worker; yield the port once it answers. It ends with the block."""
    port = free_port()
    # MLflow starts uvicorn by name.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    words = ["models", "serve", "--env-manager", "local", "--workers", "1", "--host", "127.0.0.1"]
    command = [sys.executable, "-m", "mlflow", *words, "-m", str(model), "--port", str(port)]
    mine = os.environ | {"PATH": path, "MTDNET_DEVICE": "cpu"} | env
    with running(command, Path(), mine, log) as server:
        if not answers(server, f"http://127.0.0.1:{port}/ping"):
            raise RuntimeError(f"no model server: {log.read_text(encoding='utf-8')[-2000:]}")
        yield port


def post(port: int, body: str | bytes, kind: str = "application/json") -> tuple[int, Any]:
    """Return the status of the answer to a request, and what it holds."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as client:
        client.request("POST", "/invocations", body, {"Content-Type": kind})
        answer = client.getresponse()
        return answer.status, json.load(answer)
