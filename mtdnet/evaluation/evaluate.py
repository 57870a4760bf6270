"""The test: score a trained network's test persons once, and write the results."""

import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from mtdnet import artifacts, device, variants
from mtdnet.data.images import TABLE, Images
from mtdnet.device import Device
from mtdnet.evaluation.systems import scored
from mtdnet.files import whole
from mtdnet.metrics.summary import SystemResult, measure
from mtdnet.networks import serialization
from mtdnet.networks.header import FILE
from mtdnet.params import Evaluate
from mtdnet.plots.cmc import draw_cmc
from mtdnet.plots.head_agreement import draw_head_agreement
from mtdnet.plots.loss_curves import draw_loss_curves
from mtdnet.plots.occlusion_maps import draw_occlusion_maps
from mtdnet.plots.query_gallery import QueryGallery
from mtdnet.plots.ranked_lists import draw_ranked_lists
from mtdnet.plots.reliability import draw_reliability
from mtdnet.plots.roc import draw_roc
from mtdnet.protocol.query_gallery import SPLIT, probes
from mtdnet.provenance import commit, fingerprint
from mtdnet.scoring.scorer import Scorer
from mtdnet.scoring.tiles import Scores

Figures = dict[str, dict[str, float]]
HEADS = "MTDnet", "MTDnet-trp"  # the two heads of one network: figure 1 of the paper


@device.fitting("the evaluation")
def evaluate(
    *,
    ingested: Path,
    augmented: Path,
    model: Path,
    out: Path,
    checkpoints: Path,
    settings: Evaluate,
    source_only: bool = False,
) -> Figures:
    """Score all test queries against the test gallery; write the folder ``out``, whole.

    A network is scored as the systems that its variant names: a trained MTDnet as MTDnet, by the
    eight-fold probability of its pair head, and as MTDnet-trp, by the distance of its ranking
    features, and as MTDnet-fused by both, where its training could weigh them; a verdict that takes
    the distance is of both itself. Returns the figures of each, as ``mtdnet.metrics.summary`` has
    them. Scores are kept below ``checkpoints`` until all is written: the same call continues a
    stopped one. ``source_only``: the network has not seen this benchmark; its first system is
    scored, and called ``SYSTEM-source``.

    Raises InputError when an input is missing or broken, Stopped after SIGINT or SIGTERM.
    """
    network = model / FILE
    stored = serialization.load(network)
    images = Images.open(ingested, stored.network.trunk.size)
    query, gallery = probes(images, augmented, "test")
    place = device.choose()
    facts = _facts(ingested, augmented, model, place)  # before the work: what is missing shows now
    if source_only:
        facts = facts.model_copy(update={"train_persons": 0, "validation_persons": 0})
    history = artifacts.History.read(model)
    scorer = Scorer(stored.network, place, settings.compile)
    test = QueryGallery(images.pixels, images.person, images.camera, query, gallery)
    systems = variants.load(facts.variant).systems
    if stored.network.takes_distance:  # its verdict is of both heads
        systems = {system: head for system, head in systems.items() if head != "fused"}
    if source_only:
        systems = {f"{system}-source": head for system, head in list(systems.items())[:1]}
    rows = torch.from_numpy(images.pixels), query, gallery
    scores: dict[str, Scores] = {}
    results: dict[str, SystemResult] = {}
    for system, head, score in scored(
        systems, scorer, rows, network, checkpoints, facts.fusion, settings.rerank
    ):
        scores[system] = score
        # Not 1 - p: in float32 that makes ties of small probabilities, and ties count against us.
        results[system] = measure(
            score if head == "ranking" else -score,
            test.names(),
            settings.ranks,
            settings.false_alarms,
            (stored.temperature or 1.0) if head == "pair" else None,
            log_odds=head == "fused",
        )
    figures = {system: one.figures for system, one in results.items()}
    with whole(out) as draft:
        (draft / "pictures").mkdir(parents=True)
        title = f"{out.parent.name}, {out.name}"
        draw_loss_curves(history, draft / "pictures" / "losses.png", title)
        cases = _draw(
            draft / "pictures", f"{title}, test persons", test, scorer, scores, results, settings
        )
        artifacts.Metrics(figures).write(draft)
        (facts.model_copy(update={"cases": cases}) if cases else facts).write(draft)
        ranks = {system: one.ranks.tolist() for system, one in results.items()}
        curves = {system: one.curve.round(6).tolist() for system, one in results.items()}
        artifacts.Curves(rank=list(range(1, len(gallery) + 1)), **curves).write(draft)
        person = images.person[query].tolist()
        artifacts.Ranks(query=query.tolist(), person=person, **ranks).write(draft)
        _bins(results).write(draft)
        save_file(scores | {"query": query, "gallery": gallery}, draft / "scores.safetensors")
    shutil.rmtree(checkpoints, ignore_errors=True)
    return figures


