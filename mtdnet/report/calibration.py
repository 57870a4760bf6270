"""How sure the pair heads may be."""

from collections.abc import Sequence

from mtdnet.report.figures import first_open, has_pair_head, system_of
from mtdnet.report.html import details, figure, note, table
from mtdnet.report.labels import label, percent
from mtdnet.report.load import Evaluation
from mtdnet.report.provenance import rests

READ = (
    "Of the pairs to which a pair head gives the probability p, a share p should show one person. "
    "The temperature was fitted on pairs of the validation persons; same and different pairs weigh "
    "alike; test persons were only measured."
)
VALUES = ("low", "high", "predicted", "observed", "weight")


def calibration(benchmark: str, evaluations: Sequence[Evaluation]) -> str:
    """Return the calibration of each pair head before and after its temperature."""
    own = [e for e in evaluations if has_pair_head(e)]
    if not own:
        return ""
    name = label(benchmark)
    errors = table(
        f"Expected calibration error on {name}, in per cent",
        ["system", "split", "temperature", "raw", "calibrated"],
        [[system_of(e), e.split, _temperature(e), *map(percent, _errors(e))] for e in own],
    )
    drawn = []
    for e in own:
        raw, after = map(percent, _errors(e))
        drawn.append(
            figure(
                e.picture("reliability"),
                f"Reliability of {system_of(e)} on {name}: expected calibration error {raw} % raw, "
                f"{after} % calibrated.",
                f"Share of pairs of one person over the probability that {system_of(e)} gives: "
                "dashed as it is, solid calibrated, dotted perfect; below, the weight of each bin. "
                f"{rests(e)}",
                details("Values of the reliability curves", _values(e)),
            )
        )
    return "\n".join(
        [
            "<h3>Calibration</h3>",
            note(READ),
            errors,
            *first_open("Reliability", own, drawn),
        ]
    )


def _temperature(e: Evaluation) -> str:
    value = e.facts.get("temperature")
    return "-" if value is None else f"{value:.3f}"


def _errors(e: Evaluation) -> tuple[float | None, float | None]:
    measured = e.figures[system_of(e)]
    return measured.get("ece-raw"), measured.get("ece")


def _values(e: Evaluation) -> str:
    return table(
        f"Reliability of {system_of(e)} on {label(e.benchmark)}, split {e.split}",
        ["curve", *VALUES],
        [
            [row["kind"], *(f"{float(row[name]):.4f}" for name in VALUES)]
            for row in e.calibration
            if row["system"] == system_of(e)
        ],
    )
