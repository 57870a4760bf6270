from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mtdnet.errors import InputError
from mtdnet.networks import keep
from mtdnet.networks.mtdnet import MTDnet


def test_a_kept_network_is_the_same(tmp_path: Path) -> None:
    network = MTDnet(1 / 16)
    keep.save(network, tmp_path / "network.safetensors")
    again = keep.load(tmp_path / "network.safetensors")
    assert again.width == 1 / 16 and not again.training
    for name, weight in network.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name


def test_one_line_for_what_is_no_network(tmp_path: Path) -> None:
    missing, page, other = (tmp_path / name for name in ("missing", "page", "other"))
    page.write_text("<html>")
    save_file({"weight": torch.zeros(1)}, other, metadata={"width": "0.5"})
    endless = tmp_path / "endless"
    save_file({"weight": torch.zeros(1)}, endless, metadata={"width": "inf"})
    broken = (page, other, endless, tmp_path)
    for source, words in ((missing, "no such file"), *((path, "not an") for path in broken)):
        with pytest.raises(InputError, match=words) as caught:
            keep.load(source)
        assert str(source) in str(caught.value) and "\n" not in str(caught.value)