def _bins(results: dict[str, SystemResult]) -> artifacts.Bins:
    """Return the reliability curves of the systems that tell probabilities."""
    columns = [*artifacts.Bins.model_fields]  # system, kind and what a curve has
    rows = [
        (system, kind, *values)
        for system, one in results.items()
        for kind, curve in zip(("raw", "calibrated"), one.calibration or (), strict=False)
        for values in np.stack([getattr(curve, name) for name in columns[2:]], 1).round(6).tolist()
    ]
    return artifacts.Bins.model_validate(
        {name: [row[i] for row in rows] for i, name in enumerate(columns)}
    )


def _draw(
    folder: Path,
    title: str,
    test: QueryGallery,
    scorer: Scorer,
    scores: dict[str, Scores],
    results: dict[str, SystemResult],
    settings: Evaluate,
) -> dict[artifacts.Case, int] | None:
    """Draw the pictures of a test; return which of two heads is right, in queries."""
    first = next(iter(results))
    persons = len(np.unique(test.person[test.gallery]))
    curves = {system: one.curve for system, one in results.items()}
    draw_cmc(curves, folder / "cmc.png", persons, title)
    areas = {system: (one.roc, one.figures["auc"]) for system, one in results.items()}
    draw_roc(areas, folder / "roc.png", title)
    main = results[first]
    draw_ranked_lists(
        test,
        score=-main.cost,
        ranks=main.ranks,
        target=folder / "ranked.png",
        queries=settings.pictures,
        title=f"{first}, {title}",
        label="probability" if main.calibration else "distance",
    )
    sure = {name: one.calibration for name, one in results.items() if one.calibration is not None}
    if sure:
        draw_reliability(sure, folder / "reliability.png", title)
        draw_occlusion_maps(
            test,
            scorer=scorer,
            score=scores[first],
            ranks=main.ranks,
            target=folder / "occlusion_maps.png",
            title=f"{first}, {title}",
        )
    if not all(system in results for system in HEADS):
        return None
    pair, ranking = (results[system] for system in HEADS)
    return draw_head_agreement(
        test,
        pair_cost=pair.cost,
        ranking_cost=ranking.cost,
        target=folder / "head_agreement.png",
        title=title,
    )


def _facts(ingested: Path, augmented: Path, model: Path, place: Device) -> artifacts.Facts:
    """Return what the figures rest on."""
    training, counts = artifacts.TrainingRecord.read(model), artifacts.SplitCounts.read(augmented)
    return artifacts.Facts(
        variant=training.variant,
        split=counts.split,
        split_seed=counts.seed,
        split_number=counts.split_number,
        train_persons=counts.persons.train,
        validation_persons=counts.persons.validation,
        test_persons=counts.persons.test,
        queries=counts.queries.test,
        gallery=counts.gallery.test,
        gallery_rule=counts.gallery_rule,
        train_triplets=training.triplets,
        temperature=training.temperature,
        fusion=training.fusion,
        seed=training.seed,
        trained_on=training.device,
        device=place.name,
        bf16=place.bf16,
        commit=commit(),
        data_hash=fingerprint({}, [ingested / TABLE, augmented / SPLIT]),
    )
