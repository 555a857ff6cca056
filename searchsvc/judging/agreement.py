"""How far raters agree: Krippendorff's alpha, Cohen's weighted kappa, and the disputed pairs.

Labels are ordinal: 0 against 3 is a worse disagreement than 2 against 3. Alpha takes any number of
raters who each rated some of the pairs; 1 is agreement, 0 what chance would bring, below 0 is
worse than chance. Krippendorff asks for 0.8, and for 0.667 where a tentative conclusion will do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from searchsvc.judging.ratings import Pair


def ordinal_alpha(units: Sequence[Sequence[int]]) -> float | None:
    """Krippendorff's alpha with the ordinal distance.

    With the coincidences ``o[c, k]`` of the labels ``c`` and ``k`` within units, each unit of m
    labels weighted by 1 / (m - 1), and their marginals ``n[c]``::

        alpha = 1 - (n - 1) sum(o[c, k] d[c, k]) / sum(n[c] n[k] d[c, k])
        d[c, k] = (n[c] + ... + n[k] - (n[c] + n[k]) / 2) ** 2

    (K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.)

    Args:
        units: the labels that each pair got; those with fewer than two say nothing.

    Returns:
        At most 1; ``None`` when nothing can be said, since no pair has two labels or all labels
        are the same.
    """
    compared = [unit for unit in units if len(unit) > 1]
    values = np.unique([label for unit in compared for label in unit])
    if len(values) < 2:  # noqa: PLR2004 - without variety nothing is expected by chance
        return None
    counts = np.array([[unit.count(value) for value in values] for unit in map(list, compared)])
    weighted = counts / (counts.sum(axis=1, keepdims=True) - 1)
    coincidences = counts.T @ weighted - np.diag(weighted.sum(axis=0))
    marginals = coincidences.sum(axis=0)
    ranks = np.cumsum(marginals) - marginals / 2
    distance = np.square(ranks[:, None] - ranks)
    observed = float((coincidences * distance).sum())
    expected = float(marginals @ distance @ marginals)
    return 1.0 - (float(marginals.sum()) - 1.0) * observed / expected


def weighted_kappa(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Cohen's kappa of two raters with quadratic weights.

    One minus the mean squared difference of the labels, over the one that two independent raters
    with these frequencies of labels would have (J. Cohen, Weighted kappa, 1968; the weights after
    Fleiss and Cohen, 1973). With two labels it is the unweighted kappa.

    Args:
        first: one rater's labels.
        second: the other's of the same pairs, in the same order.

    Returns:
        At most 1; ``None`` when nothing can be said: no pair, or all labels are the same.

    Raises:
        ValueError: the raters did not rate equally many pairs.
    """
    ours, theirs = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if len(ours) != len(theirs):
        raise ValueError(
            f"{len(ours)} and {len(theirs)} labels: expected those of the same pairs, "
            "so equally many"
        )
    if not len(ours):
        return None
    expected = float(np.square(ours[:, None] - theirs).mean())
    if expected == 0.0:
        return None
    return 1.0 - float(np.square(ours - theirs).mean()) / expected


@dataclass(frozen=True, slots=True)
class PairOfRaters:
    """Two raters who labelled the same pairs.

    Attributes:
        raters: their names, sorted.
        pairs: how many pairs of query and product both labelled, at least 1.
        kappa: see `weighted_kappa`.
    """

    raters: tuple[str, str]
    pairs: int
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """A pair whose raters differ.

    Attributes:
        labels: rater → label, at least two.
    """

    pair: Pair
    labels: Mapping[str, int]

    @property
    def spread(self) -> int:
        """The highest label minus the lowest."""
        return max(self.labels.values()) - min(self.labels.values())


def kappas(labels: Mapping[Pair, Mapping[str, int]]) -> list[PairOfRaters]:
    """The agreement of every two raters who labelled a pair both; sorted by names."""
    both: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for by_rater in labels.values():
        names = sorted(by_rater)
        for place, one in enumerate(names):
            for other in names[place + 1 :]:
                both.setdefault((one, other), []).append((by_rater[one], by_rater[other]))
    return [
        PairOfRaters(raters, len(found), weighted_kappa(*zip(*found, strict=True)))
        for raters, found in sorted(both.items())
    ]


def disputes(labels: Mapping[Pair, Mapping[str, int]], limit: int) -> list[Dispute]:
    """The `limit` most disputed pairs: by spread, then by the labels' variance, then by ids."""
    found = [Dispute(pair, by_rater) for pair, by_rater in labels.items() if len(by_rater) > 1]
    found = [dispute for dispute in found if dispute.spread]
    found.sort(key=lambda d: (-d.spread, -float(np.var(list(d.labels.values()))), d.pair))
    return found[:limit]
