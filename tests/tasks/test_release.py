"""The network for real people: made from a folder of benchmarks, fetched from the remote."""

import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from safetensors import safe_open

from mtdnet import Verifier, params, steps, synthetic
from mtdnet.__main__ import main
from mtdnet.errors import InputError
from mtdnet.networks import serialization
from mtdnet.networks.mtdnet import MTDnet
from tasks import release, release_remote
from tasks.command import ROOT

PERSONS = {"viper": 24, "ilids": 16, "prid2011": 8}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmarks")
    synthetic.write(folder, persons=PERSONS)
    for archive in folder.glob("*/*.zip"):
        shutil.unpack_archive(archive, archive.parent)
    return folder


def test_the_table_holds_every_benchmark_and_says_whose(data: Path, tmp_path: Path) -> None:
    release.gather(data, tmp_path / "people")
    lines = (tmp_path / "people" / "people.csv").read_text().splitlines()[1:]
    rows = [line.split(",") for line in lines]
    assert {person.partition("-")[0] for _, person, _ in rows} == set(PERSONS)
    assert all((tmp_path / "people" / path).is_file() for path, _, _ in rows)
    assert {camera for _, person, camera in rows if person.startswith("ilids")} == {""}
    cameras = {camera for _, person, camera in rows if person.startswith("viper")}
    assert cameras == {"viper-a", "viper-b"}  # a pair's negatives come from its own benchmark


def test_what_is_no_benchmark_of_image_files_is_one_line(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no benchmark; expected a folder cuhk01"):
        release.gather(tmp_path, tmp_path / "people")
    (tmp_path / "viper").symlink_to(data / "ilids")
    with pytest.raises(InputError, match=r"viper: expected image files, cam_a/"):
        release.gather(tmp_path, tmp_path / "people")
    assert not (tmp_path / "people").exists()


@pytest.mark.slow
def test_the_recipe_makes_a_small_file_and_its_card(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = params.load(ROOT / release.RECIPE)
    update = {"width": 1 / 32, "weights": None, "steps": 4, "triplets": 24, "validate_every": 2}
    small = {
        "augment": recipe.augment.model_copy(
            update={"negatives": 2, "pairs": 4, "splits": {"people": params.Split(name="random")}}
        ),
        "pretrain": recipe.pretrain.model_copy(update=update),
    }
    monkeypatch.chdir(tmp_path)
    file = release.make(data, recipe.model_copy(update=small), tmp_path / "released")
    with safe_open(file, "pt") as stored:
        assert {stored.get_tensor(name).dtype for name in stored.keys()} == {torch.float16}  # noqa: SIM118
    # what was tested is what is released
    assert file.read_bytes() == (steps.model("people", 0, "mtdnet") / file.name).read_bytes()
    card = (file.parent / "card.md").read_text()
    assert "non-commercial research" in card and "| kept | step " in card
    tested = {b for b in ("VIPeR", "i-LIDS", "PRID 2011") if f"| test, {b} | rank-1 " in card}
    parts = pq.read_table("results/augment/people-0/split.parquet").to_pylist()
    assert len(tested) == len(
        {row["person"].partition("-")[0] for row in parts if row["part"] == "test"}
    )
    left, right = sorted((data / "viper").rglob("*.bmp"))[:2]
    assert 0 <= Verifier.load(file).same(left, right) <= 1


def test_a_network_too_large_is_not_released(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for step in ("ingest", "augment", "pretrain"):
        monkeypatch.setattr(steps, step, lambda *words: None)
    serialization.save(MTDnet(1 / 32), steps.model("people", 0, "mtdnet") / "network.safetensors")
    monkeypatch.setattr(release, "LIMIT", 1000)
    with pytest.raises(InputError, match=r"bytes, more than 1,000; lower pretrain\.width"):
        release.make(data, params.load(ROOT / release.RECIPE), tmp_path / "released")
    assert not (tmp_path / "released").exists()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository whose remote has a released network, and its installation."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / ".dvc", root / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    torch.manual_seed(0)
    folder = root / "released"
    serialization.save(MTDnet(1 / 32), folder / "network.safetensors", 2.0, half=True)
    for words in (["add", "-q", "released/network.safetensors"], ["push", "-q", "-r", "demo"]):
        subprocess.run([sys.executable, "-m", "dvc", *words], cwd=root, check=True)
    shutil.rmtree(root / ".dvc" / "cache")
    (folder / "network.safetensors").unlink()
    monkeypatch.setattr(release_remote, "ROOT", root)
    monkeypatch.setattr(release_remote, "FOLDER", folder)
    points = {"released": "tasks.release_remote:network"}
    monkeypatch.setattr(
        "mtdnet.inference.model_file.entry_points",
        lambda group, name: [EntryPoint(name, points[name], group)] if name in points else [],
    )
    monkeypatch.delenv("MTDNET_MODEL", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return root


@pytest.mark.pipeline
def test_the_released_network_is_asked_where_no_other_is_named(
    checkout: Path, data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pair = sorted(str(each) for each in (data / "viper").rglob("*.bmp"))[:2]
    assert main(["same", *pair]) == 0
    printed = capfd.readouterr().err
    assert "asked released\n" in printed and "non-commercial research" in printed
    file = checkout / "released" / "network.safetensors"
    good = file.read_bytes()
    file.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))  # not what the repository has
    assert Verifier.load("released").measure == "probability" and file.read_bytes() == good

    shutil.rmtree(checkout / "demo")
    file.unlink()
    shutil.rmtree(checkout / ".dvc" / "cache")
    assert main(["same", *pair]) == 2
    assert "error: no network to ask (the released one: not fetched: " in capfd.readouterr().err
    (checkout / "released" / "network.safetensors.dvc").unlink()
    assert main(["same", *pair]) == 2
    assert f"none is released with {checkout}); name one: --model" in capfd.readouterr().err
