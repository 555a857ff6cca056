"""The conditional logit: how much each feature of an alternative adds to its being chosen.

    P(chosen = i) = exp(w . x_i) / sum over alternatives j of exp(w . x_j)

(McFadden: Conditional logit analysis of qualitative choice behavior, 1974), with a normal prior
around 0 on the weights. What one person chooses is no number of independent choices, so that the
errors add up by person (the sandwich of Huber and White, clustered; Cameron and Miller: A
practitioner's guide to cluster-robust inference, 2015).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRIOR_DEVIATION = 1.0
"""Standard deviation of a weight before anything is known."""
_MOST_STEPS = 50
_SMALL_STEP = 1e-6
_AT_ONCE = 256
"""Choices whose derivatives are added up together, so that they stay in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """Choices among alternatives.

    Attributes:
        features: float64 ``(n, alternatives, features)``; the first alternative was chosen.
        valid: bool ``(n, alternatives)``, whether an alternative was one.
        people: int ``(n,)``, who chose.
    """

    features: NDArray[np.float64]
    valid: NDArray[np.bool_]
    people: NDArray[np.int32]

    def of(self, features: list[int]) -> Choices:
        """The same by some of the features only."""
        return Choices(self.features[:, :, features], self.valid, self.people)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Weights of the features.

    Attributes:
        weights: float64 ``(features,)``, log-odds.
        errors: float64 ``(features,)``, their standard errors.
    """

    weights: NDArray[np.float64]
    errors: NDArray[np.float64]


def fit(choices: Choices, start: NDArray[np.float64] | None = None) -> Fit:
    """The most probable weights, by Newton's method; the logarithm is concave.

    Args:
        choices: by which the weights are told.
        start: float64 ``(features,)``, weights that may be near; any lead to the same ones.
    """
    weights = np.zeros(choices.features.shape[2]) if start is None else start.copy()
    precision = np.eye(len(weights)) / PRIOR_DEVIATION**2
    gradients, hessian = _derivatives(choices, weights)
    for _ in range(_MOST_STEPS):
        step = np.linalg.solve(
            hessian + precision, gradients.sum(axis=0) - weights / PRIOR_DEVIATION**2
        )
        longest = float(np.abs(step).max(initial=0))
        if longest < _SMALL_STEP:
            break
        # Features lie between -1 and 1, so that a step of more than 2 leaves the quadratic.
        weights += step * min(1.0, 2.0 / longest)
        gradients, hessian = _derivatives(choices, weights)
    return Fit(weights, _errors(gradients, hessian + precision, choices.people))


def _derivatives(
    choices: Choices, weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each choice's gradient of the log-likelihood ``(n, features)``, and minus the Hessian.

    With the features F of a choice's alternatives, their probabilities p and expected features
    E = p F, minus the Hessian is the sum of F' diag(p) F - E' E.
    """
    count, _, width = choices.features.shape
    gradients = np.empty((count, width))
    hessian = np.zeros((width, width))
    for begin in range(0, count, _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        features = choices.features[part]
        odds = features @ weights
        odds[~choices.valid[part]] = -np.inf
        odds -= odds.max(axis=1, keepdims=True)
        probabilities = np.exp(odds)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        expected = (probabilities[:, None, :] @ features)[:, 0, :]
        gradients[part] = features[:, 0, :] - expected
        rooted = (features * np.sqrt(probabilities)[:, :, None]).reshape(-1, width)
        hessian += rooted.T @ rooted - expected.T @ expected
    return gradients, hessian


def _errors(
    gradients: NDArray[np.float64], hessian: NDArray[np.float64], people: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Standard errors: those of independent choices, or by person where these are greater."""
    inverse = np.linalg.inv(hessian)
    clusters, place = np.unique(people, return_inverse=True)
    sums = np.zeros((len(clusters), gradients.shape[1]))
    np.add.at(sums, place, gradients)
    correction = len(clusters) / max(len(clusters) - 1, 1)
    robust = inverse @ (correction * sums.T @ sums) @ inverse
    variances = np.maximum(np.diag(inverse), np.diag(robust))
    errors: NDArray[np.float64] = np.sqrt(variances)
    return errors
