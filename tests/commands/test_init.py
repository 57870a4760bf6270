"""``mtdnet init``: what it recognises, what it writes, what it asks and refuses."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from mtdnet import params
from mtdnet.__main__ import main
from mtdnet.commands.recognise import BenchmarkFolder
from mtdnet.commands.starter import starter

ROOT = Path(__file__).parents[2]


def table(folder: Path, persons: int, cameras: Sequence[str] = "ab") -> None:
    """Write a table of persons whom every camera saw once; the images needn't be any."""
    folder.mkdir(parents=True)
    with (folder / "own.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("path", "person_id", "camera_id"))
        for person in range(persons):
            for camera in cameras:
                (folder / f"{person}{camera}.jpg").touch()
                rows.writerow((f"{person}{camera}.jpg", f"p{person}", camera))


def named(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 4)).save(file)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_dozen_persons_of_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table(folder / "data" / "shop", 12)
    assert main(["init"]) == 0
    said = "shop: table, 24 images, 2 cameras; persons: 6 train, 3 validation, 3 test"
    assert said in capsys.readouterr().out
    found = params.load()
    assert (found.pretrain.source, found.train.targets) == ("shop", ())
    assert (found.ingest.layouts, found.augment.splits["shop"].name) == (
        {"shop": "table"},
        "random",
    )


LAYOUTS = {
    "cuhk01": [f"campus/{p:04d}{i:03d}.png" for p in range(1, 9) for i in range(1, 5)],
    "ilids": [f"Persons/{p:04d}{i:03d}.jpg" for p in range(1, 9) for i in range(1, 5)],
    "viper": [f"cam_{c}/{p:03d}_{a}.bmp" for p in range(8) for c, a in (("a", 0), ("b", 90))],
    "prid2011": [f"cam_{c}/person_{p:04d}.png" for p in range(1, 9) for c in "ab"],
    "cuhk03": [f"images_detected/1_{p:03d}_{v}_01.png" for p in range(1, 9) for v in (1, 2)],
    "market1501": [
        *(f"bounding_box_train/{p:04d}_c{c}s1_000001_01.jpg" for p in range(2, 9) for c in (1, 2)),
        *(f"query/{p:04d}_c1s1_000001_00.jpg" for p in range(20, 24)),
        *(f"bounding_box_test/{p:04d}_c2s1_000001_01.jpg" for p in range(20, 24)),
    ],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_published_layout_is_recognised(layout: str, folder: Path) -> None:
    named(folder / "data" / "mine", LAYOUTS[layout])
    assert main(["init"]) == 0
    found = params.load()
    assert found.ingest.layouts == {"mine": layout}
    assert found.augment.splits["mine"].name == "paper"
    assert found.ingest.boxes == ("detected" if layout == "cuhk03" else "labeled")


def test_several_start_from_the_source(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table(folder / "data" / "shop", 12)
    table(folder / "data" / "hall", 20)
    (folder / "data" / "notes").mkdir()
    assert main(["init"]) == 0
    assert "passed over data/notes: no layout that is known (nothing is there)" in (
        capsys.readouterr().err
    )
    assert (params.load().pretrain.source, params.load().train.targets) == ("hall", ("shop",))
    assert main(["init", "--source", "shop", "--force"]) == 0
    assert (params.load().pretrain.source, params.load().train.targets) == ("shop", ("hall",))


def test_a_file_that_is_there_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table(folder / "data" / "shop", 12)
    (folder / "params.yaml").write_text("mine")
    assert main(["init"]) == 2
    assert "`mtdnet init --force` replaces it" in capsys.readouterr().err
    assert (folder / "params.yaml").read_text() == "mine"


def test_a_terminal_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table(folder / "data" / "shop", 12)
    table(folder / "data" / "hall", 20)
    (folder / "params.yaml").write_text("mine")
    terminal = io.StringIO("yes\nshop\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert main(["init"]) == 0
    assert params.load().pretrain.source == "shop"


@pytest.mark.parametrize(
    ("persons", "cameras", "said"),
    [
        (3, "ab", "shop: seen by two cameras are 1 to test and 2 more; a split needs 4"),
        (9, "a", "shop: no person is seen by two cameras"),
    ],
)
def test_too_little_is_one_line(
    persons: int, cameras: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table(folder / "data" / "shop", persons, cameras)
    assert main(["init"]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not (folder / "params.yaml").exists()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("elsewhere", "data: no folder there; put each benchmark into one of its own"),
        ("data/my shop", "its name is a word of commands; rename it"),
        ("data/shop", "data/shop: no layout that is known (nothing is there)"),
    ],
)
def test_a_folder_without_data_is_one_line(
    made: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / made).mkdir(parents=True)
    assert main(["init"]) == 2
    assert said in capsys.readouterr().err


def test_an_unknown_source_names_those_that_are_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table(folder / "data" / "shop", 12)
    assert main(["init", "--source", "mall"]) == 2
    assert "--source: no 'mall' below data; there: shop" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "benchmark", "layout", "split"),
    [("own", "shop", "table", "random"), ("one", "viper", "viper", "paper")],
)
def test_the_files_below_configs_are_of_the_same_text(
    name: str, benchmark: str, layout: str, split: str
) -> None:
    written = (ROOT / "configs" / f"{name}.yaml").read_text(encoding="utf-8")
    alone = BenchmarkFolder(benchmark, layout, "labeled", 2, 0, split, {}, 0)
    own, made = (text.splitlines() for text in (written, starter([alone], "")))
    assert [*own[:1], *own[2:]] == [*made[:1], *made[2:]]  # but for a comment of its own


def test_it_trains_as_the_demo_does() -> None:
    demo, own = params.load(ROOT / "params.yaml"), params.load(ROOT / "configs" / "own.yaml")
    chosen = {"source", "variants", "targets", "compared"}
    small = {"splits", "pairs", "rounds"}  # own persons may be a dozen: blocks of fewer
    assert own.augment.model_dump(exclude=small) == demo.augment.model_dump(exclude=small)
    for section in ("pretrain", "train"):
        of_demo, of_own = (getattr(p, section).model_dump(exclude=chosen) for p in (demo, own))
        assert of_own == of_demo
