"""The other trunk through every step, on drawn people, to a registered model and an answer."""

import json
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient, pyfunc
from pandas import DataFrame
from PIL import Image

from mtdnet import params, steps, synthetic
from mtdnet.__main__ import main
from mtdnet.data.images import Images
from mtdnet.errors import InputError
from mtdnet.inference.index_build import build
from mtdnet.inference.search import Gallery
from mtdnet.inference.verifier import Verifier
from mtdnet.params import Params
from tasks import register, store

pytestmark = pytest.mark.usefixtures("float32")
PARAMS = """
seed: 1
trunk: resnet50
ingest: {layouts: {cuhk03: cuhk03, viper: viper}}
augment: {negatives: 3, pairs: 6, splits: {cuhk03: {}, viper: {}}}
pretrain: {source: cuhk03, variants: [mtdnet], width: 0.0625, steps: 4, triplets: 18}
train: {targets: [viper], variants: [mtdnet, cross], steps: 2, triplets: 18}
evaluate: {ranks: [1, 5], false_alarms: [0.1], pictures: 2}
report: {title: Drawn people}
"""


@pytest.fixture
def project(own_store: MlflowClient, tmp_path: Path) -> Params:
    """Draw the data of a project in the current folder; return its parameters."""
    Path("params.yaml").write_text(PARAMS)
    synthetic.write(Path("data"), persons={"cuhk03": 24, "viper": 16})
    return params.load()


def test_every_step_and_every_answer(
    project: Params, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for benchmark in ("cuhk03", "viper"):
        steps.ingest(project, benchmark)
        steps.augment(project, benchmark, 0)
    assert Images.open(steps.ingested("viper")).pixels.shape[1:] == (256, 128, 3)
    steps.pretrain(project, "mtdnet", 0)
    for variant in ("mtdnet", "cross"):
        made = steps.train(project, "viper", variant, 0)
        assert made is not None and made.trunk == "resnet50"
    for network in steps.trained(project):
        benchmark, split, variant = network
        figures = steps.evaluate(project, benchmark, variant, split)
        assert all(0 <= own["rank-1"] <= own["rank-5"] <= 1 for own in figures.values())
        pictures = steps.evaluation(benchmark, split, variant) / "pictures"
        assert (pictures / "occlusion_maps.png").is_file() and (pictures / "ranked.png").is_file()
    assert "MTDnet-cross" in steps.report(project)

    network = ("viper", 0, "mtdnet")
    file = steps.model(*network) / "network.safetensors"
    shop = Path("shop").absolute()
    shop.mkdir()
    for number, pixels in enumerate(Images.open(steps.ingested("viper")).pixels[:5]):
        Image.fromarray(pixels).save(shop / f"{number}.png")
    images = sorted(shop.iterdir())
    expected = Verifier(file).probability(images[:1] * 2, images[1:3])
    assert "champion" in register.register_one(steps.model(*network), network)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.location())
    served = pyfunc.load_model("models:/mtdnet-viper@champion")
    pairs = {"left": images[:1] * 2, "right": images[1:3]}
    found = served.predict(DataFrame(pairs))["probability"]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    capsys.readouterr()
    words = ["same", str(images[0]), str(images[1]), "--model", str(file), "--json"]
    assert main(words) == 0
    (row,) = json.loads(capsys.readouterr().out)["pairs"]
    assert row["probability"] == pytest.approx(expected[0], abs=1e-6)

    build(shop, Path("index"), file)
    scores = dict(zip(images, Verifier(file).scores(images[0], images), strict=True))
    for found_file, score in Gallery(Path("index"), file).rank(images[0], top=3):
        assert score == pytest.approx(scores[found_file], abs=1e-3)


def test_images_of_another_trunk_are_refused(project: Params) -> None:
    steps.ingest(project, "cuhk03")
    steps.augment(project, "cuhk03", 0)
    Path("params.yaml").write_text(PARAMS.replace("resnet50", "caffenet"))
    other = params.load()
    with pytest.raises(
        InputError,
        match=r"results/ingest/cuhk03: images of 256 x 128, the network takes 227 x 227",
    ):
        steps.pretrain(other, "mtdnet", 0)
