"""A project of this code, with parameters and drawn people for some seconds of work."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from flows.environment import ROOT
from mtdnet import synthetic

CODE = ("mtdnet", "tasks", "flows", "weights", "splits")
FILES = (
    "dvc.yaml",
    "prefect.yaml",
    "Makefile",
    ".dvcignore",
    ".gitignore",
    ".dvc/config",
    ".dvc/.gitignore",
)
TRAINING = """\
  momentum: 0.9
  weight_decay: 0.0005
  dropout: 0.5
  own: {rnk: {dropout: 0.0}}
  schedule: {warm_up: 0.0, decay: none}
  averaging: 0.0
  losses:
    triplet: {weight: 1.0, margin: 1.0, hardest: false}
    pair: {weight: 1.0, smoothing: 0.0, joint_maps: 0.0}
    contrastive: {weight: 1.0, margin: 1.0}
    identity: {weight: 0.0, scale: 16.0}
  augmentation: {erasing: 0.0, shift: 0, light: 0.0}
  hard_negatives: {share: 0.0, every: 50}
"""
PARAMS = (
    """
seed: 1
trunk: caffenet
ingest: {layouts: {cuhk03: cuhk03, viper: viper}, boxes: labeled}
augment:
  {negatives: 3, draw: block, pairs: 6, rounds: 2, splits: {cuhk03: {name: paper}, viper: {}}}
pretrain:
  source: cuhk03
  variants: [mtdnet, rnk]
  splits: [0]
  width: 0.0625
  weights: null
  hidden_bias: 0.1
  joint_start: drawn
  distance_input: false
  steps: 4
  triplets: 18
  optimiser: sgd
  ranking_start: kept
  learning_rate: 0.001
"""
    + TRAINING
    + """\
  validate_every: 2
  snapshot: best
train:
  targets: [viper]
  variants: [cross]
  splits: [0, 1]
  compared: {targets: [], variants: []}
  joint: {targets: [viper], splits: [0]}
  steps: 2
  triplets: 18
  optimiser: sgd
  ranking_start: discriminant
  learning_rate: 0.001
  learning_rates: {}
"""
    + TRAINING
    + """\
  validate_every: 1
  snapshot: best
evaluate:
  {ranks: [1, 5], false_alarms: [0.1], pictures: 2, rerank: {k1: 3}, source_only: [mtdnet]}
report: {title: A few drawn people}
"""
)
NOT_CODE = shutil.ignore_patterns("__pycache__", "*.npz", "*.onnx", "*.pth")


def make(root: Path, params: str, persons: Mapping[str, int]) -> None:
    """Make a project at ``root``, a git repository with all but the data committed."""
    for name in CODE:
        shutil.copytree(ROOT / name, root / name, ignore=NOT_CODE)
    for name in FILES:
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "params.yaml").write_text(params)
    synthetic.write(root / "data", persons=persons)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    run(root, "dvc", "add", "-q", "data")
    subprocess.run(["git", "add", "."], cwd=root, check=True)
    who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    subprocess.run(["git", *who, "commit", "-qm", "Begin"], cwd=root, check=True)


def environment() -> dict[str, str]:
    """Return what commands in a project inherit: this Python first, no other code of ours."""
    mine = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return mine | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def run(root: Path, *words: str) -> str:
    """Run a Python module in the project; return all that it printed."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
