"""ONNX files answer as the network does, in onnxruntime alone."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image

from mtdnet.__main__ import main
from mtdnet.inference.onnx_export import OPSET, export
from mtdnet.inference.verifier import Verifier
from mtdnet.networks import serialization
from mtdnet.networks.alexnet import AlexNet
from mtdnet.networks.mtdnet import MTDnet

EXAMPLE = Path(__file__).parents[2] / "examples" / "onnx_pairs.py"

pytestmark = [pytest.mark.usefixtures("float32"), pytest.mark.slow]


def drawn(file: Path, distance: bool, trunk: str = "caffenet") -> None:
    torch.manual_seed(0)
    network = MTDnet(1 / 16, trunk=trunk)
    for parameter in network.parameters():  # spread the scores
        parameter.data *= 1.9 if trunk == "caffenet" else 1
    if distance:
        network.pair.take_distance(network.feature_size)
    serialization.save(network, file, 2.0)


@pytest.mark.parametrize("distance", [False, True])
def test_onnxruntime_answers_as_torch(distance: bool, tmp_path: Path) -> None:
    drawn(tmp_path / "network.safetensors", distance)
    names = export(tmp_path / "network.safetensors", tmp_path / "onnx")
    assert names == ["trunk.onnx", "ranking.onnx", "halves.onnx", "tail.onnx"]
    network = serialization.load(tmp_path / "network.safetensors").network
    assert network.pair is not None
    run = {}
    for name in names:
        file = tmp_path / "onnx" / name
        assert onnx.load(file).opset_import[0].version == OPSET
        run[name] = onnxruntime.InferenceSession(file).run
    for count in (1, 5):  # of neither was it exported
        images = np.random.default_rng(count).integers(0, 256, (count, 227, 227, 3), np.uint8)
        with torch.inference_mode():
            maps = network.trunk(network.trunk.prepare(torch.from_numpy(images)))
            (own,) = run["trunk.onnx"](None, {"images": images})
            np.testing.assert_allclose(own, maps, atol=1e-3)
            (features,) = run["ranking.onnx"](None, {"maps": own})
            np.testing.assert_allclose(features, network.features(maps), atol=1e-3)
            left, right = run["halves.onnx"](None, {"maps": own})
            (same,) = run["tail.onnx"](None, {"joint": left + right[::-1]})
            joint = network.left(maps) + network.right(maps.flip(0))
            expected = network.pair.tail(joint).softmax(1)[:, 1]
        np.testing.assert_allclose(same, expected, atol=1e-3)


@pytest.mark.parametrize("distance", [False, True])
def test_the_example_answers_as_the_library(distance: bool, tmp_path: Path) -> None:
    drawn(tmp_path / "network.safetensors", distance)
    files = [str(tmp_path / f"{name}.png") for name in "abcd"]
    for seed, file in enumerate(files):
        rng = np.random.default_rng(seed)
        noisy = rng.integers(0, 256, (1, 1, 3)) + rng.integers(-40, 40, (64, 24, 3))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file)
    words = ["export", "--onnx", str(tmp_path / "onnx")]
    assert main([*words, "--model", str(tmp_path / "network.safetensors")]) == 0
    bare = "import sys, runpy; sys.modules['torch'] = sys.modules['mtdnet'] = None; "
    bare += "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", bare, str(EXAMPLE), str(tmp_path / "onnx"), *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [float(line.split()[0]) for line in done.stdout.splitlines()]
    verifier = Verifier(tmp_path / "network.safetensors")
    np.testing.assert_allclose(found, verifier.same(files[::2], files[1::2]), atol=1e-3)
    assert np.ptp(found) > 0.01


def test_a_network_that_only_ranks_has_no_tail(tmp_path: Path) -> None:
    serialization.save(AlexNet(1 / 32), tmp_path / "network.safetensors")
    assert export(tmp_path / "network.safetensors", tmp_path / "onnx") == [
        "trunk.onnx",
        "ranking.onnx",
    ]
