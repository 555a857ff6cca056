"""Relevance measures: pure functions of a ranked list of ids and graded judgments.

Conventions, fixed here because every tool chooses its own:

* a collection's `LabelScale` says what labels gain and which are relevant; where it is silent,
  gain is ``2 ** label - 1`` (Burges et al., 2005; trec_eval's is linear), relevant is 1 or more;
* the discount of rank r (from 1) is ``1 / log2(r + 1)`` (Järvelin and Kekäläinen, 2002);
* precision divides by k even when fewer products were returned, judged divides by what was;
* a ranking is a list, so there are no ties: whoever ranks has broken them;
* the full form counts an unjudged product as irrelevant; the condensed form (Sakai, 2007) removes
  unjudged products from the ranking first, then cuts at k. Read both where the pool was shallow.

Names and their text form (``nDCG@10``, ``RR(judged_only=True)@10``) are those of ir-measures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import fsum, log2
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from searchsvc.relevance.labels import (  # RELEVANT is part of these conventions
    DEFAULT_SCALE,
    RELEVANT,
    LabelScale,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Judged = Mapping[str, int]
    """Label by product id, of one query."""


__all__ = [
    "RELEVANT",
    "Evaluation",
    "Measure",
    "condensed",
    "evaluate",
    "judged",
    "ndcg",
    "precision",
    "recall",
    "reciprocal_rank",
]


def condensed(ranking: Sequence[str], judgments: Judged) -> list[str]:
    """The ranking without its unjudged products, order kept."""
    return [product_id for product_id in ranking if product_id in judgments]


def ndcg(
    ranking: Sequence[str], judgments: Judged, k: int, scale: LabelScale = DEFAULT_SCALE
) -> float:
    """Normalized discounted cumulative gain of the first `k`, in [0, 1].

    The ideal is the best `k` of *all* judged products, found or not.

    Returns:
        0.0 when no judged product gains anything: the value is undefined there, and `evaluate`
        excludes such queries.
    """
    ideal = _dcg(sorted((scale.gain(label) for label in judgments.values()), reverse=True)[:k])
    if ideal == 0.0:
        return 0.0
    gains = [scale.gain(judgments[p]) if p in judgments else 0.0 for p in ranking[:k]]
    return _dcg(gains) / ideal


def recall(
    ranking: Sequence[str], judgments: Judged, k: int, scale: LabelScale = DEFAULT_SCALE
) -> float:
    """The share of the relevant products that is among the first `k`; 0.0 if none is relevant."""
    relevant = sum(scale.is_relevant(label) for label in judgments.values())
    return sum(_relevances(ranking, judgments, k, scale)) / relevant if relevant else 0.0


def reciprocal_rank(
    ranking: Sequence[str], judgments: Judged, k: int, scale: LabelScale = DEFAULT_SCALE
) -> float:
    """One over the rank of the first relevant product within `k`, 0.0 if there is none."""
    for rank, is_relevant in enumerate(_relevances(ranking, judgments, k, scale), start=1):
        if is_relevant:
            return 1.0 / rank
    return 0.0


def precision(
    ranking: Sequence[str], judgments: Judged, k: int, scale: LabelScale = DEFAULT_SCALE
) -> float:
    """Relevant products among the first `k`, over `k`."""
    return sum(_relevances(ranking, judgments, k, scale)) / k


def judged(
    ranking: Sequence[str], judgments: Judged, k: int, _scale: LabelScale = DEFAULT_SCALE
) -> float:
    """The share of the first `k` returned products that has a judgment; 0.0 of an empty ranking.

    A low value says that the other measures in their full form are guesses.
    """
    top = ranking[:k]
    return sum(product_id in judgments for product_id in top) / len(top) if top else 0.0


def _relevances(
    ranking: Sequence[str], judgments: Judged, k: int, scale: LabelScale
) -> list[bool]:
    """For each of the first `k` whether it is relevant; an unjudged product is not."""
    return [p in judgments and scale.is_relevant(judgments[p]) for p in ranking[:k]]


def _dcg(gains: Sequence[float]) -> float:
    return fsum(gain / log2(rank + 1) for rank, gain in enumerate(gains, start=1))


_FUNCTIONS: Mapping[str, Callable[[Sequence[str], Judged, int, LabelScale], float]] = (
    MappingProxyType(
        {"nDCG": ndcg, "R": recall, "RR": reciprocal_rank, "P": precision, "Judged": judged}
    )
)
_TEXT_FORM = re.compile(r"(?P<name>\w+)(?P<condensed>\(judged_only=True\))?@(?P<cutoff>[1-9]\d*)")


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure as a value: ``Measure("nDCG", 10)`` is ``nDCG@10``.

    Attributes:
        name: nDCG, R (recall), RR (reciprocal rank), P (precision) or Judged.
        cutoff: how many of the best products are looked at, at least 1.
        condensed: whether unjudged products are removed before the cut.

    Raises:
        ValueError: the name is none of the above, or the cutoff is below 1.
    """

    name: str
    cutoff: int
    condensed: bool = False

    def __post_init__(self) -> None:
        if self.name not in _FUNCTIONS:
            raise ValueError(
                f"unknown measure {self.name!r}: expected one of {', '.join(_FUNCTIONS)}"
            )
        if self.cutoff < 1:
            raise ValueError(f"cutoff {self.cutoff} of {self.name}: expected at least 1")

    def __str__(self) -> str:
        form = "(judged_only=True)" if self.condensed else ""
        return f"{self.name}{form}@{self.cutoff}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The measure written as ``name@cutoff`` or ``name(judged_only=True)@cutoff``.

        Raises:
            ValueError: `text` has another form or names no measure.
        """
        match = _TEXT_FORM.fullmatch(text.strip())
        if match is None:
            raise ValueError(
                f"{text!r} is not a measure: expected for example nDCG@10, R@100 or "
                "nDCG(judged_only=True)@10"
            )
        return cls(match["name"], int(match["cutoff"]), condensed=match["condensed"] is not None)

    def of(
        self, ranking: Sequence[str], judgments: Judged, scale: LabelScale = DEFAULT_SCALE
    ) -> float:
        """The value for one query, in [0, 1].

        Raises:
            ValueError: a product is ranked twice, which would be counted twice.
        """
        if len(set(ranking)) != len(ranking):
            repeated = next(p for i, p in enumerate(ranking) if p in ranking[:i])
            raise ValueError(
                f"product {repeated!r} is ranked twice: expected distinct ids; remove duplicates "
                "where the ranking is made"
            )
        looked_at = condensed(ranking, judgments) if self.condensed else ranking
        return _FUNCTIONS[self.name](looked_at, judgments, self.cutoff, scale)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One measure over the queries of a collection.

    Attributes:
        mean: arithmetic mean over `by_query`.
        by_query: value per query that has a relevant product, in the order of the judgments.
        excluded: queries without any relevant product; no ranking can be right or wrong there.
    """

    measure: Measure
    mean: float
    by_query: Mapping[str, float]
    excluded: tuple[str, ...]


