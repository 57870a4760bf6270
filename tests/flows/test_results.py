"""A recipe on a folder of benchmarks: the clone that it runs in."""

import subprocess
from pathlib import Path

import pytest

from flows import results
from flows.environment import ROOT
from mtdnet import params
from mtdnet.errors import InputError

RECIPE = ROOT / "configs" / "modern.yaml"


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository of the project's files that a clone changes, as the project."""
    root = tmp_path / "origin"
    for file in ("data.dvc", "dvc.yaml", "params.yaml", "splits/README.md", "weights/README.md"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes((ROOT / file).read_bytes())
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init"], ["add", "."], [*author, "commit", "-m", "All"]):
        subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)
    monkeypatch.setattr(results, "ROOT", root)
    return root


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a folder with two benchmarks, weights, and a list of test persons beside it."""
    for name in ("cuhk03", "viper", "caffenet"):
        (tmp_path / "real" / name).mkdir(parents=True)
    (tmp_path / "real" / "caffenet" / "conv1_conv2.npz").write_text("weights")
    (tmp_path / "ids").mkdir()
    (tmp_path / "ids" / "viper-0.txt").write_text("7\n")
    return tmp_path / "real"


def test_a_clone_holds_what_is_there(origin: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    results.prepare(out, data, tmp_path / "ids", RECIPE)
    made = params.load(out / "params.yaml")
    assert set(made.ingest.layouts) == {"cuhk03", "viper"}
    assert made.train.targets == ("viper",)
    assert made.augment.splits["viper"].test_ids == "splits/viper-{split}.txt"
    assert made.pretrain == params.load(RECIPE).pretrain
    assert (out / "splits" / "viper-0.txt").read_text() == "7\n"
    assert (out / "data" / "viper").samefile(data / "viper")
    assert (out / "weights" / "caffenet.npz").read_text() == "weights"
    (out / "params.yaml").write_text("what a user has changed")
    results.prepare(out, data, None, RECIPE)
    assert (out / "params.yaml").read_text() == "what a user has changed"


def test_what_is_missing_is_named(origin: Path, data: Path, tmp_path: Path) -> None:
    def refused(match: str, ids: Path | None = None, out: str = "out") -> None:
        with pytest.raises(InputError, match=match):
            results.prepare(tmp_path / out, data, ids, RECIPE)
        assert not (tmp_path / "out").exists()

    refused("nowhere: no such folder; name the one with cuhk03.txt", tmp_path / "nowhere")
    refused("real: is there, and no clone of this project", out="real")
    (data / "caffenet" / "conv1_conv2.npz").unlink()
    refused(r"caffenet.npz: is missing")
    (data / "cuhk03").rmdir()
    refused("no folder 'cuhk03', which is trained first")
    (origin / "params.yaml").write_text("")
    refused("changes that are not committed")
