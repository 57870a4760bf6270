"""The frame of the benchmarks: rows, tables, and which pieces are measured."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from benchmarks import __main__ as frame
from benchmarks import machine, table
from benchmarks.rows import NotMeasured, Place, Ratio, seconds
from mtdnet.errors import InputError

RATIO = Ratio(work="sums", against="a loop", unit="sums", own=50.0, other=2.0, reach=100, share=0.5)


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    made = {}
    for name, doc in {"adds": "Sums.", "other": "Others.", "card_gpu": "On a card."}.items():
        made[name] = ModuleType(f"benchmarks.work.{name}", doc)
        made[name].__dict__.update(measure=lambda place: iter([RATIO]))
        monkeypatch.setitem(sys.modules, f"benchmarks.work.{name}", made[name])
    monkeypatch.setattr(frame, "PIECES", list(made))
    monkeypatch.setattr(machine, "peak", lambda place: 1e12)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    return made


def measure(folder: Path, *names: str) -> table.Results:
    frame.run(names, gpu=False, folder=folder)
    return table.read(folder)


def test_the_page_names_ratio_aim_share_machine_and_what_is_missing(
    tmp_path: Path, pieces: dict[str, ModuleType]
) -> None:
    found = measure(tmp_path)
    assert found["adds"]["rows"][0]["ratio"] == 25
    assert found["card_gpu"] == {"title": "On a card", "missing": "no GPU"}
    page = (tmp_path / "results.md").read_text()
    assert "| sums | a loop | sums | 50 | 2 | **25** | 100 | 50% |  | A |" in page
    assert "| On a card | no GPU |" in page
    assert "1 TFLOP/s" in page and page.count("| A |") == 3  # two rows and the machine


def test_a_reason_stands_in_for_a_figure_but_replaces_none(
    tmp_path: Path, pieces: dict[str, ModuleType]
) -> None:
    def refuse(place: Place) -> Iterator[Ratio]:
        raise NotMeasured("no compiler")
        yield RATIO

    measure(tmp_path, "adds")
    for piece in pieces.values():
        piece.__dict__["measure"] = refuse
    found = measure(tmp_path)
    assert "rows" in found["adds"] and found["other"]["missing"] == "no compiler"


def test_what_a_piece_measured_stays_when_the_next_is_stopped(
    tmp_path: Path, pieces: dict[str, ModuleType]
) -> None:
    def stopped(place: Place) -> Iterator[Ratio]:
        yield RATIO
        raise KeyboardInterrupt

    pieces["other"].__dict__["measure"] = stopped
    with pytest.raises(KeyboardInterrupt):
        measure(tmp_path)
    assert list(table.read(tmp_path)) == ["adds"]


def test_an_unknown_piece_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no benchmark 'nothing'; known: "):
        measure(tmp_path, "nothing")


def test_time_is_the_least_of_several_calls() -> None:
    calls: list[int] = []
    assert 0 <= seconds(lambda: calls.append(1), torch.device("cpu"), repeat=4) < np.inf
    assert len(calls) == 5


def test_the_peak_is_measured_on_the_processor() -> None:
    place = machine.processor()
    assert place.torch.type == "cpu" and "TFLOP/s" in machine.named(place, 1e12)


def test_what_needs_a_gpu_loads_with_little_installed() -> None:
    names = [f"benchmarks.work.{name}" for name in frame.PIECES if name.endswith("_gpu")]
    absent = ["h5py", "matplotlib", "shtab", "faiss", "pandas", "mlflow", "dvc", "prefect"]
    program = "import importlib, sys; sys.modules.update(dict.fromkeys({}));" + (
        " import benchmarks.__main__; [importlib.import_module(name) for name in {}]"
    )
    words = [sys.executable, "-c", program.format(absent, names)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert len(names) == 3 and done.returncode == 0, done.stderr
