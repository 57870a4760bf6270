"""A registered network as a file, for the command line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from mtdnet import Verifier
from mtdnet.errors import InputError
from mtdnet.files import sha256
from mtdnet.inference import model_file
from tasks import register

Trained = Callable[[str, float, int], Path]


@pytest.mark.parametrize("named", ["@champion", "/1"])
def test_fetches_the_registered_network(
    named: str, own_store: MlflowClient, trained: Trained
) -> None:
    folder = trained("viper-0/mtdnet", 0.5, 1)
    register.register_one(folder, ("viper", 0, "mtdnet"))
    with model_file.fetched(f"models:/mtdnet-viper{named}") as found:
        assert sha256(found) == sha256(folder / "network.safetensors")
    assert not found.exists()
    pixels = np.zeros((2, 8, 4, 3), np.uint8)
    answer = Verifier.load(f"models:/mtdnet-viper{named}").same(*pixels)
    assert answer == Verifier.load(folder).same(*pixels)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("models:/mtdnet-viper@champion", "not in sqlite"),
        ("models:/mtdnet-viper/7", "not in sqlite"),
        ("models:/mtdnet-viper", "expected models:/NAME@ALIAS or models:/NAME/VERSION"),
    ],
)
def test_what_is_not_registered_is_one_line(uri: str, said: str, own_store: MlflowClient) -> None:
    with pytest.raises(InputError, match=said) as caught, model_file.fetched(uri):
        pass
    assert "\n" not in str(caught.value)
