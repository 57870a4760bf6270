"""Evaluate and report: the test persons' figures, and the page of all of them."""

from mtdnet.files import alone
from mtdnet.params import Params
from mtdnet.steps.folders import REPORT, Network, augmented, evaluation, ingested, model, scored
from mtdnet.steps.networks import SOURCE, check, evaluated, origin, trained, trained_jointly
from mtdnet.tracker import UNTRACKED, Tracker


def evaluate(
    params: Params, target: str, variant: str, split: int, tracker: Tracker = UNTRACKED
) -> dict[str, dict[str, float]]:
    """Score the test persons once; return the figures of each system that the network holds."""
    from mtdnet.evaluation.evaluate import evaluate as run

    network = target, split, variant
    check("evaluate", *network, evaluated(params))
    own, kept = origin(params, network), scored(*network)
    with alone(kept.with_name(f"{kept.name}.lock"), f"the evaluation of {variant}"):
        figures = run(
            ingested=ingested(target),
            augmented=augmented(target, split),
            model=model(*own),
            out=evaluation(*network),
            checkpoints=kept,
            settings=params.evaluate,
            source_only=own != network,
        )
        track_evaluation(network, tracker)
    return figures


def track_evaluation(network: Network, tracker: Tracker) -> None:
    """Record the figures and pictures that ``evaluate`` wrote of a network.

    Those of its first system are ``test/MEASURE``, one column for all networks; of another
    ``test/SYSTEM/MEASURE``. On a target that it has not seen they are ``BENCHMARK-SPLIT/MEASURE``,
    without pictures.
    """
    from mtdnet.artifacts import Metrics

    out, benchmark_split = evaluation(*network), "{}-{}".format(*network)
    unseen = network[2].endswith(SOURCE)
    for place, (system, figures) in enumerate(Metrics.read(out).root.items()):
        prefix = f"test/{system}" if place else benchmark_split if unseen else "test"
        tracker.figures({f"{prefix}/{name}": value for name, value in figures.items()})
    for picture in [] if unseen else sorted(out.glob("pictures/*.png")):
        tracker.artefact(picture)
    tracker.end("FINISHED")


def report(params: Params) -> str:
    """Write the page of all evaluations; return its table as text."""
    from mtdnet.report.write import report as run

    return run(
        evaluations=[evaluation(*network) for network in evaluated(params)],
        models=[model(*network) for network in trained(params) + trained_jointly(params)],
        out=REPORT,
        settings=params.report,
    )


def show(params: Params) -> str:
    """Return the table of the evaluations that are there, as text; nothing is written."""
    from mtdnet.report.tables import table

    return table([evaluation(*network) for network in evaluated(params)])
