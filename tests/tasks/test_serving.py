"""A registered network behind a real model server answers each client for itself."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from PIL import Image

from mtdnet.inference.verifier import Verifier
from mtdnet.networks import serialization
from mtdnet.networks.mtdnet import MTDnet
from tasks import register, store

Trained = Callable[[str, float, int], Path]
MODEL = "models:/mtdnet-viper@champion"
CLIENTS, REQUESTS, SECONDS = 4, 60, 180


@pytest.fixture
def model(trained: Trained) -> Path:
    """Make a model folder whose network scores pairs far apart."""
    folder = trained("viper-0/mtdnet", 0.5, 1)
    torch.manual_seed(0)
    network = MTDnet(1 / 16)
    for parameter in network.parameters():
        parameter.data *= 1.9
    serialization.save(network, folder / "network.safetensors")
    return folder


@pytest.fixture
def server(own_store: MlflowClient, model: Path, tmp_path: Path) -> Iterator[int]:
    """Serve the champion on a free port of loopback; yield that."""
    register.register_one(model, ("viper", 0, "mtdnet"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {"MLFLOW_TRACKING_URI": store.location(), "OMP_NUM_THREADS": "1"}
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    words = "models serve --env-manager local --host 127.0.0.1 --workers 1 --model-uri"
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *words.split(), MODEL, "--port", str(port)],
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(port, process)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            HTTPConnection("127.0.0.1", port, timeout=5).connect()
            return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("no model server; see server.log")


def ask(port: int, pairs: list[tuple[Path, Path]]) -> list[float]:
    rows = [[str(left), str(right)] for left, right in pairs]
    body = json.dumps({"dataframe_split": {"columns": ["left", "right"], "data": rows}})
    client = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    client.request("POST", "/invocations", body, {"Content-Type": "application/json"})
    answer = client.getresponse()
    content: dict[str, Any] = json.load(answer)
    assert answer.status == 200, content
    return [row["probability"] for row in content["predictions"]]


@pytest.mark.slow
def test_clients_get_the_answers_to_their_own_pairs(
    server: int, model: Path, tmp_path: Path
) -> None:
    files = [tmp_path / f"{number}.png" for number in range(8)]
    for number, file in enumerate(files):
        rng = np.random.default_rng(number)
        noisy = rng.integers(0, 256, (1, 1, 3)) + rng.integers(-40, 40, (96, 40, 3))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file)
    pairs = list(product(files, files))[:REQUESTS]
    # Requests of one to three pairs, so that they differ in length too.
    asked = [pairs[n : n + 1 + n % 3] for n in range(REQUESTS)]
    verifier = Verifier(model / "network.safetensors")
    with ThreadPoolExecutor(CLIENTS) as clients:
        found = list(clients.map(lambda some: ask(server, some), asked))
    for some, answer in zip(asked, found, strict=True):
        expected = verifier.probability([a for a, _ in some], [b for _, b in some])
        np.testing.assert_allclose(answer, expected, atol=1e-3)
    assert np.ptp([answer[0] for answer in found]) > 0.05  # else a mix-up would not show
