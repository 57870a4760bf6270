"""A model behind MLflow's own server: every form of a request, refusals, many clients."""

import base64
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks.model_server import model_server, post
from benchmarks.work import serving
from mtdnet.inference.verifier import Verifier
from mtdnet.metrics.calibration import calibrated
from mtdnet.networks import header, serialization
from mtdnet.networks.mtdnet import MTDnet

pytestmark = pytest.mark.slow
CLIENTS, REQUESTS = 4, 60


@pytest.fixture(scope="module")
def server(saved: Path) -> Iterator[int]:
    """Serve the model as the README says, on a free port of loopback; yield that."""
    with model_server(saved / "model", saved / "server.log", OMP_NUM_THREADS="1") as port:
        yield port


@pytest.fixture(scope="module")
def verifier(saved: Path) -> Verifier:
    return Verifier(saved / "network" / header.FILE)


def ask(port: int, body: Any, kind: str = "application/json") -> list[dict[str, Any]]:
    status, content = post(port, body if isinstance(body, str) else json.dumps(body), kind)
    assert status == 200, content
    rows: list[dict[str, Any]] = content["predictions"]
    return rows


def picture(seed: int) -> bytes:
    rng, out = np.random.default_rng(seed), io.BytesIO()
    noisy = rng.integers(0, 256, (1, 1, 3)) + rng.integers(-40, 40, (96, 40, 3))
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


PICTURES = [picture(seed) for seed in range(8)]
TEXT = [base64.b64encode(each).decode() for each in PICTURES]
A, B, C, D = TEXT[:4]
ROWS = [[A, B], [C, f"data:image/png;base64,{D}"]]
RECORDS = [dict(zip(("left", "right"), row, strict=True)) for row in ROWS]


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["left", "right"], "data": ROWS}},
        {"dataframe_records": RECORDS},
        {"inputs": {name: [row[name] for row in RECORDS] for name in ("left", "right")}},
        {"inputs": RECORDS},
        {"instances": RECORDS},
        {"instances": RECORDS, "params": {"folds": 1}},
    ],
    ids=["split", "records", "inputs", "inputs of rows", "instances", "one pass"],
)
def test_every_form_of_json(body: dict[str, Any], server: int, verifier: Verifier) -> None:
    folds = 1 if "params" in body else 8
    found = [row["probability"] for row in ask(server, body)]
    expected = verifier.same([PICTURES[0], PICTURES[2]], [PICTURES[1], PICTURES[3]], folds)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_csv(server: int, verifier: Verifier) -> None:
    body = "left,right\n" + "".join(f'{a},"{b}"\n' for a, b in ROWS)
    found = [row["probability"] for row in ask(server, body, "text/csv")]
    expected = verifier.same([PICTURES[0], PICTURES[2]], [PICTURES[1], PICTURES[3]])
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("form", ["dataframe_records", "inputs", "instances"])
def test_rankings_and_features(form: str, server: int, verifier: Verifier) -> None:
    body = {form: [{"query": A, "gallery": [B, A, C]}], "params": {"top_k": 2}}
    rows = ask(server, body)
    expected = verifier.rank(PICTURES[0], [PICTURES[1], PICTURES[0], PICTURES[2]], top=2)
    assert [row["place"] for row in rows] == [each.place for each in expected]
    np.testing.assert_allclose(
        [row["probability"] for row in rows], [each.score for each in expected], atol=1e-3
    )
    found = [row["feature"] for row in ask(server, {form: [{"image": A}, {"image": B}]})]
    np.testing.assert_allclose(found, verifier.embed(PICTURES[:2]), atol=1e-3)


def test_a_query_of_several_images(server: int, verifier: Verifier) -> None:
    body = {"dataframe_records": [{"query": [A, B], "gallery": [[C, D]]}]}
    (row,) = ask(server, body)
    expected = verifier.same([PICTURES[:2]], [PICTURES[2:4]])
    assert row["probability"] == pytest.approx(expected[0], abs=1e-3)


def refused(port: int, left: object, right: object) -> str:
    status, answer = post(port, json.dumps({"dataframe_records": [{"left": left, "right": right}]}))
    assert status == 400 and "stack_trace" not in answer
    line = str(answer["message"])
    assert "\n" not in line and len(line) < 300  # so nothing of the input is repeated
    return line


def test_what_is_no_image_is_refused_in_a_line(server: int, tmp_path: Path) -> None:
    file, out = tmp_path / "a.png", io.BytesIO()
    file.write_bytes(PICTURES[0])
    Image.new("1", (10_000, 9_000)).save(out, "PNG")
    large = base64.b64encode(out.getvalue()).decode()
    assert refused(server, str(file), A).startswith("row 0, left: no image: expected base64")
    assert refused(server, A, A[:-6]).startswith("row 0, right: n")  # no base64, or not whole
    assert refused(server, A, A[:400]).startswith("row 0, right: not a whole image")
    assert refused(server, A, "aGVsbG8=").startswith("row 0, right: not a whole image (no known")
    assert refused(server, large, A).startswith("row 0, left: more than 89,478,485 pixels")
    assert refused(server, 3, A).startswith("row 0, left: expected a path, the bytes")
    assert refused(server, None, A).startswith("column left: missing")


@pytest.mark.parametrize("body", ["{", "[]", '{"rows": []}', '{"dataframe_split": {"data": 3}}'])
def test_what_is_no_request_is_refused(body: str, server: int) -> None:
    assert 400 <= post(server, body)[0] < 500
    assert 400 <= post(server, b"left,right\n\xff", "text/csv")[0] < 500


def test_clients_get_the_answers_to_their_own_pairs(server: int, verifier: Verifier) -> None:
    pairs = list(product(range(8), range(8)))[:REQUESTS]
    # Requests of one to three pairs, so that they differ in length too.
    asked = [pairs[n : n + 1 + n % 3] for n in range(REQUESTS)]

    def one(some: list[tuple[int, int]]) -> list[float]:
        rows = [{"left": TEXT[a], "right": TEXT[b]} for a, b in some]
        return [row["probability"] for row in ask(server, {"dataframe_records": rows})]

    with ThreadPoolExecutor(CLIENTS) as clients:
        found = list(clients.map(one, asked))
    for some, answer in zip(asked, found, strict=True):
        left, right = ([PICTURES[pair[side]] for pair in some] for side in (0, 1))
        expected = verifier.probability(left, right)
        np.testing.assert_allclose(answer, expected, atol=1e-3)
    assert np.ptp([answer[0] for answer in found]) > 0.05  # else a mix-up would not show


def test_the_load_that_is_measured(
    server: int, saved: Path, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "PAIRS", 6)
    times, rate = serving.load(server, PICTURES * 2, clients=2)
    assert len(times) == 6 and rate > 0
    network = serialization.load(saved / "network" / header.FILE).network
    assert isinstance(network, MTDnet)
    raw = serving.one_pass(network, *PICTURES[:2])
    expected = verifier.same(PICTURES[:1], PICTURES[1:2], folds=1)
    np.testing.assert_allclose(calibrated(np.array([raw]), 2.0), expected, atol=1e-2)
