"""A model server asked by many clients at once, against one pass a pair in a process."""

import base64
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter

import numpy as np
import torch
from PIL import Image

from benchmarks.model_server import model_server, post
from benchmarks.rows import NotMeasured, Place, Ratio, seconds
from mtdnet.data.pixels import resized
from mtdnet.networks import header, serialization
from mtdnet.networks.mtdnet import MTDnet

CLIENTS, PAIRS, TOGETHER = (1, 8, 32), 192, 100
WIDTH = 0.25  # of the heads; the time doesn't depend on the weights


def measure(place: Place) -> Iterator[Ratio]:
    """Serve a network of quarter-width heads; ask it pair by pair, and a hundred at once."""
    try:
        from mlflow import pyfunc

        from tasks import served_model
    except ImportError:
        raise NotMeasured("it needs MLflow: mtdnet[pipeline]") from None
    network = MTDnet(WIDTH, 1.0).eval()
    serialization.save(network, place.scratch / header.FILE)
    pyfunc.save_model(place.scratch / "model", **served_model.parts(place.scratch))
    images = [picture(seed) for seed in range(16)]
    plain = 1 / seconds(partial(one_pass, network, images[0], images[1]), torch.device("cpu"), 20)
    with model_server(place.scratch / "model", place.scratch / "server.log") as port:
        ask(port, images, [(0, 1)] * 8)  # warms up
        for clients in CLIENTS:
            times, rate = load(port, images, clients)
            p50, p95, p99 = (f"{1000 * t:.0f}" for t in np.percentile(times, (50, 95, 99)))
            yield Ratio(
                f"model server, eight-fold, a pair a request, clients: {clients}",
                "one plain pass of two decoded images in a process, one after another",
                "pairs",
                rate,
                plain,
                notes={"p50, p95, p99, ms": f"{p50}, {p95}, {p99}", "heads of width": WIDTH},
            )
        pairs = [(n % 16, n * 7 % 16) for n in range(TOGETHER)]
        own = seconds(partial(ask, port, images, pairs), torch.device("cpu"), 2)
        other = seconds(partial(one_by_one, port, images, pairs), torch.device("cpu"), 1)
    yield Ratio(
        f"model server, {TOGETHER} pairs of 16 images in one request",
        f"{TOGETHER} requests one after another",
        "pairs",
        TOGETHER / own,
        TOGETHER / other,
    )


def load(port: int, images: list[bytes], clients: int) -> tuple[list[float], float]:
    """Ask ``PAIRS`` requests of a pair by so many clients; return seconds each, and the rate."""

    def one(n: int) -> float:
        start = perf_counter()
        ask(port, images, [(n % 16, n * 7 % 16)])
        return perf_counter() - start

    start = perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        times = list(pool.map(one, range(PAIRS)))
    return times, PAIRS / (perf_counter() - start)


def ask(port: int, images: list[bytes], pairs: list[tuple[int, int]]) -> None:
    """Send one request of pairs of images; it must be answered."""
    text = [base64.b64encode(image).decode() for image in images]
    rows = [{"left": text[a], "right": text[b]} for a, b in pairs]
    status, found = post(port, json.dumps({"dataframe_records": rows}))
    assert status == 200 and len(found["predictions"]) == len(pairs), found


def one_by_one(port: int, images: list[bytes], pairs: list[tuple[int, int]]) -> None:
    """Send a request a pair, one after another."""
    for pair in pairs:
        ask(port, images, [pair])


def picture(seed: int) -> bytes:
    """Return a JPEG of a person's size, of noise."""
    out, rng = io.BytesIO(), np.random.default_rng(seed)
    Image.fromarray(rng.integers(0, 256, (128, 48, 3), np.uint8)).save(out, "JPEG")
    return out.getvalue()


@torch.inference_mode()
def one_pass(network: MTDnet, left: bytes, right: bytes) -> float:
    """Decode two images and pass them once, as everybody does."""
    sides = []
    for content in (left, right):
        with Image.open(io.BytesIO(content)) as image:
            pixels = torch.from_numpy(resized(image.convert("RGB"), network.trunk.size).copy())
        sides.append(network.trunk(network.trunk.prepare(pixels[None])))
    return float(network.pair(*sides).softmax(1)[0, 1])
