"""``from mtdnet import Verifier, Gallery``: what docs/python.md shows, and that it is so."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mtdnet
from mtdnet import Verifier
from mtdnet.errors import InputError
from mtdnet.inference.features import pixels

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What a network that answers must do without.
HEAVY = "h5py matplotlib pydantic ruamel shtab jinja2 pyarrow pandas tqdm scipy filelock"
HEAVY += " torchvision mlflow prefect dvc"
ANSWER = """
import sys
for name in sys.argv[3:]:
    sys.modules[name] = None
import mtdnet
assert "torch" not in sys.modules and "numpy" not in sys.modules
verifier = mtdnet.Verifier.load(sys.argv[1])
print(verifier.same(sys.argv[2], sys.argv[2]), len(verifier.embed(sys.argv[2])))
"""

pytestmark = pytest.mark.usefixtures("float32")


@pytest.fixture
def folder(networks: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the images and the model that the page names; go there."""
    (tmp_path / "gallery").mkdir()
    for number, name in enumerate("abcde"):
        rng = np.random.default_rng(number)
        noisy = rng.integers(0, 256, (1, 1, 3)) + rng.integers(-40, 40, (64, 24, 3))
        image = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
        image.save(tmp_path / f"{name}.jpg")
        image.save(tmp_path / "gallery" / f"{name}.png")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "network.safetensors").write_bytes(networks["random"].read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def verifier(folder: Path) -> Verifier:
    return Verifier.load("model")


def test_the_pages_examples_run_and_say_what_is_so(folder: Path, verifier: Verifier) -> None:
    said: dict[str, Any] = {}
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) >= 6
    for block in blocks:
        exec(block, said)  # noqa: S102 - the page is ours
    assert 0 < said["probability"] < 1 and said["several"].shape == (2,)
    np.testing.assert_allclose(said["several"][0], said["probability"], atol=1e-5)
    pairs = verifier.same(["a.jpg"] * 3, ["b.jpg", "c.jpg", "d.jpg"])
    best = np.argsort(-pairs)[:2]
    assert [each.place for each in said["ranked"]] == best.tolist()
    np.testing.assert_allclose([each.score for each in said["ranked"]], pairs[best], atol=1e-5)
    assert said["one"].shape == (1,) and len(said["tracks"]) == 2
    assert said["features"].shape[0] == 3


def test_every_form_of_an_image_gets_the_same_answer(verifier: Verifier) -> None:
    with Image.open("b.jpg") as image:
        forms: list[Any] = ["b.jpg", Path("b.jpg"), Path("b.jpg").read_bytes()]
        forms += [image, np.asarray(image)]
        answers = [verifier.same("a.jpg", form) for form in forms]
        features = verifier.embed(forms)
        ranked = verifier.rank("a.jpg", forms)
    np.testing.assert_allclose(answers, answers[0], atol=1e-5)
    np.testing.assert_allclose(features, features[:1].repeat(len(forms), 0), atol=1e-5)
    np.testing.assert_allclose([each.score for each in ranked], answers[0], atol=1e-5)
    assert verifier.embed("b.jpg").shape == features[0].shape


def test_a_turned_and_clear_picture_of_pillow_is_decoded_as_its_file(verifier: Verifier) -> None:
    colours = np.random.default_rng(9).integers(0, 256, (40, 20, 4), np.uint8)
    image, exif = Image.fromarray(colours, "RGBA"), Image.Exif()
    exif[0x0112] = 6
    image.save("turned.png", exif=exif)
    with Image.open("turned.png") as opened:
        np.testing.assert_allclose(verifier.embed(opened), verifier.embed("turned.png"), atol=1e-6)


def test_one_pass_is_that_of_the_plain_images_left_first(verifier: Verifier) -> None:
    scorer, size = verifier._describer.scorer, verifier._describer.size
    images = pixels([Path("a.jpg"), Path("b.jpg")], size)
    raw = scorer.probabilities(images, np.array([0]), np.array([1]), folds=1)
    expected = verifier._describer.calibrated(raw[0])
    np.testing.assert_allclose(verifier.same(["a.jpg"], ["b.jpg"], folds=1), expected, atol=1e-5)
    assert verifier.rank("a.jpg", ["b.jpg"], folds=1)[0].score == pytest.approx(expected[0])


def test_a_track_answers_by_the_mean_of_logits(verifier: Verifier) -> None:
    left, right = ["a.jpg", "b.jpg"], ["c.jpg", "d.jpg", "e.jpg"]
    logits = []
    for one in left:
        for other in right:
            p = verifier.same(one, other)
            logits.append(np.log(p / (1 - p)))
    expected = 1 / (1 + np.exp(-np.mean(logits)))
    alone = verifier.same("a.jpg", "e.jpg")
    found = verifier.same([left, "a.jpg"], [right, "e.jpg"])
    np.testing.assert_allclose(found, [expected, alone], atol=1e-4)
    ranked = verifier.rank(left, [right, ["a.jpg", "b.jpg"]])
    assert dict(ranked)[0] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("ask", "line"),
    [
        (lambda v: v.same(3, "a.jpg"), "an image and a sequence make no pairs"),
        (lambda v: v.same([3], ["a.jpg"]), "left 0: expected a path, the bytes .*, found int"),
        (lambda v: v.same(b"text", "a.jpg"), r"left 0: not a whole image \(no known format\)"),
        (lambda v: v.same([[]], ["a.jpg"]), "left 0: a track without an image"),
        (lambda v: v.same("a.jpg", "b.jpg", folds=2), "folds must be 8 or 1, found 2"),
        (lambda v: v.same("a.jpg", ["b.jpg"]), "an image and a sequence make no pairs"),
        (lambda v: v.embed([np.zeros((4, 4, 3))]), r"image 0: expected uint8 \(H, W, 3\), found"),
        (lambda v: v.rank("a.jpg", [["gone.jpg"]]), r"gone\.jpg: can't be read"),
    ],
)
def test_what_is_no_image_is_one_line(
    ask: Callable[[Verifier], object], line: str, verifier: Verifier
) -> None:
    with pytest.raises(InputError, match=line):
        ask(verifier)


def test_a_picture_of_too_many_pixels_is_refused(
    verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("mtdnet.data.decode.PIXELS", "mtdnet.data.picture.PIXELS"):
        monkeypatch.setattr(module, 100)
    for image in (Image.new("RGB", (20, 20)), np.zeros((20, 20, 3), np.uint8), "a.jpg"):
        with pytest.raises(InputError, match="at most 100"):
            verifier.embed([image])


def test_a_network_answers_with_four_libraries_alone(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ANSWER, "model", "a.jpg", *HEAVY.split()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 0 <= float(done.stdout.split()[0]) <= 1


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Verifyer'"):
        _ = mtdnet.Verifyer
