"""Calibration of the pair probability: how sure the network is, against how often it is right.

Same and different pairs weigh alike in total, whatever their numbers: a calibrated probability
answers for a prior of one half.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.metrics.cmc import Probes

LEAST = 1e-7  # float32 probabilities reach 0 and 1, whose logits are infinite
HOTTEST = 100.0
ENOUGH = 10  # pairs of one person, and of two, that a temperature is fitted to

Probability = NDArray[np.floating]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Reliability:
    """Bins of a reliability curve that hold a pair, (B,) each, all in [0, 1].

    ``low``, ``high``: a bin's edges; ``predicted``: mean probability; ``observed``: share of same
    pairs; ``weight``: share of all pairs, summing to 1.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    weight: NDArray[np.float64]


def compared(probes: Probes) -> tuple[Flags, Flags]:
    """Return which pairs (Q, G) count, and which of all show the same person.

    The query's own person in its own camera doesn't count.
    """
    same = probes.query[:, None] == probes.gallery
    if probes.query_camera is None or probes.gallery_camera is None:
        return np.ones_like(same), same
    camera = probes.query_camera[:, None]
    return ~(same & (camera == probes.gallery_camera) & (camera != "")), same


def fit(probability: Probability, same: Flags) -> float:
    """Return the temperature T in [0.01, 100] that calibrates ``sigmoid(logit(p) / T)``.

    The one of least cross-entropy over N pairs: Guo et al. 2017, "On Calibration of Modern Neural
    Networks". Raises InputError when there is no same or no different pair.
    """
    from scipy.optimize import minimize_scalar  # a network that answers needs none of SciPy

    logits, weight = logit(probability), balance(same)
    signed = np.where(same, logits, -logits)

    def loss(log: float) -> float:
        return float((weight * np.logaddexp(0, -signed / np.exp(log))).sum())

    result = minimize_scalar(loss, bounds=(-np.log(HOTTEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(result.x))


def calibrated(probability: Probability, temperature: float) -> NDArray[np.float64]:
    """Return ``sigmoid(logit(p) / T)``, float64, of the same shape and in the same order."""
    return sigmoid(logit(probability) / temperature)


def pooled(probability: Probability, group: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return one probability (count,) of each group of pairs: ``sigmoid(mean logit(p))``.

    ``group``: the group of each of N pairs, of which each group has one at least. A mean of logits
    is the geometric mean of odds; a temperature may be applied before or after it.
    """
    total = np.bincount(group, logit(probability), count)
    return sigmoid(total / np.bincount(group, minlength=count))


def reliability(probability: Probability, same: Flags, bins: int = 15) -> Reliability:
    """Return the reliability curve of N pairs in ``bins`` of equal width over [0, 1].

    Raises InputError when there is no same or no different pair.
    """
    weight = balance(same)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, probability, side="left") - 1, 0, bins - 1)
    total = np.bincount(place, weight, bins).astype(np.float64)
    held = np.flatnonzero(total)
    sums = (np.bincount(place, weight * value, bins)[held] for value in (probability, same))
    predicted, observed = (value / total[held] for value in sums)
    return Reliability(edges[held], edges[held + 1], predicted, observed, total[held])


def calibration_error(curve: Reliability) -> float:
    """Return the expected calibration error, ``sum weight |predicted - observed|``, in [0, 1]."""
    return float((curve.weight * np.abs(curve.predicted - curve.observed)).sum())


def logit(probability: Probability) -> NDArray[np.float64]:
    """Return the log odds of probabilities, float64; of 0 and 1 they are finite."""
    clipped = np.clip(probability.astype(np.float64), LEAST, 1 - LEAST)
    result: NDArray[np.float64] = np.log(clipped) - np.log1p(-clipped)
    return result


def sigmoid(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the probabilities that log odds stand for, float64."""
    return np.asarray(np.exp(-np.logaddexp(0, -logits.astype(np.float64))))


def balance(same: Flags) -> NDArray[np.float64]:
    """Return weights of pairs, summing to 1, half of it to those of one person.

    Raises InputError when there are none of these, or of the others.
    """
    counts = int(same.sum()), int((~same).sum())
    if not all(counts):
        raise InputError(
            f"{counts[0]} pairs of one person and {counts[1]} of two: calibration needs both"
        )
    return np.where(same, 0.5 / counts[0], 0.5 / counts[1])
