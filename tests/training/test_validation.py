"""A network is calibrated on enough pairs of validation persons, or says that it is not."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from mtdnet import device
from mtdnet.data.images import Images
from mtdnet.metrics.calibration import ENOUGH, compared, fit, logit
from mtdnet.metrics.fusion import fused
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.tables import read_table, write_table
from mtdnet.training.validation import Validation, calibrate, weighed


def held_out(small: Path, folder: Path, persons: int) -> Validation:
    """Return the validation of as many persons, the first ones, by a split in ``folder``."""
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
    write_table(split, folder / "split.parquet")
    return Validation(images, folder, torch.from_numpy(images.pixels), device.choose())


@pytest.mark.parametrize("persons", [ENOUGH - 1, ENOUGH])
def test_too_few_pairs_calibrate_nothing(
    persons: int, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    validation = held_out(small, tmp_path, persons)
    torch.manual_seed(0)
    network = MTDnet(1 / 16).eval()
    found, fusion = calibrate([(validation, network)], fused=True)
    said = capsys.readouterr().err
    if persons < ENOUGH:
        assert found is None and fusion is None
        assert "not calibrated and not weighed by the validation persons, who" in said
        assert "who give 9 pairs of one" in said
        assert "person and 72 of" in said
    else:
        assert found is not None and fusion is not None and "not calibrated" not in said
        assert calibrate([(validation, network)]) == (found, None)
        assert weighed(network, fusion) is network, "its verdict takes no distance"


@pytest.mark.usefixtures("float32")
def test_a_verdict_that_takes_the_distance_is_weighed_and_then_calibrated(
    small: Path, tmp_path: Path
) -> None:
    validation = held_out(small, tmp_path, ENOUGH)
    torch.manual_seed(0)
    network = MTDnet(1 / 16).eval()
    network.pair.take_distance(network.feature_size)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found, fusion = calibrate([(validation, network)])
    assert fusion is not None
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    own = weighed(network, fusion)
    assert own is not network and weighed(network, None) is network
    probability, distance = validation.probabilities(network), validation.distances(network)
    after, same_distance = validation.probabilities(own), validation.distances(own)
    odds = fused(fusion, probability, distance).clip(*logit(np.array([0.0, 1.0])))
    np.testing.assert_allclose(logit(after), odds, 0.02, 0.2)  # of a mean, not a mean of these
    np.testing.assert_array_equal(same_distance, distance)
    keep, same = compared(validation.probes)
    assert found == fit(after[keep], same[keep])


@pytest.mark.usefixtures("float32")
def test_joint_maps_are_measured_alone_too(small: Path, tmp_path: Path) -> None:
    validation = held_out(small, tmp_path, ENOUGH)
    torch.manual_seed(0)
    network, papers = MTDnet(1 / 16).eval(), MTDnet(1 / 16).eval()
    papers.load_state_dict(network.state_dict())
    network.pair.take_distance(network.feature_size)
    own, theirs = validation.measure(network, 1), validation.measure(papers, 1)
    assert own["validation_rank1_joint_maps"] == theirs["validation_rank1"]
    assert "validation_rank1_joint_maps" not in theirs
    assert network.takes_distance, "set aside, and put back"
    assert validation.measure(network, 1) == own
