"""Scores on disk: stopped anywhere and continued, they are those of one go."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mtdnet.device import Device
from mtdnet.errors import InputError, Stopped
from mtdnet.evaluation.evaluate import evaluate
from mtdnet.networks import serialization
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Evaluate
from mtdnet.scoring import resumable, tiles
from mtdnet.scoring.scorer import Scorer
from mtdnet.scoring.tiles import Scores

pytestmark = pytest.mark.slow

CPU = Device(torch.device("cpu"), bf16=False, name="test")
QUERY, GALLERY = np.array([5, 0, 3, 1, 4]), np.array([2, 6, 7, 1, 0, 3])


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "ROWS", 2)
    monkeypatch.setattr(tiles, "COLUMNS", 4)
    monkeypatch.setenv("MTDNET_DEVICE", "cpu")


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return save(tmp_path / "network.safetensors", seed=0)


def save(target: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    serialization.save(MTDnet(1 / 16), target)
    return target


def pixels(seed: int = 0) -> torch.Tensor:
    chosen = np.random.default_rng(seed).integers(0, 256, (8, 227, 227, 3), np.uint8)
    return torch.from_numpy(chosen)


def scorer_of(network: Path) -> Scorer:
    return Scorer(serialization.load(network).network, CPU)


def score(network: Path, folder: Path, seed: int = 0, named: Path | None = None) -> Scores:
    own = scorer_of(network)
    return resumable.probabilities(own, pixels(seed), QUERY, GALLERY, named or network, folder)


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Note each tile that is computed."""
    eightfold, seen = Scorer._eightfold, list[tuple[int, ...]]()

    def noting(self: Scorer, *halves: Any) -> Any:
        found = eightfold(self, *halves)
        seen.append(tuple(found.shape))
        return found

    monkeypatch.setattr(Scorer, "_eightfold", noting)
    return seen


def stop_at(
    monkeypatch: pytest.MonkeyPatch, tile: int, how: type[BaseException]
) -> Callable[[], None]:
    """Raise ``how`` within a tile; return what ends that."""
    eightfold, calls = Scorer._eightfold, []

    def failing(self: Scorer, *halves: Any) -> Any:
        calls.append(halves)
        if len(calls) == tile:
            raise how
        return eightfold(self, *halves)

    monkeypatch.setattr(Scorer, "_eightfold", failing)
    return lambda: monkeypatch.setattr(Scorer, "_eightfold", eightfold)


def test_scores_are_those_in_memory(network: Path, tmp_path: Path) -> None:
    found = score(network, tmp_path / "scores")
    assert isinstance(found, np.memmap)
    np.testing.assert_array_equal(found, scorer_of(network).probabilities(pixels(), QUERY, GALLERY))
    assert np.ptp(found) > 0


def test_a_stopped_scoring_continues_to_the_same_bytes(
    network: Path,
    tmp_path: Path,
    scored: list[tuple[int, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = score(network, tmp_path / "whole").tobytes()
    assert scored == [(2, 4), (2, 4), (1, 4), (2, 2), (2, 2), (1, 2)]
    folder = tmp_path / "scores"
    go_on = stop_at(monkeypatch, 3, KeyboardInterrupt)
    with pytest.raises(Stopped, match="2 of 6 tiles scored"):
        score(network, folder)
    go_on()
    go_on = stop_at(monkeypatch, 3, MemoryError)  # not asked for: nothing is tidied up
    with pytest.raises(MemoryError):
        score(network, folder)
    go_on()
    del scored[:]
    assert score(network, folder).tobytes() == expected
    assert scored == [(2, 2), (1, 2)]
    assert score(network, folder).tobytes() == expected
    assert len(scored) == 2


def test_tiles_of_another_network_or_other_images_are_not_read(
    network: Path, tmp_path: Path, scored: list[tuple[int, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "scores"
    first = np.array(score(network, folder))
    other = save(tmp_path / "other.safetensors", seed=1)
    second = np.array(score(other, folder))
    assert "begins anew" in capsys.readouterr().err
    np.testing.assert_array_equal(second, scorer_of(other).probabilities(pixels(), QUERY, GALLERY))
    del scored[:]
    third = score(other, folder, seed=1)
    assert len(scored) == 6
    assert not np.array_equal(first, second) and not np.array_equal(second, third)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-4])


def zeroed(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:128] + bytes(file.stat().st_size - 128))


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[130] ^= 1
    file.write_bytes(content)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


DAMAGE = [
    *((damage, "scores.npy") for damage in (cut, zeroed, flipped, emptied, Path.unlink)),
    *((damage, "done.npy") for damage in (cut, flipped, emptied, Path.unlink)),
    *((damage, "mark.json") for damage in (cut, emptied, Path.unlink)),
]


@pytest.mark.parametrize(("damage", "name"), DAMAGE)
def test_damaged_tiles_are_scored_anew(
    damage: Callable[[Path], None],
    name: str,
    network: Path,
    tmp_path: Path,
    scored: list[tuple[int, ...]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "scores"
    expected = np.array(score(network, tmp_path / "whole"))
    go_on = stop_at(monkeypatch, 4, KeyboardInterrupt)
    with pytest.raises(Stopped):
        score(network, folder)
    go_on()
    damage(folder / name)
    capsys.readouterr()
    np.testing.assert_array_equal(score(network, folder), expected)
    assert "scores: " in (told := capsys.readouterr().err) and "; begins anew\n" in told


def test_an_evaluation_continues_and_leaves_no_tiles(
    small: Path,
    train_small: Callable[..., None],
    tmp_path: Path,
    scored: list[tuple[int, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ingested, augmented = small / "ingest" / "viper", small / "augment" / "viper-0"
    train_small(tmp_path / "trained", steps=3, learning_rate=0.01, validate_every=3)
    del scored[:]

    def run(out: Path) -> bytes:
        evaluate(
            ingested=ingested,
            augmented=augmented,
            model=tmp_path / "trained" / "model",
            out=out,
            checkpoints=tmp_path / "checkpoints" / out.name,
            settings=Evaluate(pictures=1),
        )
        return (out / "scores.safetensors").read_bytes()

    expected, tiles = run(tmp_path / "whole"), len(scored)
    go_on = stop_at(monkeypatch, tiles, KeyboardInterrupt)
    with pytest.raises(Stopped):
        run(tmp_path / "out")
    go_on()
    assert not (tmp_path / "out").exists() and (tmp_path / "checkpoints" / "out").is_dir()
    del scored[:]
    assert run(tmp_path / "out") == expected
    assert len(scored) == 1 < tiles
    assert not any((tmp_path / "checkpoints").iterdir())


def test_a_missing_network_is_told(network: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.safetensors"
    with pytest.raises(InputError, match=r"gone\.safetensors: no such file"):
        score(network, tmp_path / "scores", named=gone)
