import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FACTS: dict[str, object] = {
    "split": "paper",
    "split_seed": 3,
    "train_persons": 12,
    "validation_persons": 2,
    "test_persons": 15,
    "queries": 15,
    "gallery": 15,
    "seed": 7,
    "trained_on": "CPU of eight cores",
    "device": "CPU",
    "bf16": False,
    "commit": "0123456789abcdef0123456789abcdef01234567+",
    "data_hash": "fedcba9876543210" * 4,
}


@pytest.fixture
def evaluated(tmp_path: Path) -> Callable[..., Path]:
    """Write an evaluation folder as ``evaluate`` leaves it."""

    def write(name: str = "viper-mtdnet", **figures: float) -> Path:
        folder = tmp_path / "evaluate" / name
        folder.mkdir(parents=True)
        firsts = figures or {"MTDnet": 0.4, "MTDnet-trp": 0.25}
        curves = {s: np.linspace(first, 1, 15) for s, first in firsts.items()}
        metrics = {
            s: {f"rank-{k}": float(c[k - 1]) for k in (1, 5, 10)} | {"mAP": float(c[0]) + 0.1}
            for s, c in curves.items()
        }
        (folder / "metrics.json").write_text(json.dumps(metrics))
        (folder / "facts.json").write_text(json.dumps(FACTS))
        lines = [
            ",".join(map(str, row)) for row in zip(range(1, 16), *curves.values(), strict=True)
        ]
        (folder / "cmc.csv").write_text("\n".join([",".join(["rank", *curves]), *lines]) + "\n")
        for picture in ("cmc.png", "ranked.png"):
            Image.new("RGB", (300, 200), "grey").save(folder / picture)
        return folder

    return write


@pytest.fixture
def trained(tmp_path: Path) -> Callable[..., Path]:
    """Write what the report reads of a model folder."""

    def write(name: str = "viper-mtdnet") -> Path:
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        facts = {"best_step": 40, "validation_rank1": 0.5, "seed": 7, "device": "CPU"}
        (folder / "training.json").write_text(json.dumps(facts))
        header = "step,triplets,triplet_loss,pair_loss,validation_rank1,validation_mAP"
        rows = [
            f"{s},{s * 240},{20 / s},{14 / s},{1 - 15 / s},{0.9 - 13 / s}" for s in (20, 40, 60)
        ]
        (folder / "history.csv").write_text("\n".join([header, *rows]) + "\n")
        return folder

    return write
