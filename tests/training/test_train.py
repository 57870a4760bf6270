"""Whole trainings of a tiny network: what they write, and what they refuse."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from mtdnet import variants
from mtdnet.artifacts import Fusion
from mtdnet.data.images import Images
from mtdnet.errors import InputError
from mtdnet.files import read_json
from mtdnet.networks import serialization
from mtdnet.params import Training
from mtdnet.protocol.query_gallery import probes
from mtdnet.training import Start
from mtdnet.training.state import State
from mtdnet.training.validation import Validation, weighed
from tests.training.small_training import STEPS, Rows, changed, run

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("processor")]


def test_writes_a_model_folder_and_tells_each_row(small: Path, tmp_path: Path) -> None:
    rows = Rows()
    summary = run(small, tmp_path, tracker=rows)
    model = tmp_path / "model"
    assert rows.steps == [3, 6]
    header, *lines = (model / "history.csv").read_text().splitlines()
    assert header.startswith("step,triplets,triplet_loss,pair_loss,validation_rank1")
    assert len(lines) == 2
    assert summary and read_json(model / "training.json") == summary.model_dump()
    assert summary.triplets == 120
    assert serialization.load(model / "network.safetensors").temperature == summary.temperature
    assert {file.name for file in (tmp_path / "checkpoints").iterdir()} == {
        "last.safetensors",
        f"best-{summary.best_step}.safetensors",
        "lock",
    }


def test_the_average_is_what_is_validated_and_kept(small: Path, tmp_path: Path) -> None:
    settings = changed(STEPS, steps=2, validate_every=2, averaging=0.9)
    run(small, tmp_path / "one", settings)
    run(small, tmp_path / "two", changed(settings, averaging=0.0))
    averaged, plain = (
        load_file(tmp_path / name / "model" / "network.safetensors") for name in ("one", "two")
    )
    assert not torch.equal(averaged["pair.fc8.weight"], plain["pair.fc8.weight"])


def test_keeps_the_network_that_was_best_on_validation_persons(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(
        small,
        tmp_path / "first",
        Training(steps=3, triplets=20, learning_rate=0.01, validate_every=3),
    )
    rising = iter([0.5, 0.4])
    monkeypatch.setattr(
        Validation,
        "measure",
        lambda *given: {"validation_rank1": next(rising), "validation_mAP": 0.5},
    )
    record = run(small, tmp_path / "both")
    assert record and record.best_step == 3
    first, both = (
        load_file(tmp_path / name / "model" / "network.safetensors") for name in ("first", "both")
    )
    assert all(torch.equal(weight, both[name]) for name, weight in first.items())


def test_the_better_map_decides_between_equal_rank1() -> None:
    state = State("some", steps=4)
    for step, found in enumerate([(0.5, 0.2), (0.5, 0.3), (0.4, 0.9), (0.5, 0.3)], 1):
        state.step, state.since = step, 1
        state.close_row(1, dict(zip(("validation_rank1", "validation_mAP"), found, strict=True)))
    assert (state.best, state.best_step) == ((0.5, 0.3), 2)


def test_split_of_other_images_is_one_line(small: Path, tmp_path: Path) -> None:
    images = Images.open(small / "ingest" / "viper")
    other = dataclasses.replace(images, person=images.person[::-1])
    with pytest.raises(InputError, match="a split of other images than ingested; run augment"):
        probes(other, small / "augment" / "viper-0", "test")
    (tmp_path / "split.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"split\.parquet: not the table"):
        probes(images, tmp_path, "test")


def test_a_target_cannot_start_from_a_network_of_another_kind(small: Path, tmp_path: Path) -> None:
    run(small, tmp_path)
    with pytest.raises(InputError, match="a network of another kind; start from `rnk`"):
        run(small, tmp_path / "other", variant="rnk", start=Start(tmp_path / "model"))


def test_starts_from_another_network(small: Path, tmp_path: Path) -> None:
    first = run(small, tmp_path / "first")
    settings = Training(steps=1, triplets=20, learning_rate=1e-12, validate_every=1)
    second = run(small, tmp_path / "second", settings, start=Start(tmp_path / "first" / "model"))
    assert first and second and (first.start, second.start) == ("drawn", "model")
    one, two = (
        load_file(tmp_path / name / "model" / "network.safetensors") for name in ("first", "second")
    )
    for name, weight in one.items():
        torch.testing.assert_close(weight, two[name])


def test_a_training_goes_on_from_the_verdict_before_it_was_weighed(
    small: Path, tmp_path: Path
) -> None:
    first = run(small, tmp_path, start=Start(width=1 / 16, distance_input=True))
    assert first and first.fusion is None
    file = tmp_path / "model" / "network.safetensors"
    as_trained = load_file(file)
    weights = Fusion(logit=0.05, distance=7.0, bias=2.0)
    serialization.save(weighed(serialization.load(file).network, weights), file, None)
    first.model_copy(update={"fusion": weights}).write(file.parent)
    for name in ("mtdnet", "cls"):
        network = Start(file.parent).network(variants.load(name))
        assert network.takes_distance == (name == "mtdnet"), "nobody trains MTDnet-cls's features"
        for key, value in network.state_dict().items():
            torch.testing.assert_close(value, as_trained[key])


@pytest.mark.parametrize("takes", [True, False])
def test_who_has_too_few_to_weigh_by_takes_the_weights_of_the_start(
    takes: bool, small: Path, tmp_path: Path
) -> None:
    start = Start(width=1 / 16, distance_input=takes)
    first, model = run(small, tmp_path / "first", start=start), tmp_path / "first" / "model"
    assert first and first.fusion is None
    weights = Fusion(logit=0.5, distance=7.0, bias=2.0)
    first.model_copy(update={"fusion": weights}).write(model)
    tiny = changed(STEPS, steps=1, validate_every=1, learning_rate=1e-12)
    second = run(small, tmp_path / "second", tiny, start=Start(model))
    assert second and second.fusion == (weights if takes else None)
    assert "the weights" not in second.decided
    if takes:
        one, two = (
            load_file(tmp_path / name / "model" / "network.safetensors")["pair.distance.weight"]
            for name in ("first", "second")
        )
        torch.testing.assert_close(two, one)  # taken back at the start, given anew at the end


def test_learns(small: Path, tmp_path: Path) -> None:
    settings = Training(steps=24, triplets=60, learning_rate=0.01, validate_every=6)
    run(small, tmp_path, settings)
    _, first, *_, last = (tmp_path / "model" / "history.csv").read_text().splitlines()
    assert float(last.split(",")[2]) < 0.8 * float(first.split(",")[2])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"settings": Training(steps=9, triplets=20, learning_rate=1e20)},
            "loss is not finite.*`learning_rate`",
        ),
        ({"settings": Training(steps=9, triplets=10**6)}, "fewer than one batch; set `triplets`"),
        ({"variant": "mtdnet-none"}, "unknown variant 'mtdnet-none'; known: aug"),
        ({"variant": "aug"}, "variant 'aug' needs a source benchmark"),
        ({"start": Start(Path("nowhere"))}, "nowhere/network.safetensors: no such file"),
        ({"start": Start(weights=Path("nowhere.npz"))}, "no such weights file"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    small: Path, tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        run(small, tmp_path, **more)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "model").exists()
