"""The rule by which a new version becomes champion, and the scores that it looks at.

Both networks rank the same persons: the validation persons of today's split, without those whom
the champion was trained or tested on. Test figures choose nothing.
"""

from contextlib import suppress
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from mlflow.entities.model_registry import ModelVersion
from numpy.typing import NDArray

from mtdnet import steps
from mtdnet.artifacts import TrainingRecord
from mtdnet.data.images import Images
from mtdnet.errors import InputError
from mtdnet.metrics.cmc import Probes, retrieval
from mtdnet.metrics.interval import CONFIDENCE, rank1_difference
from mtdnet.networks.header import FILE
from mtdnet.protocol.query_gallery import probes
from mtdnet.steps import Network
from mtdnet.tables import write_table
from tasks import champion, download_model, store
from tasks.evidence import Evidence, SplitPersons, Verdict

LEAST = 10  # persons: of fewer, one decides by a tenth and more
RULE = (
    f"champion: better in rank-1 at {CONFIDENCE:.0%} (paired bootstrap over persons), or not lower "
    f"in rank-1 and trained on more persons; on at least {LEAST} validation persons of today's "
    "split that the champion was neither trained nor tested on; else a person decides"
)
Rows = NDArray[np.int64]


def judged(model: Path, network: Network, root: Path, made: ModelVersion) -> Evidence:
    """Return the evidence of a new version against the champion that there is.

    ``model``: the folder of its network; ``root``: the project's. What makes a comparison
    impossible stands in the evidence.
    """
    name, against = made.name, champion.present(made.name)
    facts: dict[str, Any] = {
        **{"model": name, "version": str(made.version), "against": against, "rule": RULE},
        **{"split": "{}-{}".format(*network), "date": date.today().isoformat()},
    }
    verdict: Verdict = "champion"
    why = "no champion before it"
    if against is not None:
        try:
            with TemporaryDirectory() as room:
                verdict, why = _compared(facts, model, *_data(network, root), Path(room))
        except InputError as problem:
            verdict, why = "undecided", f"no comparison: {problem}"
    return Evidence(verdict=verdict, why=why, **facts)


def keep(made: ModelVersion, evidence: Evidence) -> None:
    """Store the evidence with a version: a file of its run, and tags."""
    client, place = store.client(), f"promotion/{made.name}-{made.version}/{Evidence.FILE}"
    client.log_dict(str(made.run_id), evidence.model_dump(exclude_unset=True), place)
    file = f"runs:/{made.run_id}/{place}"
    tags = {champion.WHY: evidence.why, champion.EVIDENCE: file, "rule": evidence.rule}
    for key, value in (tags | {champion.VERDICT: evidence.verdict}).items():  # the verdict last
        client.set_model_version_tag(made.name, made.version, key, value)


def log_persons(run_id: str, network: Network, root: Path, record: TrainingRecord) -> None:
    """Keep with a run whom its network was trained on, as far as the data are there still."""
    with suppress(InputError), TemporaryDirectory() as room:
        file = Path(room, SplitPersons.FILE)
        write_table(SplitPersons.of_split(*_data(network, root), record).table, file)
        store.client().log_artifact(run_id, str(file))


def _data(network: Network, root: Path) -> tuple[Path, Path]:
    """Return the folders of ingest and augment that a network was trained on."""
    return root / steps.ingested(network[0]), root / steps.augmented(*network[:2])


def _compared(
    facts: dict[str, Any], model: Path, ingested: Path, augmented: Path, room: Path
) -> tuple[Verdict, str]:
    """Score the network of ``model`` and the champion's; return the verdict and why.

    What they were scored on, and the figures, join ``facts``. InputError tells why there is no
    comparison.
    """
    champions = download_model.network(f"models:/{facts['model']}/{facts['against']}", room)
    seen = _persons(facts["model"], facts["against"], room)
    own = SplitPersons.of_split(ingested, augmented, TrainingRecord.read(model))
    if not seen.shares_images(own):
        raise InputError("the data are others than the champion's")
    images = Images.open(ingested)
    query, gallery = probes(images, augmented, "validation")
    everybody, known = set(images.person[query]), list(seen.overlap(own))
    query, gallery = (rows[~np.isin(images.person[rows], known)] for rows in (query, gallery))
    persons = sorted(set(images.person[query].tolist()))
    facts |= {
        "persons": persons,
        "passed_over": len(everybody) - len(persons),
        "train_persons": own.train_persons,
        "train_persons_against": seen.train_persons,
    }
    if len(persons) < LEAST:
        kinds = f"of {len(everybody)} validation persons the champion has not seen"
        raise InputError(f"{kinds} {len(persons)}; the rule wants {LEAST}")
    new, mean = _ranked(model / FILE, images, query, gallery)
    old, old_mean = _ranked(champions, images, query, gallery)
    interval = rank1_difference(new, old, images.person[query])
    facts |= {
        "rank1": float((new == 1).mean()),
        "rank1_against": float((old == 1).mean()),
        "mAP": mean,
        "mAP_against": old_mean,
        "difference": interval.difference,
        "low": interval.low,
        "high": interval.high,
    }
    return _verdict(facts)


def _persons(model: str, version: str, room: Path) -> SplitPersons:
    """Return the persons of the data that a version was trained on; InputError without a record."""
    client = store.client()
    run_id = str(client.get_model_version(model, version).run_id)
    if not any(file.path == SplitPersons.FILE for file in client.list_artifacts(run_id)):
        raise InputError("whom the champion was trained on is not on record")
    file = Path(client.download_artifacts(run_id, SplitPersons.FILE, str(room)))
    try:
        return SplitPersons.read(file)
    except InputError:
        raise InputError("the record of whom the champion was trained on is broken") from None


def _verdict(of: dict[str, Any]) -> tuple[Verdict, str]:
    """Apply the rule to the figures of both; return the verdict and why."""
    figures = (
        f"rank-1 {of['rank1']:.1%} against {of['rank1_against']:.1%} of version "
        f"{of['against']} on {len(of['persons'])} persons (difference {of['difference']:+.1%}, "
        f"{CONFIDENCE:.0%} interval {of['low']:+.1%} to {of['high']:+.1%})"
    )
    trained = f"trained on {of['train_persons']} persons, not {of['train_persons_against']}"
    if of["low"] > 0:
        return "champion", f"better: {figures}"
    if of["difference"] >= 0 and of["train_persons"] > of["train_persons_against"]:
        return "champion", f"not worse and {trained}: {figures}"
    worse = "worse" if of["high"] < 0 else "not shown to be better"
    return "challenger", f"{worse}: {figures}; {trained}"


def _ranked(
    network: Path, images: Images, query: Rows, gallery: Rows
) -> tuple[NDArray[np.int64], float]:
    """Return ranks (Q,) and mAP by a network's pair head on plain images, as in validation."""
    import torch  # seconds, and most flows judge nothing

    from mtdnet import device
    from mtdnet.networks import serialization
    from mtdnet.scoring.scorer import Scorer

    trained = serialization.load(network).network
    if trained.trunk.size != images.pixels.shape[1:3]:
        raise InputError(f"{network.name}: takes images of another size than ingest has made")
    scorer, pixels = Scorer(trained, device.choose()), torch.from_numpy(images.pixels)
    cost = -scorer.probabilities(pixels, query, gallery, folds=1)
    person, camera = images.person, images.camera
    ranks, precision, _ = retrieval(
        cost, Probes(person[query], person[gallery], camera[query], camera[gallery])
    )
    return ranks, float(precision[ranks > 0].mean())
