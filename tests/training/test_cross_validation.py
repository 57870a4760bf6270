"""Folds of the training persons choose and calibrate a training on all of them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML

from mtdnet import device, steps, synthetic
from mtdnet.artifacts import History, SplitCounts, TrainingRecord
from mtdnet.data.images import Images
from mtdnet.errors import Stopped
from mtdnet.metrics.calibration import fit
from mtdnet.networks import serialization
from mtdnet.params import Params, build
from mtdnet.steps import folders
from mtdnet.training.validation import Validation, weighed
from tests.pipeline.project import PARAMS
from tests.training.small_training import interrupt

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("float32")]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of drawn people, ingested, whose training persons are in two folds."""
    root = tmp_path_factory.mktemp("folds")
    synthetic.write(root / "data", persons={"viper": 24})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for step in (steps.ingest, steps.augment):
            step(settings(), "viper", *([0] if step is steps.augment else []))
    return root


def settings(distance: bool = False) -> Params:
    words = YAML(typ="safe").load(PARAMS)
    words["augment"]["splits"] = {"viper": {"name": "random", "test": 4, "folds": 2}}
    own = {"source": "viper", "variants": ["mtdnet"], "distance_input": distance}
    words["pretrain"] |= own
    words["train"] |= {"targets": [], "variants": [], "joint": {"targets": [], "splits": []}}
    return build(Params, words, "params.yaml")


@pytest.mark.parametrize("distance", [False, True])
def test_figures_temperature_and_weights_are_those_of_the_folds(
    distance: bool, content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(content)
    for name in ("MODELS", "CHECKPOINTS"):
        monkeypatch.setattr(folders, name, tmp_path / name.lower())
    record = steps.pretrain(settings(distance), "mtdnet", 0)
    counts = SplitCounts.read(steps.augmented("viper", 0))
    assert record and record.validation_persons == counts.persons.train == 20

    images = Images.open(steps.ingested("viper"))
    kept = steps.checkpoints("viper", 0, "mtdnet") / "folds"
    histories, weights, scores, same = [], [], [], []
    for fold in ("0", "1"):
        model = kept / f"mtdnet-fold-{fold}"
        augmented = steps.augmented("viper", 0) / "folds" / fold
        asked = Validation(images, augmented, torch.from_numpy(images.pixels), device.choose())
        histories.append(History.read(model))
        weights.append(len(asked.query))
        network = serialization.load(model / "network.safetensors").network
        assert TrainingRecord.read(model).fusion is None, "weighed with the other folds"
        scores.append(asked.probabilities(weighed(network, record.fusion)).flatten())
        same.append((asked.probes.query[:, None] == asked.probes.gallery).flatten())
    whole = History.read(steps.model("viper", 0, "mtdnet"))
    names = ["validation_rank1", "validation_mAP", "validation_rank1_ranking"]
    for name in names + ["validation_rank1_joint_maps"] * distance:
        of_folds = [[float(cell or 0) for cell in one.columns[name]] for one in histories]
        expected = np.average(of_folds, axis=0, weights=weights)
        assert whole.columns[name] == pytest.approx(expected)
    figures = zip(whole.columns["validation_rank1"], whole.columns["validation_mAP"], strict=True)
    rank1, mean_precision, step = max(
        (float(r or 0), float(m or 0), -s) for (r, m), s in zip(figures, whole.step, strict=True)
    )
    assert (record.validation_rank1, record.validation_mAP) == (rank1, mean_precision)
    assert record.best_step == -step, "the first of equals"
    assert record.temperature == fit(np.concatenate(scores), np.concatenate(same))
    (kept_best,) = kept.parent.glob("best-*.safetensors")
    best, own = (
        serialization.load(file).network.state_dict()
        for file in (kept_best, steps.model("viper", 0, "mtdnet") / "network.safetensors")
    )
    assert own.keys() == best.keys() and ("pair.distance.weight" in own) == distance
    if distance:
        assert record.fusion
        expected = record.fusion.logit * best["pair.distance.weight"] - record.fusion.distance
        torch.testing.assert_close(own["pair.distance.weight"], expected)
    else:
        assert all(torch.equal(value, best[name]) for name, value in own.items())


def test_a_training_that_was_stopped_in_a_fold_continues_exactly(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(content)
    networks = []
    taken = interrupt(monkeypatch, after=6)  # in the second fold of four steps each
    for name in ("parts", "whole"):
        monkeypatch.setattr(folders, "MODELS", tmp_path / name / "models")
        monkeypatch.setattr(folders, "CHECKPOINTS", tmp_path / name / "checkpoints")
        if name == "parts":
            with pytest.raises(Stopped, match="mtdnet-fold-1: stopped at step 2 of 4"):
                steps.pretrain(settings(), "mtdnet", 0)
        steps.pretrain(settings(), "mtdnet", 0)
        networks.append((steps.model("viper", 0, "mtdnet") / "network.safetensors").read_bytes())
    assert len(taken) == 2 * 3 * 4, "no step was taken twice"
    assert networks[0] == networks[1]
