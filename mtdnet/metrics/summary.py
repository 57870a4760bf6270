"""The result of one system's test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdnet.metrics.calibration import (
    Reliability,
    calibrated,
    calibration_error,
    compared,
    reliability,
    sigmoid,
)
from mtdnet.metrics.cmc import Probes, cmc, retrieval
from mtdnet.metrics.expected_cmc import expected_cmc
from mtdnet.metrics.open_set import detection_rates
from mtdnet.metrics.roc import FALSE, roc


@dataclass(frozen=True)
class SystemResult:
    """One system on Q queries and G gallery images.

    ``cost``: (Q, G), lower is more alike; ``ranks``: (Q,) of the best true match, 0 for none;
    ``curve``: (G,) CMC; ``roc``: true acceptance rates at those of ``FALSE``; ``figures``:
    name -> value in [0, 1]; ``calibration``: of a pair head's probabilities as they are, and with
    its temperature.
    """

    cost: NDArray[np.float32]
    ranks: NDArray[np.int64]
    curve: NDArray[np.float64]
    roc: NDArray[np.float64]
    figures: dict[str, float]
    calibration: tuple[Reliability, Reliability] | None = None


def measure(
    cost: NDArray[np.float32],
    probes: Probes,
    at: Sequence[int],
    false_alarms: Sequence[float],
    temperature: float | None = None,
    log_odds: bool = False,
) -> SystemResult:
    """Measure rank-k for k of ``at``, mAP, detection and identification rates, area under the ROC.

    Also mINP and the expectation over random single-shot galleries, where persons have several
    gallery images; with ``temperature``, of costs that are negative probabilities, or with
    ``log_odds``, of costs that are negative log odds, the expected calibration error. InputError
    when no query has a true match.
    """
    first_ranks, precision, penalty = retrieval(cost, probes)
    curve = cmc(first_ranks, cost.shape[1])
    figures = {f"rank-{k}": float(curve[min(k, len(curve)) - 1]) for k in at}
    figures["mAP"] = float(precision[first_ranks > 0].mean())
    if len(np.unique(probes.gallery)) < len(probes.gallery):
        figures["mINP"] = float(penalty[first_ranks > 0].mean())
        expected = expected_cmc(cost, probes, size=max(at))
        figures |= {f"expected-rank-{k}": float(expected[min(k, len(expected)) - 1]) for k in at}
    rates = detection_rates(cost, probes, false_alarms)
    figures |= {f"dir-{alarms:g}": rate for alarms, rate in rates.items()}
    keep, same = compared(probes)
    pairs, same = cost[keep], same[keep]
    area, true = roc(pairs, same, [*false_alarms, *FALSE])
    figures |= {f"tar-{rate:g}": float(t) for rate, t in zip(false_alarms, true, strict=False)}
    figures["auc"] = area
    calibration = None
    if log_odds:
        figures["ece"] = calibration_error(reliability(sigmoid(-pairs), same))
    elif temperature is not None:
        raw = reliability(-pairs, same)
        own = reliability(calibrated(-pairs, temperature), same)
        figures |= {"ece-raw": calibration_error(raw), "ece": calibration_error(own)}
        calibration = raw, own
    return SystemResult(cost, first_ranks, curve, true[len(false_alarms) :], figures, calibration)
