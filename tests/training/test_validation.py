"""A network is calibrated on enough pairs of validation persons, or says that it is not."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from mtdnet import device
from mtdnet.data.images import Images
from mtdnet.metrics.calibration import ENOUGH
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.tables import read_table, write_table
from mtdnet.training.validation import Validation, calibrate


@pytest.mark.parametrize("persons", [ENOUGH - 1, ENOUGH])
def test_too_few_pairs_calibrate_nothing(
    persons: int, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = Images.open(small / "ingest" / "viper")
    held = sorted(set(images.person))[:persons]
    split = read_table(
        small / "augment" / "viper-0" / "split.parquet",
        {"image": pa.int32(), "person": pa.string()},
    )
    of_held = np.isin(images.person, held)
    part = np.where(of_held, "validation", "train")
    role = np.where(images.camera == sorted(set(images.camera))[0], "query", "gallery")
    columns = {"part": part, "role": np.where(of_held, role, "")}
    for name, column in columns.items():
        split = split.append_column(name, pa.array(column.tolist()))
    write_table(split, tmp_path / "split.parquet")
    pixels = torch.from_numpy(images.pixels)
    torch.manual_seed(0)
    held_out, network = Validation(images, tmp_path, pixels, device.choose()), MTDnet(1 / 16).eval()
    found, fusion = calibrate([(held_out, network)], fused=True)
    said = capsys.readouterr().err
    if persons < ENOUGH:
        assert found is None and fusion is None
        assert "not calibrated and not fused: the validation persons give 9 pairs of one" in said
        assert "person and 72 of" in said
    else:
        assert found is not None and fusion is not None and "not calibrated" not in said
        assert calibrate([(held_out, network)]) == (found, None)
