"""State on disk: whole to the bit, or known to be damaged."""

import errno
import json
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from mtdnet import device, variants
from mtdnet.errors import InputError, status
from mtdnet.networks import serialization
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Training
from mtdnet.training.checkpoint import Checkpoints, sweep
from mtdnet.training.parallel import Distributed
from mtdnet.training.state import State
from mtdnet.training.trainer import Trainer

ROWS = [{"step": 3.0, "triplets": 9.0, "triplet_loss": 0.1 + 0.2}]


def trainer(seed: int, **settings: Any) -> Trainer:
    """Return a trainer whose optimiser has taken two steps on drawn gradients."""
    torch.manual_seed(seed)
    chosen = Training(steps=9, learning_rate=0.01, **settings)
    own = Trainer(variants.load("mtdnet"), MTDnet(1 / 32), chosen, device.choose(), Distributed())
    for _ in range(2):
        for name, p in own.network.named_parameters():
            p.grad = None if "ranking" in name else torch.randn_like(p)
        own.optimiser.step()
        if own.average is not None:
            own.average.update_parameters(own.network)
    return own


RECORD: dict[str, Any] = {
    **{"variant": "mtdnet", "start": "drawn", "width": 1.0, "trunk_width": 1.0, "seed": 1},
    **{"steps": 3, "triplets": 9, "best_step": 3, "validation_rank1": 0.5},
    **{"validation_mAP": 0.25, "validation_persons": 9, "temperature": None, "seconds": 1.5},
    **{"triplets_per_second": 6.0, "device": "CPU", "processes": 1, "bf16": False},
    **{"compiled": False, "commit": "c0ffee"},
}


def saved(folder: Path, **settings: Any) -> tuple[State, Trainer]:
    state = State("mark", 9, step=3, best=(0.5, 0.25), best_step=3, seconds=1.5, history=ROWS)
    own = trainer(1, **settings)
    Checkpoints(folder).save(state, own, new_best=True)
    return state, own


def tensors(own: Trainer) -> dict[str, Tensor]:
    found = dict(own.network.state_dict())
    for number, entries in own.optimiser.state_dict()["state"].items():
        found |= {f"{number}.{k}": value for k, value in entries.items() if value is not None}
    return found | (dict(own.average.state_dict()) if own.average is not None else {})


@pytest.mark.parametrize(
    "settings",
    [{}, {"momentum": 0.0}, {"optimiser": "adamw"}, {"averaging": 0.9}],
    ids=["sgd", "without momentum", "adamw", "average"],
)
def test_state_weights_optimiser_and_average_come_back_to_the_bit(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    state, own = saved(tmp_path, **settings)
    other = trainer(2, **settings)
    assert Checkpoints(tmp_path).restore("mark", other) == state
    assert other.step_count == 3
    expected, found = tensors(own), tensors(other)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value), name
        assert found[name].dtype == value.dtype and found[name].stride() == value.stride(), name


def test_none_is_silent_and_another_training_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = trainer(1)
    assert Checkpoints(tmp_path).restore("mark", own) is None
    assert capsys.readouterr().err == ""
    saved(tmp_path)
    assert Checkpoints(tmp_path).restore("other", own) is None
    assert "of another training; begins anew" in capsys.readouterr().err


def flipped(file: Path, where: float) -> None:
    content = bytearray(file.read_bytes())
    content[int(where * (len(content) - 1))] ^= 4
    file.write_bytes(content)


