"""The ``params.yaml`` that a project begins with: a small network on what is there."""

from collections.abc import Iterable, Sequence

from mtdnet.commands.recognise import BenchmarkFolder
from mtdnet.protocol.persons import PUBLISHED

LOSSES = """\
  averaging: 0.0                     # 0.999: a moving average of the weights is kept
  losses:
    triplet: {weight: 1.0, margin: 1.0, hardest: false}
    pair: {weight: 1.0, smoothing: 0.0, joint_maps: 0.5}
    contrastive: {weight: 1.0, margin: 1.0}
    identity: {weight: 0.0, scale: 16.0}
  augmentation: {erasing: 0.0, shift: 0, light: 0.0}
  hard_negatives: {share: 0.0, every: 50}
"""
TEMPLATE = """\
# yaml-language-server: $schema=params.schema.json
# One benchmark, or several that start from the first's network: made by `mtdnet init`.
# As it stands, it trains in minutes on a processor. With a GPU, take width, steps and learning
# rates of configs/modern.yaml, and its weights after weights/README.md.
seed: 1
trunk: caffenet                      # or caffenet-tall, resnet50; see weights/README.md

ingest:
  layouts:
{layouts}
  boxes: {boxes}

augment:
  negatives: 10
  draw: block
  pairs: 12
  rounds: 4
  splits:                            # persons; random: a quarter to test, or `test: 30`
{splits}

pretrain:
  source: {source}
  variants:                          # trained on the source; targets start from one of them
{variants}
  splits:                            # of the source; several give a mean; targets start from 0
  - 0
  width: 0.125
  weights:{weights}
  hidden_bias: 0.0
  joint_start: difference            # conv3's right half is minus its left
  distance_input: true               # the ranking distance is one more input of the verdict
  steps: 600
  triplets: 120
  optimiser: sgd                     # or adamw
  ranking_start: discriminant        # of the training persons, and so it stays; or kept
  learning_rate: 0.01
  momentum: 0.9
  weight_decay: 0.0005
  dropout: 0.5                       # of fc6 and fc7
  own: {{rnk: {{learning_rate: 0.03, dropout: 0.0}}}}  # what a variant has instead
  schedule: {{warm_up: 0.05, decay: cosine}}
{losses}  validate_every: 300
  snapshot: last                     # the schedule ends at rate 0
  compile: false

train:
  targets:{targets}
  variants:
  - mtdnet
  splits:
  - 0
  compared:
    targets: []
    variants: []
  joint: {{targets: [], splits: []}}
  steps: 50
  triplets: 120
  optimiser: sgd                     # or adamw
  ranking_start: discriminant        # of the training persons, and so it stays; or kept
  learning_rate: 0.002
  learning_rates: {{}}
  momentum: 0.9
  weight_decay: 0.0005
  dropout: 0.8                       # of fc6 and fc7
  own: {{rnk: {{dropout: 0.0}}}}
  schedule: {{warm_up: 0.05, decay: cosine}}
{losses}  validate_every: 25
  snapshot: last
  compile: false

evaluate:
  ranks:
  - 1
  - 5
  - 10
  - 20
  false_alarms:
  - 0.01
  - 0.1
  pictures: 6
  rerank:                            # {{k1: 20, k2: 6, weight: 0.3}}: re-ranked, too
  source_only: []                    # tested on targets as they are
  compile: false                     # a GPU scores twice as fast, from a million pairs on

report:
  title: MTDnet on {title}
"""


def starter(benchmarks: Sequence[BenchmarkFolder], weights: str) -> str:
    """Return the text of a parameter file; the first benchmark is the source, others are targets.

    A published source alone gets the paper's systems, to compare them. ``weights``: the file of the
    trunk's ImageNet weights, where there is one.
    """
    source, *targets = benchmarks
    compared = not targets and source.layout in PUBLISHED
    return TEMPLATE.format(
        losses=LOSSES,
        layouts="\n".join(f"    {b.name}: {b.layout}" for b in benchmarks),
        splits="\n".join(f"    {b.name}: {{name: {b.split}}}" for b in benchmarks),
        boxes="detected" if any(b.boxes == "detected" for b in benchmarks) else "labeled",
        source=source.name,
        variants=_items(["mtdnet", "rnk", "cls"] if compared else ["mtdnet"]),
        weights=f" {weights}" if weights else "                           # drawn",
        targets=f"\n{_items(b.name for b in targets)}" if targets else " []",
        title=" and ".join(filter(None, (", ".join(b.name for b in targets), source.name))),
    )


def _items(names: Iterable[str]) -> str:
    return "\n".join(f"  - {name}" for name in names)
