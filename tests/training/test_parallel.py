"""Two processes of torchrun, which meet through gloo, against one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mtdnet.errors import InputError
from mtdnet.files import read_json
from mtdnet.training.parallel import Distributed

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("processes.py")
ROOT = Path(__file__).parents[2]


def run(*words: object, processes: int = 2) -> subprocess.CompletedProcess[str]:
    start = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
    start = start if processes > 1 else []
    return subprocess.run(
        [sys.executable, *start, str(SCRIPT), *map(str, words)],
        env=os.environ | {"MTDNET_DEVICE": "cpu", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("variant", ["mtdnet", "cross"])
def test_two_processes_give_the_gradients_of_one(variant: str, small: Path, tmp_path: Path) -> None:
    for processes in (1, 2):
        done = run("gradients", small, tmp_path / f"{processes}", variant, processes=processes)
        assert done.returncode == 0, done.stderr
    one, two = (load_file(tmp_path / name) for name in ("1", "2"))
    assert one.keys() == two.keys()
    for name, gradient in one.items():
        size = float(gradient.abs().max())
        torch.testing.assert_close(two[name], gradient, rtol=1e-3, atol=1e-4 * size, msg=name)


def test_a_training_of_two_writes_one_model_and_continues_after_a_stop_of_one(
    small: Path, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    done = run("stopped", small, whole, "none")
    assert done.returncode == 0, done.stderr
    assert read_json(whole / "model" / "training.json")["processes"] == 2
    assert {each.name for each in whole.iterdir()} == {"model", "checkpoints"}
    assert done.stderr.count(" 0.00/120") == 1, "one process shows progress"

    done = run("stopped", small, parts, "1")
    assert done.returncode != 0
    assert done.stderr.count("stopped at step 4 of 6; kept; the same command continues") == 2
    assert not (parts / "model").exists()
    done = run("stopped", small, parts, "none")
    assert done.returncode == 0, done.stderr
    both = [load_file(room / "model" / "network.safetensors") for room in (whole, parts)]
    for name, weight in both[0].items():
        assert torch.equal(weight, both[1][name]), name
    histories = [(room / "model" / "history.csv").read_text() for room in (whole, parts)]
    assert histories[0] == histories[1]


def test_shares_are_equal_neighbours_or_one_line_says_why_not() -> None:
    triplets = torch.arange(12).view(2, 6)
    shares = [Distributed(rank, 3).share(triplets).tolist() for rank in range(3)]
    assert shares == [[[0, 1], [6, 7]], [[2, 3], [8, 9]], [[4, 5], [10, 11]]]
    with pytest.raises(InputError, match="`triplets`: 6 can't be shared by 4 processes"):
        Distributed(0, 4).share(triplets)
