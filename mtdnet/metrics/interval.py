"""How sure a figure is: over identity splits, and between two systems on the same queries."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from mtdnet.errors import InputError

CONFIDENCE = 0.95
DRAWS = 9999


@dataclass(frozen=True)
class Interval:
    """Mean of n figures and, of more than one, their standard deviation and its 95 % interval."""

    mean: float
    sd: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Difference:
    """A difference of rank-1, in [-1, 1], its 95 % interval and standard error.

    One person has neither.
    """

    difference: float
    low: float | None
    high: float | None
    error: float | None


def interval(values: Sequence[float]) -> Interval:
    """Return mean, sample standard deviation and Student's interval of the mean."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Interval(mean, None, None, None)
    sd = float(np.std(values, ddof=1))
    reach = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * sd / len(values) ** 0.5
    return Interval(mean, sd, mean - reach, mean + reach)


def rank1_difference(
    ranks: NDArray[np.integer],
    others: NDArray[np.integer],
    person: NDArray[np.str_],
    seed: int = 0,
) -> Difference:
    """Return rank-1 of one system less rank-1 of another, on the same queries.

    ``ranks``, ``others``: (Q,) of the true match; 0, no true match, is left out; ``person``: (Q,).
    The interval is the percentile bootstrap over persons: queries of one person are alike, so all
    of a drawn person's count together. Raises InputError when no query has a true match.
    """
    from scipy import stats  # half a second, that a training and a test needn't wait

    has_match = (ranks > 0) & (others > 0)
    if not has_match.any():
        raise InputError(f"none of {len(ranks)} queries has a true match in the gallery")
    gain = (ranks[has_match] == 1).astype(float) - (others[has_match] == 1)
    _, who = np.unique(person[has_match], return_inverse=True)
    gains, queries = np.bincount(who, gain), np.bincount(who)
    if len(gains) < 2:
        return Difference(float(gain.mean()), None, None, None)
    drawn = stats.bootstrap(
        (gains, queries),
        lambda gains, queries, axis: gains.sum(axis) / queries.sum(axis),
        n_resamples=DRAWS,
        confidence_level=CONFIDENCE,
        method="percentile",
        paired=True,
        vectorized=True,
        random_state=np.random.default_rng(seed),  # its name before SciPy 1.15 too
    )
    low, high = map(float, drawn.confidence_interval)
    return Difference(float(gain.mean()), low, high, float(drawn.standard_error))


def mean_difference(parts: Sequence[Difference]) -> Difference:
    """Return the mean of differences on independent test persons, of several benchmarks say.

    Each weighs alike. The interval is the normal one: variances add up. None without all errors.
    """
    mean = float(np.mean([part.difference for part in parts]))
    errors = [part.error for part in parts if part.error is not None]
    if len(errors) < len(parts):
        return Difference(mean, None, None, None)
    error = float(np.linalg.norm(errors)) / len(errors)
    reach = float(ndtri((1 + CONFIDENCE) / 2)) * error
    return Difference(mean, mean - reach, mean + reach, error)
