"""Folders as the steps leave them: all systems on two benchmarks and three identity splits."""

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mtdnet.metrics.cmc import cmc
from mtdnet.params import Report
from mtdnet.report.write import report

Write = Callable[..., Path]
SYSTEMS = {
    "mtdnet": ("MTDnet", "MTDnet-trp", "MTDnet-fused"),
    "rnk": ("MTDnet-rnk",),
    "cls": ("MTDnet-cls",),
    "aug": ("MTDnet-aug",),
    "cross": ("MTDnet-cross",),
}
BENCHMARKS, SPLITS = ("viper", "shop-west"), (0, 1, 2)
PERSONS, ASKED = 20, 40  # two queries a person, one gallery image
SIZES = {
    "cmc": (600, 400),
    "roc": (800, 400),
    "losses": (600, 500),
    "ranked": (888, 1140),
    "head_agreement": (740, 900),
    "occlusion_maps": (900, 700),
    "reliability": (600, 450),
}
FACTS: dict[str, Any] = {
    "split": "random",
    "split_seed": 3,
    "train_persons": 12,
    "validation_persons": 2,
    "test_persons": PERSONS,
    "queries": ASKED,
    "gallery": PERSONS,
    "gallery_rule": "first",
    "train_triplets": 19200,
    "seed": 7,
    "trained_on": "CPU of eight cores",
    "device": "CPU",
    "bf16": False,
    "commit": "0123456789abcdef0123456789abcdef01234567+",
    "data_hash": "fedcba9876543210" * 4,
}

RECORD: dict[str, Any] = {
    **{"variant": "mtdnet", "start": "drawn", "width": 1.0, "trunk_width": 1.0, "seed": 7},
    **{"steps": 60, "triplets": 14400, "best_step": 40, "validation_rank1": 0.5},
    **{"validation_mAP": 0.4, "validation_persons": 2, "temperature": None, "seconds": 9.5},
    **{"triplets_per_second": 1515.8, "device": "CPU", "processes": 1, "bf16": False},
    **{"compiled": False, "commit": FACTS["commit"]},
}


def write_evaluation(folder: Path, systems: Sequence[str] = (), share: float = 0.4) -> Path:
    """Write an evaluation as ``evaluate`` leaves it; queries find their match by chance."""
    variant, split = folder.name, int(folder.parent.name.rpartition("-")[2])
    (folder / "pictures").mkdir(parents=True)
    rng = np.random.default_rng([*f"{folder.parent.name}{variant}".encode()])
    names = systems or SYSTEMS[variant]
    ranks = {name: np.minimum(rng.geometric(share, ASKED), PERSONS) for name in names}
    curves = {name: cmc(of, PERSONS) for name, of in ranks.items()}
    metrics = {
        name: {f"rank-{k}": float(c[k - 1]) for k in (1, 5, 10, 20)}
        | {"mAP": float(c[:3].mean()), "dir-0.01": float(c[0]) / 4, "dir-0.1": float(c[0]) / 2}
        | {"tar-0.1": float(c[4]), "auc": 0.9}
        for name, c in curves.items()
    }
    pair = variant != "rnk"
    bins: list[list[object]] = []
    if pair:
        metrics[names[0]] |= {"ece-raw": 0.25, "ece": 0.0625}
        for kind, bend in (("raw", 0.2), ("calibrated", 0.02)):
            lows = np.linspace(0, 0.9, 10)
            bins += [[names[0], kind, x, x + 0.1, x + 0.05, x * (1 - bend), 0.1] for x in lows]
    if "MTDnet-fused" in names:
        metrics["MTDnet-fused"]["ece"] = 0.03
    facts = FACTS | {
        "split_number": split,
        "variant": variant,
        "temperature": 1.5 if pair else None,
    }
    if variant == "mtdnet" and len(names) == 3:
        right = np.stack([ranks[name] == 1 for name in names[:2]])
        counts = [right.all(0), right[0] & ~right[1], right[1] & ~right[0], ~right.any(0)]
        kinds = ("both", "pair head alone", "ranking head alone", "neither")
        facts["cases"] = {kind: int(of.sum()) for kind, of in zip(kinds, counts, strict=True)}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "facts.json").write_text(json.dumps(facts))
    rows = zip(range(1, PERSONS + 1), *curves.values(), strict=True)
    write_table(folder / "cmc.csv", ["rank", *names], rows)
    asked = [f"p{i % PERSONS:02d}" for i in range(ASKED)]
    rows = zip(range(100, 100 + ASKED), asked, *ranks.values(), strict=True)
    write_table(folder / "ranks.csv", ["query", "person", *names], rows)
    head = ["system", "kind", "low", "high", "predicted", "observed", "weight"]
    write_table(folder / "calibration.csv", head, bins)
    drawn = ["cmc", "roc", "losses", "ranked"]
    drawn += ["occlusion_maps", "reliability"] if pair else []
    drawn += ["head_agreement"] if "cases" in facts else []
    for name in drawn:
        Image.new("RGB", SIZES[name], "grey").save(folder / "pictures" / f"{name}.png")
    return folder


def write_model(folder: Path) -> Path:
    """Write what the report reads of a training."""
    folder.mkdir(parents=True)
    (folder / "training.json").write_text(json.dumps(RECORD | {"variant": folder.name}))
    head = ["step", "triplets", "triplet_loss", "pair_loss", "validation_rank1", "validation_mAP"]
    rows = [[s, s * 240, 20 / s, 14 / s, 1 - 15 / s, 0.9 - 13 / s] for s in (20, 40, 60)]
    write_table(folder / "history.csv", head, rows)
    return folder


def write_table(target: Path, head: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([head, *rows])


@pytest.fixture
def evaluated(tmp_path: Path) -> Write:
    """Write one evaluation: ``evaluated("viper-0/mtdnet")``."""

    def write(name: str = "viper-0/mtdnet", systems: Sequence[str] = ()) -> Path:
        return write_evaluation(tmp_path / "evaluate" / name, systems)

    return write


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Write the report of everything but CUHK01; return its folder and its text.

    Below the folder's parent lie the folders that it was made of.
    """
    root = tmp_path_factory.mktemp("report")
    names = [f"{b}-{s}/{v}" for b in BENCHMARKS for s in SPLITS for v in SYSTEMS]
    text = report(
        evaluations=[root / "cuhk01-0/mtdnet"]
        + [write_evaluation(root / "evaluate" / name, share=0.3) for name in names],
        models=[root / "cuhk01-0/mtdnet"] + [write_model(root / "models" / name) for name in names],
        out=root / "report",
        settings=Report(title="<Drawn> & more"),
    )
    return root / "report", text


@pytest.fixture(scope="session")
def html(written: tuple[Path, str]) -> str:
    """Return the text of the page."""
    return (written[0] / "index.html").read_text(encoding="utf-8")
