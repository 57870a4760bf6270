"""A saved model in a process: every form of an image, what is refused, and what it needs."""

import base64
import io
import json
import os
import subprocess
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow import pyfunc
from mlflow.exceptions import MlflowException
from PIL import Image

from mtdnet.data import decode
from mtdnet.inference.verifier import Verifier
from mtdnet.networks import header
from tests.tasks.consumer import HEAD, consume

Predict = Callable[..., pd.DataFrame]
# A consumer: no checkout on its path, and nothing but what the model says that it requires.
CONSUMER = (
    HEAD
    + """
for name in sys.argv[4:]:
    sys.modules[name] = None
import mlflow, pandas
model = mlflow.pyfunc.load_model(sys.argv[2])
found = model.predict(pandas.DataFrame(json.loads(sys.argv[3])))
print(json.dumps(found["probability"].tolist()))
"""
)
FRESH = "MTDNET_FRESH_ENVIRONMENT"
FORBIDDEN = "h5py matplotlib ruamel shtab pyarrow scipy filelock torchvision dvc prefect sklearn"


@pytest.fixture(scope="module")
def predict(saved: Path) -> Predict:
    loaded = pyfunc.load_model(str(saved / "model"))

    def ask(columns: dict[str, Any], **params: Any) -> pd.DataFrame:
        found: pd.DataFrame = loaded.predict(pd.DataFrame(columns), params=params)
        return found

    return ask


@pytest.fixture(scope="module")
def verifier(saved: Path) -> Verifier:
    return Verifier(saved / "network" / header.FILE)


def picture(seed: int) -> bytes:
    rng, out = np.random.default_rng(seed), io.BytesIO()
    noisy = rng.integers(0, 256, (1, 1, 3)) + rng.integers(-40, 40, (64, 24, 3))
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


A, B, C = (picture(seed) for seed in range(3))
BASE64 = base64.b64encode(B).decode()


