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
_SMALL_STEP = 1e-8


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


def fit(choices: Choices) -> Fit:
    """The most probable weights, by Newton's method; the logarithm is concave."""
    weights = np.zeros(choices.features.shape[2])
    precision = np.eye(len(weights)) / PRIOR_DEVIATION**2
    for _ in range(_MOST_STEPS):
        gradients, hessian = _derivatives(choices, weights)
        step = np.linalg.solve(
            hessian + precision, gradients.sum(axis=0) - weights / PRIOR_DEVIATION**2
        )
        # Features lie between -1 and 1, so that a step of more than 2 leaves the quadratic.
        weights += step * min(1.0, 2.0 / max(float(np.abs(step).max(initial=0)), 1e-300))
        if np.abs(step).max(initial=0) < _SMALL_STEP:
            break
    gradients, hessian = _derivatives(choices, weights)
    return Fit(weights, _errors(gradients, hessian + precision, choices.people))


def _derivatives(
    choices: Choices, weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each choice's gradient of the log-likelihood ``(n, features)``, and minus the Hessian."""
    odds = choices.features @ weights
    odds[~choices.valid] = -np.inf
    odds -= odds.max(axis=1, keepdims=True)
    probabilities = np.exp(odds)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    expected = np.einsum("na,naf->nf", probabilities, choices.features)
    spread = choices.features - expected[:, None, :]
    width = spread.shape[2]
    weighted = (spread * probabilities[:, :, None]).reshape(-1, width)
    return spread[:, 0, :], weighted.T @ spread.reshape(-1, width)


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
