"""Training on several benchmarks: whose turn it is, and who is never seen."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from ruamel.yaml import YAML

from mtdnet import steps, synthetic
from mtdnet.data.images import Images
from mtdnet.params import Params, build
from mtdnet.tables import read_table
from mtdnet.training import data
from mtdnet.training.mixture import Mixture
from tests.pipeline.project import PARAMS

TEXT = {"part": pa.string()}


class Numbers:
    """A list whose batches are the numbers that were asked for."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def batch(self, step: int) -> Any:
        return step


def test_an_epoch_takes_each_list_in_its_own_order_once() -> None:
    sizes = (5, 2, 1)
    mixture = Mixture([Numbers(size) for size in sizes], seed=3)
    assert len(mixture) == 8
    asked: dict[int, list[int]] = {0: [], 1: [], 2: []}
    orders = []
    for epoch in range(3):
        turns = [mixture.turn(step) for step in range(8 * epoch, 8 * epoch + 8)]
        assert Counter(own for own, _ in turns) == {0: 5, 1: 2, 2: 1}
        orders.append([own for own, _ in turns])
        for own, number in turns:
            asked[own].append(number)
    assert asked == {own: list(range(3 * size)) for own, size in enumerate(sizes)}
    assert orders[0] != orders[1], "another order in each epoch"
    found: list[Any] = [mixture.batch(step) for step in (13, 2)]
    assert found == [mixture.turn(step)[1] for step in (13, 2)]


@pytest.mark.slow
def test_no_test_or_validation_person_of_any_benchmark_is_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthetic.write(tmp_path / "data", persons={"cuhk03": 20, "viper": 12})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTDNET_DEVICE", "cpu")
    content = YAML(typ="safe").load(PARAMS)
    content["train"]["joint"]["splits"] = [1]
    chosen = build(Params, content, "params.yaml")
    for benchmark in ("cuhk03", "viper"):
        steps.ingest(chosen, benchmark)
        steps.augment(chosen, benchmark, 0)
    steps.augment(chosen, "viper", 1)
    mixtures, target = [], data.target

    def seen(*words: Any) -> Any:
        mixtures.append(target(*words))
        return mixtures[-1]

    monkeypatch.setattr(data, "target", seen)
    record = steps.pretrain(chosen, "joint", 1)
    assert record and (record.variant, record.steps) == ("joint", 4)
    (mixture,) = mixtures

    whose = {}
    parts = {}
    for benchmark, split in (("cuhk03", 0), ("viper", 1)):
        images = Images.open(steps.ingested(benchmark))
        table = read_table(steps.augmented(benchmark, split) / "split.parquet", TEXT)
        for person, part, pixels in zip(
            images.person.tolist(), table["part"].to_pylist(), images.pixels, strict=True
        ):
            whose[pixels.tobytes()] = benchmark, person
            parts[benchmark, person] = part
    trained = set()
    for step in range(len(mixture)):
        batch = mixture.batch(step)
        named = np.unique(batch.batch.triplets)
        trained |= {whose[batch.pixels[row].numpy().tobytes()] for row in named}
    own = {one for one, part in parts.items() if part == "train"}
    assert trained <= own and {each for each in own if each[0] == "viper"} <= trained
    assert {benchmark for benchmark, _ in trained} == {"cuhk03", "viper"}
    assert {"test", "validation"} <= set(parts.values())
