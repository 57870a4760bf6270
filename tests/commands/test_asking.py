"""``mtdnet same`` and ``mtdnet rank``, as people and programs call them."""

import json
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mtdnet.__main__ import main
from mtdnet.inference.verifier import Verifier
from mtdnet.metrics.calibration import calibrated
from mtdnet.networks import serialization
from mtdnet.networks.alexnet import AlexNet
from mtdnet.networks.mtdnet import MTDnet

Called = tuple[int, str, str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a query, a gallery of six images and two networks; go there."""
    rng = np.random.default_rng(0)
    (tmp_path / "gallery" / "deep").mkdir(parents=True)
    for name in ("query.png", *(f"gallery/{i}.png" for i in range(5)), "gallery/deep/5.PNG"):
        pixels = rng.integers(0, 256, (1, 1, 3)) + rng.integers(-30, 30, (64, 24, 3))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(tmp_path / name)
    (tmp_path / "gallery" / "notes.txt").write_text("no image")
    (tmp_path / "broken").mkdir()
    whole = (tmp_path / "query.png").read_bytes()
    (tmp_path / "broken" / "0.png").write_bytes(whole[:200])
    torch.manual_seed(0)
    serialization.save(MTDnet(1 / 32), tmp_path / "pair" / "network.safetensors", 2.0)
    serialization.save(AlexNet(1 / 32), tmp_path / "rnk" / "network.safetensors")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MTDNET_MODEL", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("mtdnet.inference.model_file.entry_points", lambda **_: ())
    return tmp_path


@pytest.fixture
def call(folder: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Called]:
    """Call the command line; return its status and what it printed."""

    def run(*words: str) -> Called:
        status = main(words)
        printed = capfd.readouterr()
        return status, printed.out, printed.err

    return run


def test_outside_a_project_the_users_own_network_is_asked(
    call: Callable[..., Called], folder: Path
) -> None:
    pair = ("same", "query.png", "gallery/1.png")
    status, _, err = call(*pair)
    own = folder / "config" / "mtdnet" / "network.safetensors"
    assert status == 2 and f"or put it at {own}" in err
    own.parent.mkdir(parents=True)
    (folder / "pair" / "network.safetensors").rename(own)
    status, _, err = call(*pair)
    assert status == 0 and f"asked {own}" in err


def test_same_prints_the_calibrated_probability(call: Callable[..., Called]) -> None:
    pair = ("query.png", "gallery/1.png")
    status, out, err = call("same", *pair, "--model", "pair", "--json")
    assert status == 0 and "asked pair" in err
    (row,) = json.loads(out)["pairs"]
    assert (row["left"], row["right"]) == pair
    verifier = Verifier(Path("pair/network.safetensors"))
    (own,) = verifier.probability([Path(pair[0])], [Path(pair[1])])
    assert row["probability"] == pytest.approx(float(own))
    serialization.save(
        serialization.load(Path("pair/network.safetensors")).network, Path("raw"), 1.0
    )
    (raw,) = Verifier(Path("raw")).probability([Path(pair[0])], [Path(pair[1])])
    assert own == pytest.approx(float(calibrated(np.array([raw]), 2.0)[0]), abs=1e-6)
    status, out, _ = call("same", *pair, "--model", "pair/network.safetensors")
    assert (status, out) == (0, f"{own:.2f}  {pair[0]}  {pair[1]}\n")


def test_a_network_that_is_not_calibrated_says_so(call: Callable[..., Called]) -> None:
    network = serialization.load(Path("pair/network.safetensors")).network
    serialization.save(network, Path("raw/network.safetensors"))
    for words in (("same", "query.png", "gallery/1.png"), ("rank", "query.png", "gallery")):
        for model, sure in (("raw", False), ("pair", True)):
            _, out, err = call(*words, "--model", model, "--json")
            assert json.loads(out)["calibrated"] is sure
            assert ("not calibrated: too few persons" in err) is not sure
    call("rank", "query.png", "gallery", "--model", "raw", "--html", "page.html")
    page = Path("page.html").read_text()
    assert "by a network that is not calibrated" in page and "Calibrated prob" not in page
    assert not Verifier.load("raw").calibrated and Verifier.load("pair").calibrated


def test_same_reads_pairs_from_a_table_beside_its_images(
    call: Callable[..., Called], folder: Path
) -> None:
    table = folder / "gallery" / "pairs.csv"
    table.write_text("left, right\n0.png,1.png\n\n../query.png,deep/5.PNG\n")
    status, out, _ = call("same", "--pairs", "gallery/pairs.csv", "--model", "pair", "--json")
    assert status == 0 and len(json.loads(out)["pairs"]) == 2
    table.write_text("left,right\n0.png,1.png\n\n0.png,gone.png\n")
    status, _, err = call("same", "--pairs", "gallery/pairs.csv", "--model", "pair")
    assert status == 2 and "row 4, right: no image file 'gone.png'" in err
    table.write_text(f"left,right\n0.png,{'x' * 5000}\n")
    status, _, err = call("same", "--pairs", "gallery/pairs.csv", "--model", "pair")
    assert status == 2 and "row 2, right: no image file 'xxx" in err
    table.write_text("one,two\n")
    status, _, err = call("same", "--pairs", "gallery/pairs.csv", "--model", "pair")
    assert status == 2 and "no column left, right; it has one, two" in err


@pytest.mark.parametrize(("model", "measure"), [("pair", "probability"), ("rnk", "distance")])
def test_rank_orders_the_gallery(
    model: str, measure: str, call: Callable[..., Called], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtdnet.inference.verifier.BLOCK", 2)
    words = ("rank", "query.png", "gallery", "--model", model)
    status, out, _ = call(*words, "--top", "9", "--json")
    found = json.loads(out)
    assert status == 0 and found["gallery"] == 6
    assert [row["rank"] for row in found["ranked"]] == [1, 2, 3, 4, 5, 6]
    assert {row["file"] for row in found["ranked"]} >= {"gallery/deep/5.PNG", "gallery/0.png"}
    scores = [row[measure] for row in found["ranked"]]
    assert scores == sorted(scores, reverse=measure == "probability")
    status, out, _ = call(*words, "--top", "2")
    assert status == 0 and len(out.splitlines()) == 3 and measure in out.splitlines()[0]
    if measure == "probability":
        verifier = Verifier(Path("pair/network.safetensors"))
        files = [Path(row["file"]) for row in found["ranked"]]
        pairs = verifier.probability([Path("query.png")] * 6, files)
        np.testing.assert_allclose(scores, pairs, atol=1e-3)


def test_several_images_of_a_person_are_one_question(call: Callable[..., Called]) -> None:
    verifier = Verifier.load("pair")
    also = ("--left-also", "gallery/0.png", "--right-also", "gallery/2.png", "gallery/3.png")
    _, out, _ = call("same", "query.png", "gallery/1.png", *also, "--model", "pair", "--json")
    left = ["query.png", "gallery/0.png"]
    expected = verifier.same([left], [[f"gallery/{n}.png" for n in (1, 2, 3)]])
    assert json.loads(out)["pairs"][0]["probability"] == pytest.approx(expected[0], abs=1e-3)
    words = ("query.png", "gallery", "--also", "gallery/0.png", "--tracks", "--model", "pair")
    status, out, _ = call("rank", *words, "--json")
    found = {row["file"]: row["probability"] for row in json.loads(out)["ranked"]}
    shop = [f"gallery/{n}.png" for n in (1, 2, 3, 4)]
    own = verifier.same([left, left], [shop, ["gallery/deep/5.PNG"]])
    assert status == 0 and found.keys() == {"gallery/1.png", "gallery/deep/5.PNG"}
    np.testing.assert_allclose(
        [found["gallery/1.png"], found["gallery/deep/5.PNG"]], own, atol=1e-3
    )
    _, _, err = call("same", "--pairs", "p.csv", "--left-also", "query.png", "--model", "pair")
    assert "--left-also and --right-also go with two images" in err


class Sheet(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        if tag == "img":
            self.images.append(dict(attrs))


def test_rank_writes_a_page_of_its_own(call: Callable[..., Called], folder: Path) -> None:
    words = ("rank", "query.png", "gallery", "--top", "4", "--html", "a & b.html")
    assert call(*words, "--model", "pair")[0] == 0
    page = Sheet()
    page.feed((folder / "a & b.html").read_text(encoding="utf-8"))
    assert len(page.images) == 5 and not page.scripts
    assert all(str(image["src"]).startswith("data:image/jpeg;base64,") for image in page.images)
    assert [str(image["alt"]).split(":")[0] for image in page.images] == [
        "Query",
        *(f"Rank {i}" for i in range(1, 5)),
    ]


def test_names_of_files_are_text_on_the_page(call: Callable[..., Called], folder: Path) -> None:
    name = "<script>alert(1)<!--\"'&.png"
    shutil.copy(folder / "query.png", folder / "gallery" / name)
    words = ("rank", f"gallery/{name}", "gallery", "--html", "page.html", "--model", "pair")
    assert call(*words)[0] == 0
    text = (folder / "page.html").read_text(encoding="utf-8")
    page = Sheet()
    page.feed(text)
    assert not page.scripts and "<script" not in text and "<!--" not in text
    assert any(name in str(image["alt"]) for image in page.images)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["same", "query.png", "gone.png", "--model", "pair"], "gone.png: can't be read"),
        (["same", "query.png", "--model", "pair"], "name two images, or --pairs"),
        (["same", "query.png", "gallery/notes.txt", "--model", "pair"], "notes.txt: not a whole"),
        (["same", "query.png", "query.png", "--model", "rnk"], "this network only ranks"),
        (["same", "query.png", "query.png", "--model", "none"], "none: no such file"),
        (["same", "query.png", "query.png"], "mtdnet[pipeline]); name one: --model FILE"),
        (["rank", "query.png", "nowhere", "--model", "pair"], "nowhere: no such folder"),
        (["rank", "query.png", "pair", "--model", "pair"], "pair: no image files to rank"),
        (["rank", "query.png", "gallery", "--model", "pair", "--top", "0"], "--top must be at"),
        (["rank", "query.png", "gallery", "--top", "x"], "argument --top: invalid int value: 'x'"),
        (["rank", "query.png", "gallery", "--html", "query.png"], "a name that ends in .html"),
        (
            ["rank", "query.png", "broken", "--model", "pair"],
            "not one of the 1 other im",
        ),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
    ],
)
def test_bad_input_is_one_line(words: list[str], said: str, call: Callable[..., Called]) -> None:
    status, out, err = call(*words)
    assert (status, out) == (2, "") and said in err.splitlines()[-1]
    assert "Traceback" not in err
    status, out, _ = call(*words, "--json")
    assert status == 2 and said in json.loads(out)["error"]


def test_the_environment_names_a_model(
    call: Callable[..., Called], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTDNET_MODEL", "pair")
    assert "asked pair" in call("same", "query.png", "query.png")[2]


def test_a_registry_needs_the_pipeline(call: Callable[..., Called]) -> None:
    _, _, err = call("same", "query.png", "query.png", "--model", "models:/mtdnet-viper@champion")
    assert "install mtdnet[pipeline] to load from a registry" in err
