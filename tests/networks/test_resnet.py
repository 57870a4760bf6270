"""The ResNet trunk against torchvision's whole network."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import resnet18, resnet50
from torchvision.transforms.v2 import functional as transforms

from mtdnet.device import Device
from mtdnet.errors import InputError
from mtdnet.networks import serialization
from mtdnet.networks.alexnet import AlexNet
from mtdnet.networks.fourier_tail import Tail
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.networks.pretrained import initialise
from mtdnet.networks.resnet import MEAN, STD, ResNet
from mtdnet.scoring.scorer import Scorer

LOADS = """
import sys
from pathlib import Path
import mtdnet.inference.search, mtdnet.evaluation.evaluate, mtdnet.training
from mtdnet.inference.verifier import Verifier
Verifier(Path(sys.argv[1]))
print("torchvision" in sys.modules)
"""


@pytest.fixture(scope="module")
def whole() -> nn.Module:
    """Return torchvision's network, its statistics drawn too, as a trained one has them."""
    torch.manual_seed(0)
    network: nn.Module = resnet50().eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_var is not None and layer.running_mean is not None
            for values in (layer.weight, layer.running_var):
                nn.init.uniform_(values, 0.5, 1.5)
            for values in (layer.bias, layer.running_mean):
                nn.init.normal_(values, std=0.1)
    return network


def pixels(count: int = 2) -> Tensor:
    torch.manual_seed(1)
    return torch.randint(0, 256, (count, 256, 128, 3), dtype=torch.uint8)


@torch.no_grad()
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_weights_file_makes_it_torchvisions(
    suffix: str, whole: nn.Module, tmp_path: Path
) -> None:
    source = tmp_path / f"resnet50{suffix}"
    if suffix == ".pth":
        torch.save(whole.state_dict(), source)
    else:
        save_file(whole.state_dict(), source)
    trunk = ResNet(1.0)
    initialise(trunk, source)
    images = transforms.normalize(pixels().permute(0, 3, 1, 2) / 255, [*MEAN], [*STD])
    torch.testing.assert_close(trunk.prepare(pixels()), images)
    maps = whole.get_submodule("maxpool")(
        whole.get_submodule("bn1")(whole.get_submodule("conv1")(images)).relu()
    )
    for stage in ("layer1", "layer2", "layer3"):
        maps = whole.get_submodule(stage)(maps)
    close = 1e-5 * float(maps.max())
    torch.testing.assert_close(trunk(images), maps, rtol=1e-4, atol=close)
    assert maps.shape == (2, trunk.channels, *trunk.grid) == (2, 1024, 16, 8)


def test_one_line_for_other_weights(tmp_path: Path) -> None:
    torch.save(resnet18().state_dict(), tmp_path / "resnet18.pth")
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "part.pth")
    (tmp_path / "page.safetensors").write_text("<html>")
    for name, words in (
        ("resnet18.pth", r"no layer1\.0\.conv3\.weight in it; it needs resnet50's weights"),
        ("part.pth", r"no bn1\.weight in it"),
        ("page.safetensors", "not a safetensors file"),
        ("gone.pth", "no such weights file"),
        ("x.npz", r"unknown kind of weights for resnet50; known: \.pth, \.safetensors"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            initialise(ResNet(1.0), tmp_path / name)
        assert name in str(caught.value) and "\n" not in str(caught.value)
    torch.save(resnet50().state_dict(), tmp_path / "resnet50.pth")
    with pytest.raises(InputError, match=r"conv1\.weight is \(64, 3, 7, 7\).*width 1\.0"):
        initialise(ResNet(0.5), tmp_path / "resnet50.pth")


def test_both_heads_fit_its_maps() -> None:
    with torch.device("meta"):
        network = MTDnet(1.0, trunk="resnet50")
        maps = network.trunk(torch.empty(1, 3, 256, 128))
        assert maps.shape == (1, 1024, 16, 8)
        assert network.ranking(maps).shape == (1, network.feature_size) == (1, 512)
        assert network.pair(maps, maps).shape == (1, 2)
    assert network.pair.conv3.weight.shape == (384, 2048, 3, 3)
    assert network.pair.fc6.in_features == 256 * 7 * 3
    with pytest.raises(InputError, match="`rnk` is a whole AlexNet, without a trunk 'resnet50'"):
        AlexNet(1 / 16, trunk="resnet50")


@torch.no_grad()
def test_an_image_is_described_alike_in_any_company_and_mode() -> None:
    torch.manual_seed(0)
    network = MTDnet(1 / 16, trunk="resnet50").train()
    images = network.trunk.prepare(pixels(6))
    assert images.is_contiguous(memory_format=torch.channels_last)
    maps = network.trunk(images)
    assert maps.std() > 0.1
    torch.testing.assert_close(network.trunk(images[2:3]), maps[2:3])
    torch.testing.assert_close(network.eval().trunk(images), maps)


def test_a_kept_network_scores_the_same_with_plain_products(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = MTDnet(1 / 16, 1 / 8, "resnet50")
    for parameter in network.pair.parameters():  # spread the scores
        parameter.data *= 1.9
    serialization.save(network, tmp_path / "network.safetensors", 1.5)
    kept = serialization.load(tmp_path / "network.safetensors").network
    assert (kept.width, kept.trunk_width, kept.trunk.name) == (1 / 16, 1 / 8, "resnet50")
    scorer = Scorer(kept, Device(torch.device("cpu"), bf16=False, name="test"))
    assert not isinstance(scorer.logits, Tail)
    first, second = scorer.halves(pixels()[:1]), scorer.halves(pixels()[1:])
    found = scorer.matched(first, second)[0]
    with torch.no_grad():
        network.eval()
        views = [
            [network.trunk(network.trunk.prepare(v[None])) for v in (image, image.flip(1))]
            for image in pixels()
        ]
        every = [
            network.pair(*pair).softmax(1)[0, 1]
            for a in views[0]
            for b in views[1]
            for pair in ((a, b), (b, a))
        ]
    assert float(found) == pytest.approx(float(torch.stack(every).mean()), abs=1e-5)
    assert abs(float(found) - 0.5) > 1e-3  # else the comparison says nothing


def test_a_caffenet_never_loads_torchvision(tmp_path: Path) -> None:
    serialization.save(MTDnet(1 / 32), tmp_path / "network.safetensors")
    done = subprocess.run(
        [sys.executable, "-c", LOADS, str(tmp_path / "network.safetensors")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "False\n", done.stderr
