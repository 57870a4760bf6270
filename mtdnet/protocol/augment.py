"""The identity split and the triplets of one benchmark, as files."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from mtdnet import params
from mtdnet.artifacts import HeldOut, Parts, SplitCounts
from mtdnet.data.images import Images
from mtdnet.files import whole
from mtdnet.protocol.query_gallery import SPLIT
from mtdnet.protocol.splits import FOLDS, PARTS, Strings, divide, fold
from mtdnet.protocol.triplets import STREAMS, TRIPLETS, draw, positive_pairs
from mtdnet.rng import generator
from mtdnet.tables import write_table


def augment(
    *, ingested: Path, out: Path, settings: params.Augment, seed: int, number: int = 0
) -> SplitCounts:
    """Draw split ``number`` of an ingested benchmark and its triplets; write the folder ``out``.

    ``split.parquet`` has a row an image, ``triplets.parquet`` a row a triplet with rows of
    ``images.parquet`` and mirror flags, ``counts.json`` what is in them; ``folds/K`` has both
    tables of each fold. The split draws from its own seed, the triplets from ``seed``, both anew
    for each number. Returns the counts.

    Raises InputError when persons, cameras or settings allow no split or no triplet.
    """
    images = Images.open(ingested)
    benchmark = str(images.counts["benchmark"])
    split = settings.splits.get(benchmark, params.Split())
    identities = divide(
        benchmark=benchmark,
        layout=images.counts["layout"],
        person=images.person,
        camera=images.camera,
        settings=split,
        part=images.part,
        role=images.role,
        test_sets=images.counts["test_sets"],
        number=number,
    )
    if left := identities.one_camera:
        names = ", ".join(left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
        print(
            f"{benchmark}: left out persons that no two cameras saw: {names}; "
            "add images of a second camera to use them",
            file=sys.stderr,
        )
    part, role = identities.part, identities.role
    name = f"triplets {benchmark} {number}" if number else f"triplets {benchmark}"
    drawn = _draw(images, part, settings, generator(seed, name))
    train = part == "train"
    counts = SplitCounts(
        benchmark=benchmark,
        split=split.name,
        seed=split.seed,
        split_number=number,
        test_from=identities.origin,
        gallery_rule=identities.gallery,
        persons=Parts(**identities.persons(images.person)),
        images=Parts(**{name: int((part == name).sum()) for name in PARTS}),
        queries=HeldOut(**{n: int((role[part == n] == "query").sum()) for n in PARTS[1:]}),
        gallery=HeldOut(**{n: int((role[part == n] == "gallery").sum()) for n in PARTS[1:]}),
        distractors=identities.distractors,
        one_camera_persons=len(identities.one_camera),
        positive_pairs=len(positive_pairs(images.person[train], images.camera[train])) // 2,
        triplets=len(drawn),
        triplets_seed=seed,
        **({"folds": split.folds} if split.folds else {}),
    )
    with whole(out) as draft:
        _write(draft, images, part, role, drawn)
        counts.write(draft)
        for held in range(split.folds):
            order = generator(split.seed, f"folds {benchmark} {number}")
            of_fold = fold(images.person, images.camera, part, held, split.folds, order)
            own = _draw(images, of_fold[0], settings, generator(seed, f"{name} fold {held}"))
            _write(draft / FOLDS / str(held), images, *of_fold, own)
    return counts


def _draw(
    images: Images, part: Strings, settings: params.Augment, random: np.random.Generator
) -> pa.Table:
    """Return the triplets of a split's training persons as a table."""
    train = np.flatnonzero(part == "train")
    benchmark = str(images.counts["benchmark"])
    drawn, mirrors = draw(images.person[train], images.camera[train], settings, random, benchmark)
    rows = train[drawn].astype(np.int32)
    streams = {name: rows[:, i] for i, name in enumerate(STREAMS)}
    return pa.table(streams | {f"{name}_mirror": mirrors[:, i] for i, name in enumerate(STREAMS)})


def _write(folder: Path, images: Images, part: Strings, role: Strings, triplets: pa.Table) -> None:
    """Write the tables of a split into a new folder."""
    folder.mkdir(parents=True)
    everything = np.arange(len(part), dtype=np.int32)
    columns = {"image": everything, "person": images.person, "camera": images.camera}
    write_table(pa.table(columns | {"part": part, "role": role}), folder / SPLIT)
    write_table(triplets, folder / TRIPLETS)
