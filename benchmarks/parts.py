"""``python -m benchmarks.parts FOLDER``: what each part of the demo's recipe gives the source.

The demo's settings but for one part, trained on drawn persons and judged on others, who are in no
part of the demo. What was trained stays in FOLDER: the same call goes on there.
"""

import argparse
import sys
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.utils.collections import merge_dicts

from benchmarks import table
from mtdnet import errors, files, params, steps, synthetic
from mtdnet.artifacts import Metrics, TrainingRecord
from mtdnet.metrics.interval import interval
from mtdnet.params import Params
from mtdnet.provenance import fingerprint

BASE = Path(__file__).parents[1] / "params.yaml"
SOURCE = "cuhk03"
PERSONS = {SOURCE: 289}
DRAWN = 7  # the demo's persons are drawn with seed 0
SEEDS = 1, 2, 3
COLUMNS = (
    "recipe",
    "verdict",
    "ranking head",
    "verdict less the first row's",
    "triplets",
    "seconds",
)
WORLD: dict[str, Any] = {
    "augment": {"splits": {SOURCE: {"name": "random", "test": 100, "validation": 30}}},
    "pretrain": {"steps": 600, "validate_every": 1200},  # a training's end is validated anyway
    "train": {"targets": [], "compared": {"targets": [], "variants": []}},
    "evaluate": {"pictures": 1},
}
PARTS: dict[str, dict[str, Any]] = {
    "the demo's recipe": {},
    "`ranking_start: kept`": {"pretrain": {"ranking_start": "kept"}},
    "`joint_start: drawn`": {"pretrain": {"joint_start": "drawn"}},
    "without `distance_input`": {"pretrain": {"distance_input": False}},
    "hidden biases of 0.1": {"pretrain": {"hidden_bias": 0.1}},
    "no warm-up": {"pretrain": {"schedule": {"warm_up": 0.0}}},
    "no decay": {"pretrain": {"schedule": {"decay": "none"}}},
    "averaged weights, 0.98": {"pretrain": {"averaging": 0.98}},
    "the plain list, a fifth of the steps": {
        "augment": {"draw": "camera", "rounds": 1},
        "pretrain": {"steps": 120},
    },
    "blocks of 12": {"augment": {"pairs": 12}},
    "steps of 240, half as many": {"pretrain": {"triplets": 240, "steps": 300}},
    "steps of 60, twice as many": {"pretrain": {"triplets": 60, "steps": 1200}},
    "twice the steps": {"pretrain": {"steps": 1200}},
    "hard negatives, half of a block": {"pretrain": {"hard_negatives": {"share": 0.5}}},
    "`ranking_start: kept`, hardest triplets of a block": {
        "pretrain": {"ranking_start": "kept", "losses": {"triplet": {"hardest": True}}}
    },
    "`ranking_start: kept`, identity loss, 0.5": {
        "pretrain": {"ranking_start": "kept", "losses": {"identity": {"weight": 0.5}}}
    },
    "no share of joint maps alone": {"pretrain": {"losses": {"pair": {"joint_maps": 0.0}}}},
    "label smoothing 0.1": {"pretrain": {"losses": {"pair": {"smoothing": 0.1}}}},
    "erasing 0.5, shifts of 6 pixels, light 0.2": {
        "pretrain": {"augmentation": {"erasing": 0.5, "shift": 6, "light": 0.2}}
    },
    "no dropout": {"pretrain": {"dropout": 0.0}},
    "AdamW, rate 0.001, decay 0.01": {
        "pretrain": {"optimiser": "adamw", "learning_rate": 0.001, "weight_decay": 0.01}
    },
    "twice the steps, no decay": {"pretrain": {"steps": 1200, "schedule": {"decay": "none"}}},
}


@dataclass(frozen=True)
class Run:
    """What one training gave: rank-1 of verdict and ranking head, in per cent, and its cost."""

    verdict: float
    ranking: float
    seconds: float
    triplets: int


def measure(folder: Path) -> dict[str, list[Run]]:
    """Train each part with each seed, all parts of a seed first; return them by part."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "data").exists():
        with files.whole(folder / "data") as draft:
            synthetic.write(draft, persons=PERSONS, seed=DRAWN)
    with chdir(folder):
        if not steps.ingested(SOURCE).exists():
            steps.ingest(settings({}, SEEDS[0]), SOURCE)
    runs: dict[str, list[Run]] = {part: [] for part in PARTS}
    for seed in SEEDS:
        for part, own in PARTS.items():
            runs[part].append(_run(folder, settings(own, seed)))
            print(f"seed {seed}, {part}: {runs[part][-1]}", flush=True)
    return runs


def settings(own: Mapping[str, Any], seed: int) -> Params:
    """Return the demo's settings in the world of this benchmark, with a part's own."""
    content = params.content(BASE)
    for more in (WORLD, own, {"seed": seed}):
        merge_dicts(content, more)
    return params.build(Params, content, str(BASE))


def _run(folder: Path, settings: Params) -> Run:
    room = folder / fingerprint(settings.model_dump(mode="json"), [])[:16]
    images = room / steps.ingested(SOURCE).parent
    if not images.exists():  # of the folder's, once for all
        images.parent.mkdir(parents=True, exist_ok=True)
        images.symlink_to(Path("..", "..", steps.ingested(SOURCE).parent))
    with chdir(room):
        done = steps.evaluation(SOURCE, 0, "mtdnet")
        if not done.exists():
            steps.augment(settings, SOURCE, 0)
            steps.pretrain(settings, "mtdnet", 0)
            steps.evaluate(settings, SOURCE, "mtdnet", 0)
        figures = Metrics.read(done).root
        record = TrainingRecord.read(steps.model(SOURCE, 0, "mtdnet"))
    verdict, ranking = (100 * figures[system]["rank-1"] for system in ("MTDnet", "MTDnet-trp"))
    return Run(verdict, ranking, record.seconds, record.triplets)


def shown(runs: Mapping[str, list[Run]]) -> str:
    """Return the Markdown table: figures by seed, and the verdict's gain over the first part."""
    base = next(iter(runs.values()))
    rows = []
    for part, own in runs.items():
        gain = ""
        if own is not base:
            over = interval([a.verdict - b.verdict for a, b in zip(own, base, strict=True)])
            gain = f"{over.mean:+.1f} ({over.low:+.1f} to {over.high:+.1f})"
        verdicts, rankings = (
            ", ".join(f"{getattr(run, head):.1f}" for run in own) for head in ("verdict", "ranking")
        )
        spent = sorted(round(run.seconds) for run in own)
        cost = f"{own[0].triplets:,}", f"{spent[0]} to {spent[-1]}"
        rows.append((part, verdicts, rankings, gain, *cost))
    return table.drawn("", COLUMNS, rows)


def main() -> int:
    """Read the command line, train and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parts", description=__doc__)
    parser.add_argument("folder", type=Path, help="where what is trained is kept")
    given = parser.parse_args()
    return errors.status(lambda: print(shown(measure(given.folder)), end=""))


if __name__ == "__main__":
    sys.exit(main())
