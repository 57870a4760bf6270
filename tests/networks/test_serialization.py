import json
import random
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from mtdnet.errors import InputError
from mtdnet.networks import header, serialization
from mtdnet.networks.alexnet import AlexNet
from mtdnet.networks.base import Network
from mtdnet.networks.mtdnet import MTDnet

HEADER = '{"kind": "MTDnet", "width": %s, "trunk_width": 1.0, "temperature": null}'


@pytest.mark.parametrize(("kind", "temperature"), [(MTDnet, 1.7), (MTDnet, None), (AlexNet, None)])
def test_a_kept_network_is_the_same(
    kind: type[Network], temperature: float | None, tmp_path: Path
) -> None:
    network = kind(1 / 16, 1 / 8)
    serialization.save(network, tmp_path / "network.safetensors", temperature)
    kept = serialization.load(tmp_path / "network.safetensors")
    again = kept.network
    assert type(again) is kind and kept.temperature == temperature
    assert (again.width, again.trunk_width) == (1 / 16, 1 / 8) and not again.training
    for name, weight in network.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name


def test_a_network_of_before_there_were_trunks_loads(tmp_path: Path) -> None:
    """The trunk is named where it isn't CaffeNet's: equal networks stay equal files."""
    file = tmp_path / "network.safetensors"
    for trunk, named in (("caffenet", None), ("resnet50", "resnet50")):
        serialization.save(MTDnet(1 / 32, trunk=trunk), file)
        with safe_open(file, framework="pt") as opened:
            assert json.loads(opened.metadata()["network"]).get("trunk") == named
        assert header.read(file).trunk == trunk
        assert serialization.load(file).network.trunk.name == trunk


def test_one_line_for_what_is_no_network(tmp_path: Path) -> None:
    missing, page, other = (tmp_path / name for name in ("missing", "page", "other"))
    page.write_text("<html>")
    save_file({"weight": torch.zeros(1)}, other, metadata={"network": HEADER % 0.5})
    endless = tmp_path / "endless"
    save_file({"weight": torch.zeros(1)}, endless, metadata={"network": HEADER % "Infinity"})
    broken = (page, other, endless, tmp_path)
    for source, words in (
        (missing, "no such file"),
        *((path, "no network of this project") for path in broken),
    ):
        with pytest.raises(InputError, match=words) as caught:
            serialization.load(source)
        assert str(source) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        *((f'{{"temperature": {value}}}', "temperature: ") for value in ("NaN", "0", "-1", '"x"')),
        ('{"temperature": 1' + 400 * "0" + "}", "temperature: "),
        *((f'{{"width": {value}}}', "width: ") for value in ("NaN", "0", "1e9", "[]", "null")),
        ('{"kind": "Elsewhere"}', "kind: "),
        ('{"kind": []}', "kind: "),
        ('{"trunk": {}}', "trunk: "),
        ('{"trunk": "vgg"}', "'vgg'"),
        *((text, "") for text in ("", "[]", "null", '"x"', "{", "[" * 100_000)),
    ],
)
def test_a_wrong_header_is_named(told: str, words: str, tmp_path: Path) -> None:
    file, good = tmp_path / "network.safetensors", json.loads(HEADER % 0.03125)
    with suppress(TypeError, ValueError, RecursionError):  # what is no object stays as it is
        told = json.dumps(good | json.loads(told))
    save_file(MTDnet(1 / 32).state_dict(), file, metadata={"network": told})
    with pytest.raises(InputError, match=rf"no network of this project \({words}") as caught:
        serialization.load(file)
    assert len(str(caught.value)) < 400 + len(str(file)) and "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(value: float, tmp_path: Path) -> None:
    network, file = MTDnet(1 / 32), tmp_path / "network.safetensors"
    next(network.parameters()).data.flatten()[3] = value
    serialization.save(network, file)
    with pytest.raises(InputError, match=r"trunk\..*weight is not finite"):
        serialization.load(file)


def test_equal_networks_are_equal_files(tmp_path: Path) -> None:
    network = MTDnet(1 / 32)
    for name in "abcd":
        serialization.save(network, tmp_path / name, 1.5)
    assert len({(tmp_path / name).read_bytes() for name in "abcd"}) == 1


@settings(derandomize=True, deadline=None, max_examples=15)
@given(
    kind=st.sampled_from([MTDnet, AlexNet]),
    width=st.integers(1, 4).map(lambda part: part / 64),
    temperature=st.none() | st.floats(0.01, 100),
    seed=st.integers(0, 2**31),
)
def test_whatever_was_saved_is_loaded(
    kind: type[Network], width: float, temperature: float | None, seed: int
) -> None:
    torch.manual_seed(seed)
    network = kind(width, 1 / 16)
    with TemporaryDirectory() as folder:
        one, two = Path(folder, "one"), Path(folder, "two")
        serialization.save(network, one, temperature)
        kept = serialization.load(one)
        serialization.save(kept.network, two, kept.temperature)
        assert one.read_bytes() == two.read_bytes() and kept.temperature == temperature


@pytest.mark.parametrize("half", [False, True])
def test_a_flipped_bit_is_noticed(half: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    file = tmp_path / "network.safetensors"
    serialization.save(MTDnet(1 / 32), file, 1.5, half=half)
    expected, whole = serialization.load(file), bytearray(file.read_bytes())
    head = 8 + int.from_bytes(whole[:8], "little")
    rng, refused = random.Random(0), 0  # noqa: S311
    places = [rng.randrange(head) for _ in range(30)]
    for number, place in enumerate([*places, head, *rng.sample(range(head, len(whole)), 30), -1]):
        changed = whole.copy()
        changed[place] ^= 1 << rng.randrange(8)
        file.write_bytes(changed)
        try:
            kept = serialization.load(file)
        except InputError as problem:
            refused += 1
            assert number < len(places) or "changed since it was written" in str(problem)
            continue
        # of the header alone, where it says that there is a checksum
        assert number < len(places) and kept.temperature == expected.temperature
        for name, weight in expected.network.state_dict().items():
            assert torch.equal(weight, kept.network.state_dict()[name])
    assert refused >= len(places)


def test_a_network_of_before_there_was_a_checksum_loads(tmp_path: Path) -> None:
    network, file = MTDnet(1 / 32), tmp_path / "network.safetensors"
    facts = json.loads(HEADER % 0.03125) | {"trunk_width": 1 / 32}
    save_file(network.state_dict(), file, metadata={"network": json.dumps(facts)})
    assert header.read(file).sha256 is None
    kept = serialization.load(file).network.state_dict()
    assert all(torch.equal(kept[name], weight) for name, weight in network.state_dict().items())
