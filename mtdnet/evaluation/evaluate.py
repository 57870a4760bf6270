"""The test: score a trained network's test persons once, and write what was found."""

import csv
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file

from mtdnet import device, plots, variants
from mtdnet.data.images import Images
from mtdnet.device import Device
from mtdnet.files import read_json, whole, write_json
from mtdnet.metrics.summary import Measured, measure
from mtdnet.networks import serialization
from mtdnet.params import Evaluate
from mtdnet.plots.loss_curves import read_history
from mtdnet.plots.occlusion_maps import draw_occlusion_maps
from mtdnet.plots.query_gallery import Asked
from mtdnet.protocol.query_gallery import probes
from mtdnet.provenance import commit, fingerprint
from mtdnet.scoring import resumable
from mtdnet.scoring.scorer import Scorer, Scores

Figures = dict[str, dict[str, float]]
CASES = "MTDnet", "MTDnet-trp"  # the two heads of one network: figure 1 of the paper


def evaluate(
    *,
    ingested: Path,
    augmented: Path,
    model: Path,
    out: Path,
    checkpoints: Path,
    settings: Evaluate,
) -> Figures:
    """Score all test queries against the test gallery; write the folder ``out``, whole.

    A network is scored as the systems that its variant names: a trained MTDnet as MTDnet, by the
    eight-fold probability of its pair head, and as MTDnet-trp, by the distance of its ranking
    features. Returns the figures of each, as ``mtdnet.metrics.summary`` has them. Scores are
    kept below ``checkpoints`` until all is written: the same call continues a stopped one.

    Raises InputError when an input is missing or broken, Stopped after SIGINT or SIGTERM.
    """
    network = model / "network.safetensors"
    kept = serialization.load(network)
    images = Images.open(ingested, kept.network.trunk.size)
    query, gallery = probes(images, augmented, "test")
    place = device.choose()
    facts = _facts(ingested, augmented, model, place)  # before the work: what is missing shows now
    read_history(model / "history.csv")
    scorer, pixels = Scorer(kept.network, place, settings.compile), torch.from_numpy(images.pixels)
    asked = Asked(images.pixels, images.person, images.camera, query, gallery)
    scores: dict[str, Scores] = {}
    found: dict[str, Measured] = {}
    for system, head in variants.load(facts["variant"]).systems.items():
        pair = head == "pair"
        if pair:
            scores[system] = resumable.probabilities(
                scorer, pixels, query, gallery, network, checkpoints
            )
        else:
            scores[system] = scorer.distances(pixels, query, gallery)
        # Not 1 - p: in float32 that makes ties of small probabilities, and ties count against us.
        cost = -scores[system] if pair else scores[system]
        temperature = (kept.temperature or 1.0) if pair else None
        found[system] = measure(
            cost, asked.names(), settings.ranks, settings.false_alarms, temperature
        )
    figures = {system: one.figures for system, one in found.items()}
    with whole(out) as draft:
        (draft / "pictures").mkdir(parents=True)
        title = f"{out.parent.name}, {out.name}"
        plots.draw_loss_curves(model / "history.csv", draft / "pictures" / "losses.png", title)
        facts |= _draw(
            draft / "pictures", f"{title}, test persons", asked, scorer, scores, found, settings
        )
        write_json(draft / "metrics.json", figures)
        write_json(draft / "facts.json", facts)
        curves = zip(*(one.curve.round(6).tolist() for one in found.values()), strict=True)
        _write(draft / "cmc.csv", ["rank", *found], ([k, *row] for k, row in enumerate(curves, 1)))
        own = zip(query, images.person[query], *(one.ranks for one in found.values()), strict=True)
        _write(draft / "ranks.csv", ["query", "person", *found], own)
        _write(draft / "calibration.csv", ["system", "kind", *BINS], _bins(found))
        save_file(scores | {"query": query, "gallery": gallery}, draft / "scores.safetensors")
    shutil.rmtree(checkpoints, ignore_errors=True)
    return figures


BINS = ("low", "high", "predicted", "observed", "weight")


def _bins(found: dict[str, Measured]) -> Iterable[Sequence[object]]:
    for system, one in found.items():
        for kind, curve in zip(("raw", "calibrated"), one.calibration or (), strict=False):
            columns = [getattr(curve, name).round(6).tolist() for name in BINS]
            yield from ([system, kind, *row] for row in zip(*columns, strict=True))


def _write(target: Path, head: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def _draw(
    folder: Path,
    title: str,
    asked: Asked,
    scorer: Scorer,
    scores: dict[str, Scores],
    found: dict[str, Measured],
    settings: Evaluate,
) -> dict[str, Any]:
    """Draw the pictures of a test; return what they tell that is a fact."""
    first = next(iter(found))
    persons = len(np.unique(asked.person[asked.gallery]))
    curves = {system: one.curve for system, one in found.items()}
    plots.draw_cmc(curves, folder / "cmc.png", persons, title)
    main = found[first]
    plots.draw_ranked_lists(
        asked,
        score=-main.cost,
        ranks=main.ranks,
        target=folder / "ranked.png",
        queries=settings.pictures,
        title=f"{first}, {title}",
        label="probability" if main.calibration else "distance",
    )
    sure = {name: one.calibration for name, one in found.items() if one.calibration is not None}
    if sure:
        plots.draw_reliability(sure, folder / "reliability.png", title)
        draw_occlusion_maps(
            asked,
            scorer=scorer,
            score=scores[first],
            ranks=main.ranks,
            target=folder / "looked.png",
            title=f"{first}, {title}",
        )
    if not all(system in found for system in CASES):
        return {}
    pair, ranking = (found[system] for system in CASES)
    cases = plots.draw_head_agreement(
        asked,
        pair_cost=pair.cost,
        ranking_cost=ranking.cost,
        target=folder / "cases.png",
        title=title,
    )
    return {"cases": cases}


def _facts(ingested: Path, augmented: Path, model: Path, place: Device) -> dict[str, Any]:
    """Return what the figures rest on."""
    training, counts = read_json(model / "training.json"), read_json(augmented / "counts.json")
    return {
        "variant": training["variant"],
        "split": counts["split"],
        "split_seed": counts["seed"],
        "split_number": counts["split_number"],
        "train_persons": counts["persons"]["train"],
        "validation_persons": counts["persons"]["validation"],
        "test_persons": counts["persons"]["test"],
        "queries": counts["queries"]["test"],
        "gallery": counts["gallery"]["test"],
        "gallery_rule": counts["gallery_rule"],
        "train_triplets": training["triplets"],
        "temperature": training["temperature"],
        "seed": training["seed"],
        "trained_on": training["device"],
        "device": place.name,
        "bf16": place.bf16,
        "commit": commit(),
        "data_hash": fingerprint({}, [ingested / "images.parquet", augmented / "split.parquet"]),
    }
