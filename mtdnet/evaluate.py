"""The test: score a trained network's test persons once, and write what was found."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from mtdnet import device, pictures
from mtdnet.data.images import Images
from mtdnet.device import Device
from mtdnet.evaluation.cmc import cmc, mean_average_precision, ranks
from mtdnet.files import read_json, whole, write_json
from mtdnet.networks import keep
from mtdnet.params import Evaluate
from mtdnet.pictures.losses import read_history
from mtdnet.probes import probes
from mtdnet.provenance import commit, fingerprint
from mtdnet.scoring import Scorer

Figures = dict[str, dict[str, float]]


def evaluate(
    *, ingested: Path, augmented: Path, model: Path, out: Path, settings: Evaluate
) -> Figures:
    """Score all test queries against the test gallery; write the folder ``out``, whole.

    A trained MTDnet holds two systems: MTDnet, the eight-fold probability of its pair head, and
    MTDnet-trp, the distance of its ranking features. Returns rank-k and mAP of either, in [0, 1].
    Raises InputError when an input is missing or broken.
    """
    images = Images.open(ingested)
    query, gallery = probes(images, augmented, "test")
    place = device.choose()
    facts = _facts(ingested, augmented, model, place)  # before the work: what is missing shows now
    read_history(model / "history.csv")
    pixels = torch.from_numpy(images.pixels)
    scorer = Scorer(keep.load(model / "network.safetensors"), pixels, place)
    scores = {
        "MTDnet": scorer.probabilities(query, gallery),
        "MTDnet-trp": scorer.distances(query, gallery),
    }
    # Not 1 - p: in float32 that makes ties of small probabilities, and ties count against us.
    costs = {"MTDnet": -scores["MTDnet"], "MTDnet-trp": scores["MTDnet-trp"]}
    who = images.person[query], images.person[gallery]
    where = images.camera[query], images.camera[gallery]
    found = {name: ranks(cost, *who, *where) for name, cost in costs.items()}
    curves = {name: cmc(own, len(gallery)) for name, own in found.items()}
    figures: Figures = {
        name: {f"rank-{k}": float(curve[min(k, len(curve)) - 1]) for k in settings.ranks}
        | {"mAP": float(mean_average_precision(costs[name], *who, *where))}
        for name, curve in curves.items()
    }
    told = f"{out.name}, test persons"
    with whole(out) as draft:
        draft.mkdir()
        write_json(draft / "metrics.json", figures)
        write_json(draft / "facts.json", facts)
        _write_curves(draft / "cmc.csv", curves)
        save_file(scores | {"query": query, "gallery": gallery}, draft / "scores.safetensors")
        pictures.cmc_curve(curves, draft / "cmc.png", len(set(who[1])), told)
        pictures.loss_curves(model / "history.csv", draft / "losses.png", out.name)
        pictures.ranked_lists(
            pixels=images.pixels,
            person=images.person,
            camera=images.camera,
            query=query,
            gallery=gallery,
            score=scores["MTDnet"],
            ranks=found["MTDnet"],
            target=draft / "ranked.png",
            queries=settings.pictures,
            title=f"MTDnet, {told}",
        )
    return figures


def _write_curves(target: Path, curves: Mapping[str, NDArray[np.float64]]) -> None:
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["rank", *curves])
        for rank, values in enumerate(zip(*curves.values(), strict=True), 1):
            writer.writerow([rank, *(round(float(value), 6) for value in values)])


def _facts(ingested: Path, augmented: Path, model: Path, place: Device) -> dict[str, Any]:
    """Return what the figures rest on."""
    training, counts = read_json(model / "training.json"), read_json(augmented / "counts.json")
    return {
        "split": counts["split"],
        "split_seed": counts["seed"],
        "train_persons": counts["persons"]["train"],
        "validation_persons": counts["persons"]["validation"],
        "test_persons": counts["persons"]["test"],
        "queries": counts["queries"]["test"],
        "gallery": counts["gallery"]["test"],
        "train_triplets": training["triplets"],
        "seed": training["seed"],
        "trained_on": training["device"],
        "device": place.name,
        "bf16": place.bf16,
        "commit": commit(),
        "data_hash": fingerprint({}, [ingested / "images.parquet", augmented / "split.parquet"]),
    }
