"""What several images of a person give: rank-1 on CUHK01, which has two a camera.

``python -m benchmarks.several_images NETWORK INGESTED``: a pair network, and a folder of
``results/ingest`` in CUHK01's layout, of persons whom the network was not trained on.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mtdnet import device
from mtdnet.data.images import Images
from mtdnet.errors import InputError, status
from mtdnet.metrics.calibration import LEAST
from mtdnet.metrics.cmc import Probes, ranks
from mtdnet.metrics.interval import rank1_difference
from mtdnet.networks import serialization
from mtdnet.scoring.scorer import Scorer

Logits = NDArray[np.float64]
RULES: dict[str, Callable[..., Logits]] = {"mean of logits": np.mean, "best of": np.max}


def questions(logits: Logits) -> Mapping[str, Logits]:
    """Return question -> costs (choices, P, P), of logits (P, 2, P, 2) of all pairs of images.

    Two images on a side are pooled to one answer; where one is taken, each of the two is a choice.
    """
    both = np.moveaxis(logits, (1, 3), (0, 1))  # (2 of the query, 2 of the gallery, P, P)
    shape = both.shape[2:]
    made = {"one image with one": -both.reshape(-1, *shape)}
    for name, rule in RULES.items():
        made |= {
            f"two with one, {name}": -rule(both, axis=0),
            f"one with two, {name}": -rule(both, axis=1),
            f"two with two, {name}": -rule(both.reshape(-1, *shape), axis=0)[None],
        }
    return made


def measure(network: Path, ingested: Path, persons: int, seed: int) -> str:
    """Return the table of rank-1 of each question, and its gain over one image with one."""
    stored = serialization.load(network).network
    images = Images.open(ingested, stored.trunk.size)
    rows = [np.flatnonzero(images.person == p) for p in np.unique(images.person)]
    rows = [at for at in rows if images.camera[at].tolist() == ["a", "a", "b", "b"]]
    if len(rows) < persons:
        raise InputError(f"{ingested}: {len(rows)} persons with two images in each of two cameras")
    chosen = np.stack(rows)[np.random.default_rng(seed).permutation(len(rows))[:persons]]
    query, gallery = chosen[:, :2].reshape(-1), chosen[:, 2:].reshape(-1)
    scorer = Scorer(stored, device.choose())
    p = scorer.probabilities(torch.from_numpy(images.pixels), query, gallery)
    p = p.astype(np.float64).clip(LEAST, 1 - LEAST).reshape(persons, 2, persons, 2)
    who = np.arange(persons).astype(str)
    lines, first = (
        ["| question | rank-1 | gain | 95 % interval |", "| --- | --- | --- | --- |"],
        None,
    )
    for name, costs in questions(np.log(p) - np.log1p(-p)).items():
        own = [ranks(cost, Probes(who, who)) for cost in costs]
        if first is None:
            first = own
            lines.append(f"| {name} | {100 * np.mean(np.stack(own) == 1):.1f} | | |")
            continue
        # every choice against every single choice, so that both are means over the same persons
        pairs = [(a, b) for a in own for b in first]
        ours, theirs = (np.concatenate(side) for side in zip(*pairs, strict=True))
        gain = rank1_difference(ours, theirs, np.tile(who, len(pairs)))
        low, high = (f"{100 * (value or 0):+.1f}" for value in (gain.low, gain.high))
        shown = f"{100 * np.mean(np.stack(own) == 1):.1f} | {100 * gain.difference:+.1f}"
        lines.append(f"| {name} | {shown} | {low} to {high} |")
    return "\n".join(lines)


def main() -> int:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.several_images")
    parser.add_argument("network", type=Path)
    parser.add_argument("ingested", type=Path)
    parser.add_argument("--persons", type=int, default=100, help="that many, drawn (100)")
    parser.add_argument("--seed", type=int, default=0)
    words = parser.parse_args()
    return status(lambda: print(measure(words.network, words.ingested, words.persons, words.seed)))


if __name__ == "__main__":
    sys.exit(main())