def test_damage_is_one_line_and_begins_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = trainer(1)
    before = {name: value.clone() for name, value in tensors(own).items()}
    saved(tmp_path)
    last, best = tmp_path / "last.safetensors", tmp_path / "best-3.safetensors"
    whole = {file: file.read_bytes() for file in (last, best)}
    header = int.from_bytes(whole[last][:8], "little") / len(whole[last])

    deep = "[" * 100_000
    headers = (deep, '{"state": [1], "sha256": "0"}', "NaN", "[]", '{"state": {"step": NaN}}')
    one = {"x": torch.zeros(1)}
    damages: list[Callable[[], object]] = [
        *(
            partial(flipped, last, where)
            for where in (0.0, header / 10, header / 2, header * 0.9, 0.3, 0.6, 1.0)
        ),
        *(partial(last.write_bytes, whole[last][:size]) for size in (0, 7, 1000, -1)),
        *(partial(flipped, best, where) for where in (0.0, 0.5, 1.0)),
        best.unlink,
        *(partial(save_file, one, last, {"checkpoint": text}) for text in headers),
        partial(save_file, one, last),
    ]
    for number, damage in enumerate(damages):
        damage()
        assert Checkpoints(tmp_path).restore("mark", own) is None, number
        line = capsys.readouterr().err
        assert line.count("\n") == 1 and line.endswith("; begins anew\n"), number
        for file, content in whole.items():
            file.write_bytes(content)
    after = tensors(own)
    assert all(torch.equal(value, after[name]) for name, value in before.items())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("step", value) for value in ("x", None, 1.5)),
        *(("best", value) for value in (None, [], [1])),
        ("history", {}),
        ("history", [1]),
        ("history", [{"step": "x"}]),
        ("summary", "x"),
        ("summary", []),
        ("summary", {}),
        ("sums", []),
        ("best_step", "../x"),
        ("fingerprint", None),
    ],
)
def test_state_of_wrong_types_begins_anew_even_with_its_checksum(
    key: str, value: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, _ = saved(tmp_path)
    content = asdict(state) | {key: value}
    header = json.dumps({"state": content, "sha256": serialization.digest(content, {})})
    save_file({}, tmp_path / "last.safetensors", {"checkpoint": header})
    assert Checkpoints(tmp_path).restore("mark", trainer(1)) is None
    assert capsys.readouterr().err.endswith("or a damaged one; begins anew\n")


@pytest.mark.parametrize("name", ["x", "network.x", "optimiser.x.y", "optimiser.999.step"])
def test_other_weights_with_their_checksum_are_refused(name: str, tmp_path: Path) -> None:
    state, _ = saved(tmp_path)
    tensors, content = {name: torch.zeros(1)}, json.loads(json.dumps(asdict(state)))
    header = json.dumps({"state": content, "sha256": serialization.digest(content, tensors)})
    save_file(tensors, tmp_path / "last.safetensors", {"checkpoint": header})
    with pytest.raises(InputError, match=r"last\.safetensors: of other weights; remove"):
        Checkpoints(tmp_path).restore("mark", trainer(1))


def test_only_the_best_network_and_the_last_state_stay(tmp_path: Path) -> None:
    state, own = saved(tmp_path)
    state.step, state.best_step = 6, 6
    Checkpoints(tmp_path).save(state, own, new_best=True)
    assert {file.name for file in tmp_path.iterdir()} == {
        "last.safetensors",
        "best-6.safetensors",
    }


def test_a_finished_training_keeps_its_best_network_alone_until_it_is_swept(tmp_path: Path) -> None:
    folder = tmp_path / "of one"
    state, own = saved(folder)
    assert not sweep(tmp_path / "of none") and not sweep(folder), "it may still be needed"
    size = (folder / "last.safetensors").stat().st_size
    state.summary = RECORD
    keeper = Checkpoints(folder)
    keeper.finish(state)
    assert (folder / "last.safetensors").stat().st_size < size / 100
    assert keeper.restore("mark", own) == state
    serialization.load(keeper.best(state))
    with Checkpoints(folder).lock():
        assert not sweep(folder), "another process has it"
    assert sweep(folder)
    assert not folder.exists()


def test_one_process_at_a_time_and_drafts_of_a_killed_one_go(tmp_path: Path) -> None:
    draft = tmp_path / ".last.safetensors.abcd" / "last.safetensors"
    draft.parent.mkdir()
    draft.write_bytes(b"half")
    with Checkpoints(tmp_path).lock():
        assert not draft.parent.exists()
        with (
            pytest.raises(InputError, match="another process does this training"),
            Checkpoints(tmp_path).lock(),
        ):
            pass
        with Checkpoints(tmp_path).lock(here=False):
            pass
    with Checkpoints(tmp_path).lock():
        pass


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes."""
    former, limits = signal.getsignal(signal.SIGXFSZ), resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, former)


def test_a_full_disk_is_one_line_and_leaves_the_former_state(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, own = saved(tmp_path)
    content = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    state.step, state.best_step = 6, 6

    def save() -> None:
        with full_disk(200_000):
            Checkpoints(tmp_path).save(state, own, new_best=True)

    with pytest.raises(OSError, match="best-6") as caught:
        save()
    assert caught.value.errno == errno.EFBIG
    former = signal.getsignal(signal.SIGTERM)
    assert status(save) == 2
    signal.signal(signal.SIGTERM, former)
    assert capsys.readouterr().err.count("\n") == 1
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == content
