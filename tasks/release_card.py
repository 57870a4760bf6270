"""The card of the released network: on whom it was trained, how good it is, what it is for."""

from datetime import date

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from mtdnet import steps
from mtdnet.artifacts import Facts, SplitCounts, TrainingRecord
from mtdnet.data.images import Images
from mtdnet.files import sha256
from mtdnet.metrics.cmc import Probes, retrieval
from mtdnet.networks.header import FILE
from mtdnet.report.labels import label
from mtdnet.steps import Network
from tasks.model_card import PURPOSE, calibration, rank1, validation

NOTICE = """\
**Notice.** The training images show real people, and their authors allow non-commercial research
alone: use this network for nothing else. It holds no image. The code that made it is under
Apache-2.0; this file's weights are not."""


def write(network: Network) -> str:
    """Return the card, as Markdown, of a network that was tested in the current folder."""
    model, out = steps.model(*network), steps.evaluation(*network)
    record, facts = TrainingRecord.read(model), Facts.read(out)
    counts = SplitCounts.read(steps.augmented(*network[:2]))
    images = Images.open(steps.ingested(network[0]))
    file, of = model / FILE, _benchmark(images.person)
    sizes = [f"{label(b)} ({len(set(images.person[of == b]))} persons)" for b in np.unique(of)]
    rows = {
        "file": f"{FILE}, {file.stat().st_size / 1e6:.1f} MB, float16, SHA-256 {sha256(file)}",
        "made": f"{date.today().isoformat()}, commit {record.commit or '-'}",
        "data": f"{', '.join(sizes)}; fingerprint {facts.data_hash}",
        "persons seen by two cameras": f"{counts.persons.train} train, "
        f"{counts.persons.validation} validate, {counts.persons.test} test",
        "network": f"{network[2]}, {record.trunk}, heads of width {record.width:g}, from "
        f"{record.start}; {record.triplets:,} triplets, seed {record.seed}",
        "kept": f"step {record.best_step} of {record.steps}",
        "validation": validation(record),
        "calibration": calibration(record),
        **_tested(network, images),
    }
    lines = [f"| {key} | {value} |" for key, value in rows.items()]
    title = "# Is this the same person? A network for real people"
    return "\n".join([title, "", NOTICE, "", PURPOSE, "", "| | |", "| --- | --- |", *lines, ""])


def _tested(network: Network, images: Images) -> dict[str, str]:
    """Return the pair head's figures on the test persons of each benchmark, among themselves."""
    scores = load_file(steps.evaluation(*network) / "scores.safetensors")
    person, camera, of = images.person, images.camera, _benchmark(images.person)
    query, gallery, rows = scores["query"], scores["gallery"], {}
    for benchmark in np.unique(of[query]):
        at, among = (np.flatnonzero(of[each] == benchmark) for each in (query, gallery))
        asks, answers = query[at], gallery[among]
        cost = -scores["MTDnet"][np.ix_(at, among)]
        who = person[asks]
        ranks, precision, _ = retrieval(
            cost, Probes(who, person[answers], camera[asks], camera[answers])
        )
        rows[f"test, {label(benchmark)}"] = (
            f"{rank1(ranks, who)}, mAP {precision[ranks > 0].mean():.1%}; {len(at)} queries x "
            f"{len(among)} gallery images"
        )
    return rows


def _benchmark(person: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the benchmark (N,) of persons (N,) that are named BENCHMARK-ID."""
    return np.array([name.partition("-")[0] for name in person.tolist()])
