"""One verdict of both heads: the pair head's logit and the ranking distance, weighed.

``P(same) = sigmoid(a logit(p) - b d + c)``. The ratio of a and b ranks, so it is the one by which
the queries of validation persons find theirs in the gallery. Their size and c make a probability of
it: a logistic regression on the pairs, in which same and different pairs weigh alike in total.
"""

import numpy as np
from numpy.typing import NDArray

from mtdnet.artifacts import Fusion
from mtdnet.metrics.calibration import Flags, Probability, balance, logit

# Over the pairs of one person. That the logit adds something has to be shown: joint maps memorise.
# The other keeps what is told apart without error from weights without end.
LOGIT_RIDGE, RIDGE = 2.0, 0.1
SLIGHTEST = 1e-3  # weight of the logit; by 0, what it said in training could not be had back

Values = NDArray[np.float64]


def fused(fusion: Fusion, probability: Probability, distance: Probability) -> Values:
    """Return the log odds that pairs show the same person, float64, of the inputs' shape."""
    total: Values = fusion.logit * logit(probability) - fusion.distance * distance + fusion.bias
    return total


def fit(
    probability: Probability, distance: Probability, same: Flags, query: NDArray[np.int64]
) -> Fusion:
    """Return the weights of both heads, none below 0, from N pairs; all arrays (N,).

    ``query``: pairs of one number are those of one query with its gallery. With ``z`` the two
    inputs at mean 0 and variance 1 over pairs that weigh ``w``, ``u >= 0`` is the conditional
    logit's (McFadden 1974): the mean over n pairs s of one person of ``log(1 + sum exp(u z_j -
    u z_s))``, j the query's pairs of two, is least, with ``(2 u_1^2 + 0.1 u_2^2) / n``. Then
    ``sum w log(1 + exp(-y (e u z + c))) + 0.1 / n e^2`` is, with e at least 0. Both are convex.
    The logit keeps ``SLIGHTEST``. Raises InputError when there is no same or no different pair.
    """
    from scipy.optimize import minimize  # a network that answers needs none of SciPy

    weight, sign = balance(same), np.where(same, 1.0, -1.0)
    inputs = np.stack([logit(probability), -distance.astype(np.float64)])
    z, mean, scale = _standardised(inputs, weight)
    count = same.sum()
    ridge = np.array([LOGIT_RIDGE, RIDGE]) / count

    def ranked(u: Values) -> tuple[float, Values]:
        score = u @ z
        rivals, slope = np.full((2, query.max() + 1), -np.inf)  # logarithms of sums, by query
        np.logaddexp.at(rivals, query[~same], score[~same])
        found = np.logaddexp(score[same], rivals[query[same]])
        np.logaddexp.at(slope, query[same], -found)
        pull = np.exp(score + slope[query])
        pull[same] = np.exp(score[same] - found) - 1
        value = float((found - score[same]).mean() + ridge @ u**2)
        return value, z @ pull / count + 2 * ridge * u

    free = (0, None)
    u = minimize(ranked, np.ones(2), jac=True, bounds=[free, free], method="L-BFGS-B").x
    (line,), middle, size = _standardised(u[None] @ z, weight)

    def told(x: Values) -> tuple[float, Values]:
        margin = sign * (x[0] * line + x[1])
        pull = weight * sign * np.exp(-np.logaddexp(0, margin))
        value = float(weight @ np.logaddexp(0, -margin) + RIDGE / count * x[0] ** 2)
        return value, np.array([2 * RIDGE / count * x[0] - pull @ line, -pull.sum()])

    start = np.array([1.0, 0.0])
    e, c = minimize(told, start, jac=True, bounds=[free, (None, None)], method="L-BFGS-B").x
    own = e / size[0] * u / scale
    bias = c - e / size[0] * middle[0] - own @ mean
    return Fusion(logit=max(SLIGHTEST, own[0]), distance=float(own[1]), bias=float(bias))


def _standardised(inputs: Values, weight: Values) -> tuple[Values, Values, Values]:
    """Return rows (K, N) at mean 0 and variance 1 by ``weight`` (N,), and both as they were."""
    mean = inputs @ weight
    scale = np.sqrt(np.square(inputs - mean[:, None]) @ weight)
    scale[scale == 0] = 1
    return (inputs - mean[:, None]) / scale[:, None], mean, scale
