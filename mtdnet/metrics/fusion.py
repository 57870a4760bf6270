"""One verdict of both heads: the pair head's logit and the ranking distance, weighed.

``P(same) = sigmoid(logit(p) a - d b + c)``: a logistic regression on pairs of validation persons,
in which same and different pairs weigh alike in total. The ratio of a and b ranks, their size is
the temperature.
"""

import numpy as np
from numpy.typing import NDArray

from mtdnet.artifacts import Fusion
from mtdnet.metrics.calibration import Flags, Probability, balance, logit

RIDGE = 0.1  # divided by the fewer kind of pairs: those told apart without error have weights too


def fused(fusion: Fusion, probability: Probability, distance: Probability) -> NDArray[np.float64]:
    """Return the log odds that pairs show the same person, float64, of the inputs' shape."""
    total: NDArray[np.float64] = (
        fusion.logit * logit(probability) - fusion.distance * distance + fusion.bias
    )
    return total


def fit(probability: Probability, distance: Probability, same: Flags) -> Fusion:
    """Return the weights of least cross-entropy over N pairs, neither below 0.

    Convex: with ``z`` the two inputs at mean 0 and variance 1 over the weighed pairs, it minimises
    ``sum w log(1 + exp(-y (u z + c))) + 0.1 / n |u|^2`` of n pairs of one person (or of two, where
    these are fewer). Raises InputError when there is no same or no different pair.
    """
    from scipy.optimize import minimize  # a network that answers needs none of SciPy

    weight, sign = balance(same), np.where(same, 1.0, -1.0)
    inputs = np.stack([logit(probability), -distance.astype(np.float64)])
    mean = inputs @ weight
    scale = np.sqrt(np.square(inputs - mean[:, None]) @ weight)
    scale[scale == 0] = 1
    z = np.vstack([(inputs - mean[:, None]) / scale[:, None], np.ones(len(same))])

    decay = RIDGE / min(same.sum(), (~same).sum())

    def loss(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (x @ z)
        pull = weight * sign * np.exp(-np.logaddexp(0, margin))
        ridge = 2 * decay * np.append(x[:2], 0)
        value = float(weight @ np.logaddexp(0, -margin) + ridge @ x / 2)
        return value, ridge - z @ pull

    bounds = [(0, None), (0, None), (None, None)]
    found = minimize(loss, np.array([1.0, 1.0, 0.0]), jac=True, bounds=bounds, method="L-BFGS-B")
    own = found.x[:2] / scale
    return Fusion(logit=float(own[0]), distance=float(own[1]), bias=float(found.x[2] - own @ mean))