def evaluate(
    measure: Measure,
    rankings: Mapping[str, Sequence[str]],
    qrels: Mapping[str, Judged],
    scale: LabelScale = DEFAULT_SCALE,
) -> Evaluation:
    """`measure` per query and its mean.

    A judged query without a ranking counts as an empty ranking (0), not as absent: a search that
    gives up on hard queries must not gain by it.

    Raises:
        ValueError: a ranking belongs to no judged query, or no query has a relevant product.
    """
    unknown = rankings.keys() - qrels.keys()
    if unknown:
        raise ValueError(
            f"rankings for queries without judgments: {', '.join(sorted(unknown)[:5])}; "
            "leave them out or judge them"
        )
    by_query: dict[str, float] = {}
    excluded: list[str] = []
    for query_id, judgments in qrels.items():
        if any(scale.is_relevant(label) for label in judgments.values()):
            by_query[query_id] = measure.of(rankings.get(query_id, ()), judgments, scale)
        else:
            excluded.append(query_id)
    if not by_query:
        raise ValueError(
            f"none of {len(qrels)} queries has a relevant product (label "
            f"{scale.relevant_from} or more): check that qrels and queries belong together"
        )
    mean = fsum(by_query.values()) / len(by_query)
    return Evaluation(measure, mean, MappingProxyType(by_query), tuple(excluded))
