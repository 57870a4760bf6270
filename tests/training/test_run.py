"""Whole trainings of a tiny network: what they write, and that they stop and continue exactly."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from mtdnet.errors import InputError, Stopped
from mtdnet.files import read_json
from mtdnet.networks import keep
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Training
from mtdnet.training import checkpoint, train
from mtdnet.training.trainer import Trainer

STEPS = Training(steps=6, triplets=20, rate=0.01, validate_every=3)


@pytest.fixture(autouse=True)
def processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTDNET_DEVICE", "cpu")


def run(small: Path, room: Path, settings: Training = STEPS, **more: Any) -> dict[str, Any]:
    return train(
        ingested=small / "ingest" / "viper",
        augmented=small / "augment" / "viper",
        out=room / "model",
        checkpoints=room / "checkpoints",
        settings=settings,
        seed=3,
        **({"width": 1 / 16} | more),
    )


def test_writes_a_model_folder_and_tells_each_row(small: Path, tmp_path: Path) -> None:
    rows: list[Mapping[str, float]] = []
    summary = run(small, tmp_path, observe=rows.append)
    model = tmp_path / "model"
    assert [row["step"] for row in rows] == [3, 6]
    header, *lines = (model / "history.csv").read_text().splitlines()
    assert header.startswith("step,triplets,triplet_loss,pair_loss,validation_rank1")
    assert len(lines) == 2
    assert read_json(model / "training.json") == summary
    assert summary["best_step"] in (3, 6) and summary["triplets"] == 120
    assert keep.load(model / "network.safetensors").width == 1 / 16
    assert not (tmp_path / "checkpoints").exists()


def test_a_stopped_training_continues_exactly(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(small, tmp_path / "whole")
    step = Trainer.step
    taken: list[object] = []

    def interrupted(self: Trainer, batch: Any) -> None:
        step(self, batch)
        taken.append(batch)
        if len(taken) == 4:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Trainer, "step", interrupted)
    with pytest.raises(Stopped, match="stopped at step 4 of 6"):
        run(small, tmp_path / "parts")
    assert not (tmp_path / "parts" / "model").exists()
    rows: list[Mapping[str, float]] = []
    run(small, tmp_path / "parts", observe=rows.append)
    assert len(taken) == 6, "it began anew"
    assert [row["step"] for row in rows] == [3, 6], "rows before the stop are told again"
    whole, parts = (
        load_file(tmp_path / name / "model" / "network.safetensors") for name in ("whole", "parts")
    )
    for name, weight in whole.items():
        assert torch.equal(weight, parts[name]), name
    histories = [(tmp_path / n / "model" / "history.csv").read_text() for n in ("whole", "parts")]
    assert histories[0] == histories[1]


def test_another_setting_begins_anew(small: Path, tmp_path: Path) -> None:
    network = MTDnet(1 / 16)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    state = checkpoint.State("one", step=7)
    checkpoint.save(tmp_path / "last", state, network, optimiser)
    assert checkpoint.restore(tmp_path / "last", "one", network, optimiser) == state
    assert checkpoint.restore(tmp_path / "last", "two", network, optimiser) is None
    assert checkpoint.restore(tmp_path / "none", "one", network, optimiser) is None


def test_starts_from_another_network(small: Path, tmp_path: Path) -> None:
    first = run(small, tmp_path / "first")
    settings = Training(steps=1, triplets=20, rate=1e-12, validate_every=1)
    second = run(small, tmp_path / "second", settings, start=tmp_path / "first" / "model")
    assert (first["start"], second["start"]) == ("drawn", "model")
    one, two = (
        load_file(tmp_path / name / "model" / "network.safetensors") for name in ("first", "second")
    )
    for name, weight in one.items():
        torch.testing.assert_close(weight, two[name])


def test_learns(small: Path, tmp_path: Path) -> None:
    settings = Training(steps=40, triplets=100, rate=0.01, validate_every=10)
    run(small, tmp_path, settings)
    _, first, *_, last = (tmp_path / "model" / "history.csv").read_text().splitlines()
    assert float(last.split(",")[2]) < 0.8 * float(first.split(",")[2])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"settings": Training(steps=9, triplets=20, rate=1e20)}, "loss is not finite.*`rate`"),
        ({"settings": Training(steps=9, triplets=10**6)}, "fewer than one batch; set `triplets`"),
        ({"variant": "mtdnet-none"}, "unknown variant 'mtdnet-none'; known: mtdnet"),
        ({"start": Path("nowhere")}, "nowhere/network.safetensors: no such file"),
        ({"weights": Path("nowhere.npz")}, "no such weights file"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    small: Path, tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        run(small, tmp_path, **more)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "model").exists()
