"""``mtdnet index``, and ``mtdnet rank`` on what it made."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mtdnet.__main__ import main
from mtdnet.networks import serialization
from mtdnet.networks.mtdnet import MTDnet


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop").mkdir()
    for name in ("query.png", *(f"shop/{i}.png" for i in range(5))):
        pixels = np.random.default_rng(len(name)).integers(0, 256, (64, 24, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    serialization.save(MTDnet(1 / 32), tmp_path / "own.safetensors", 2.0)
    serialization.save(MTDnet(1 / 32), tmp_path / "other.safetensors", 2.0)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTDNET_MODEL", "own.safetensors")
    return tmp_path


@pytest.mark.parametrize("more", [[], ["--features-only"]])
def test_rank_answers_from_an_index_as_from_its_folder(
    more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["index", "shop", "--out", "shop.gallery", "--json", *more]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["images"], made["halves"]) == (5, not more)
    size = sum(file.stat().st_size - 128 for file in Path("shop.gallery").glob("*.npy"))
    assert made["bytes"] == size
    found = []
    for gallery in ("shop.gallery", "shop"):
        assert main(["rank", "query.png", gallery, "--top", "3", "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0]["gallery"] == found[1]["gallery"] == 5
    for one, two in zip(found[0]["ranked"], found[1]["ranked"], strict=True):
        assert one["probability"] == pytest.approx(two["probability"], abs=1e-4)
    assert Path(found[0]["ranked"][0]["file"]).is_absolute()
    page = ["--shortlist", "2", "--top", "2", "--html", "page.html"]
    assert main(["rank", "query.png", "shop.gallery", *page]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert Path("page.html").read_text(encoding="utf-8").count("<img") == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rank", "query.png", "shop", "--shortlist", "9"], "shop: --shortlist needs an index"),
        (["rank", "query.png", "i", "--shortlist", "0"], "--shortlist must be at least 1"),
        (["rank", "query.png", "i", "--model", "other.safetensors"], "made with another network"),
        (["index", "shop", "--out", "i", "--model", "other.safetensors"], "another network"),
        (["index", "nowhere", "--out", "j"], "nowhere: no such folder"),
        (["index", "shop", "--out", "shop"], "shop: is there and is no index"),
        (["index", "shop"], "the following arguments are required: --out"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["index", "shop", "--out", "i"])
    capsys.readouterr()
    assert main(words) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]