def test_every_form_of_an_image_gets_the_librarys_answer(
    predict: Predict, verifier: Verifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b.png").write_bytes(B)
    with Image.open(tmp_path / "b.png") as image:
        pixels = np.asarray(image)
    forms: list[Any] = [B, BASE64, f"data:image/png;base64,{BASE64}", tmp_path / "b.png", pixels]
    forms += [base64.encodebytes(B).decode(), bytearray(B)]
    expected = verifier.same(A, B)
    frame = predict({"left": [A] * len(forms), "right": forms})
    np.testing.assert_allclose(frame["probability"], expected, atol=1e-3)
    assert frame["calibrated"].all()
    monkeypatch.setenv("MTDNET_SERVE_PATHS", "1")
    found = predict({"left": [A, A], "right": [str(tmp_path / "b.png"), BASE64]})["probability"]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    found = predict({"left": [A], "right": [B]}, folds=1)["probability"]
    np.testing.assert_allclose(found, verifier.same([A], [B], folds=1), atol=1e-3)


def test_a_query_ranks_its_gallery(predict: Predict, verifier: Verifier) -> None:
    gallery: list[Any] = [A, [B, C], C, picture(3)]
    found = predict({"query": [A, B], "gallery": [gallery, [C]]}, top_k=3)
    assert found["query"].tolist() == [0, 0, 0, 1] and found["rank"].tolist() == [1, 2, 3, 1]
    expected = verifier.rank(A, gallery, top=3) + verifier.rank(B, [C])
    assert found["place"].tolist() == [each.place for each in expected]
    np.testing.assert_allclose(found["probability"], [each.score for each in expected], atol=1e-3)
    short = predict({"query": [A], "gallery": [gallery]}, top_k=1, shortlist=1)
    assert short["place"].tolist() == [0]  # the query itself is nearest
    assert len(predict({"query": [A], "gallery": [gallery]}, top_k=0)) == len(gallery)


def test_features_are_the_librarys(predict: Predict, verifier: Verifier) -> None:
    found = predict({"image": [A, BASE64]})["feature"].tolist()
    np.testing.assert_allclose(found, verifier.embed([A, B]), atol=1e-3)


@pytest.mark.parametrize(
    ("columns", "params", "line"),
    [
        ({"left": [A, A], "right": [B, None]}, {}, "row 1, right: missing"),
        ({"left": [A], "right": [None]}, {}, "column right: missing, or empty in all rows"),
        ({"left": [A]}, {}, "column right: missing"),
        ({"left": [A, 3], "right": [B, B]}, {}, "row 1, left: expected a path, .* found int"),
        ({"left": [A], "right": [[B]]}, {}, "row 0, right: expected a path, .* found list"),
        ({"left": [A], "right": [b"text"]}, {}, "row 0, right: not a whole image .*no known"),
        ({"left": [A], "right": [B[:90]]}, {}, "row 0, right: not a whole image"),
        ({"left": [__file__], "right": [B]}, {}, "row 0, left: no image: expected base64 or a"),
        ({"left": ["http://a/b.png"], "right": [B]}, {}, "row 0, left: no image: expected base64"),
        ({"left": ["data:image/png;base64,***"], "right": [B]}, {}, "row 0, left: no image"),
        ({"query": [A], "gallery": [[B, b"x"]]}, {}, "row 0, gallery 1: not a whole image"),
        ({"query": [A], "gallery": [B]}, {}, "row 0, gallery: expected a list .* found bytes"),
        ({"query": [A], "gallery": [[]]}, {}, "row 0, gallery: expected a list of images"),
        ({"left": [A], "right": [B]}, {"folds": 3}, "folds must be 8 or 1, found 3"),
        ({"left": [A], "right": [B]}, {"mode": "x"}, "mode: expected auto, same, rank, features"),
        ({"query": [A], "gallery": [[B]]}, {"top_k": -1}, "top_k: expected 0, which sets no"),
    ],
)
def test_what_is_wrong_is_one_line_with_row_and_column(
    columns: dict[str, Any], params: dict[str, Any], line: str, predict: Predict
) -> None:
    with pytest.raises(MlflowException, match=line) as refused:
        predict(columns, **params)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    assert "\n" not in refused.value.message


def test_what_is_too_large_is_refused(predict: Predict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "BYTES", 100)
    with pytest.raises(MlflowException, match="row 0, left: at most 100 bytes"):
        predict({"left": [A], "right": [B]})
    monkeypatch.undo()
    monkeypatch.setattr(decode, "PIXELS", 100)
    with pytest.raises(MlflowException, match="row 0, left: 24 x 64 pixels, at most 100 are read"):
        predict({"left": [A], "right": [B]})


def test_it_needs_what_it_says_and_no_checkout(
    saved: Path, verifier: Verifier, tmp_path: Path
) -> None:
    file = pyfunc.get_model_dependencies(str(saved / "model"))
    lines = Path(file).read_text(encoding="utf-8").split()
    assert all("==" in line and "+" not in line for line in lines)
    names = {line.split("==")[0] for line in lines}
    assert names == {"mlflow", "numpy", "pillow", "safetensors", "torch"}
    rows = json.dumps({"left": [BASE64], "right": [base64.b64encode(C).decode()]})
    answer = consume(CONSUMER, str(saved / "model"), rows, *FORBIDDEN.split(), folder=tmp_path)
    np.testing.assert_allclose(json.loads(answer), verifier.same([B], [C]), atol=1e-3)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_in_an_environment_of_its_own(saved: Path, verifier: Verifier, tmp_path: Path) -> None:
    """By pip, from the registry: gigabytes, so only where somebody asks for it."""
    if not (place := os.environ.get(FRESH)):
        pytest.skip(
            f"{FRESH} names no folder for an environment of the model's requirements (6 GB)"
        )
    python = Path(place, "bin", "python")
    if not python.exists():
        venv.create(place, with_pip=True)
    file = pyfunc.get_model_dependencies(str(saved / "model"))
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", "-r", file],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"pip can't install the model's requirements: {done.stderr.splitlines()[-1]}")
    rows = json.dumps({"left": [BASE64], "right": [base64.b64encode(C).decode()]})
    env = {"HOME": str(tmp_path), "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    answer = subprocess.check_output(
        [python, "-c", CONSUMER, "-", str(saved / "model"), rows], cwd=tmp_path, env=env, text=True
    )
    np.testing.assert_allclose(json.loads(answer), verifier.same([B], [C]), atol=1e-3)
