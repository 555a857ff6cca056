"""The report of a judged collection: how much is labelled, and how far the raters agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from searchsvc.judging.agreement import disputes, kappas, ordinal_alpha
from searchsvc.judging.ratings import Ledger
from searchsvc.judging.store import read_ratings
from searchsvc.relevance.judgments import load_judgments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from searchsvc.judging.agreement import Dispute, PairOfRaters
    from searchsvc.relevance.judgments import JudgedQuery

_SHOWN_DISPUTES = 10


@dataclass(frozen=True, slots=True)
class QueryReport:
    """One query.

    Attributes:
        judged: products with a judgment in ``qrels.tsv``, wherever it is from.
        labelled: rater → products labelled.
        skipped: rater → products skipped.
    """

    query: JudgedQuery
    judged: int
    labelled: Mapping[str, int]
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class JudgingReport:
    """A whole collection.

    Attributes:
        raters: names of all who rated something, sorted.
        rated_by_several: pairs of query and product that two or more raters labelled.
        alpha: see `ordinal_alpha`; ``None`` when nothing can be said.
        disputes: the most disputed pairs, worst first.
    """

    raters: tuple[str, ...]
    queries: tuple[QueryReport, ...]
    rated_by_several: int
    alpha: float | None
    kappas: tuple[PairOfRaters, ...]
    disputes: tuple[Dispute, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON for scripts."""
        return {
            "raters": list(self.raters),
            "queries": [
                {
                    "id": report.query.id,
                    "text": report.query.text,
                    "judged": report.judged,
                    "labelled": report.labelled,
                    "skipped": report.skipped,
                }
                for report in self.queries
            ],
            "agreement": {
                "rated_by_several": self.rated_by_several,
                "krippendorff_alpha_ordinal": self.alpha,
                "cohen_kappa_quadratic": [
                    {"raters": list(k.raters), "pairs": k.pairs, "kappa": k.kappa}
                    for k in self.kappas
                ],
            },
            "disputed": [
                {"query_id": d.pair[0], "product_id": d.pair[1], "labels": d.labels}
                for d in self.disputes
            ],
        }


def report_judging(directory: Path) -> JudgingReport:
    """The report of the collection in `directory`; nothing is written.

    Ratings of queries that are no longer in the collection are left out.

    Raises:
        JudgmentsError: a file of the directory is absent or malformed.
    """
    judgments = load_judgments(directory)
    known = {query.id for query in judgments.queries}
    ledger = Ledger(rating for rating in read_ratings(directory) if rating.query_id in known)
    standing = ledger.standing()
    labelled: dict[str, dict[str, int]] = {name: {} for name in known}
    skipped: dict[str, dict[str, int]] = {name: {} for name in known}
    for rating in sorted(standing, key=lambda rating: rating.rater):
        counts = (skipped if rating.label is None else labelled)[rating.query_id]
        counts[rating.rater] = counts.get(rating.rater, 0) + 1
    labels = ledger.labels()
    return JudgingReport(
        raters=tuple(sorted({rating.rater for rating in standing})),
        queries=tuple(
            QueryReport(
                query,
                len(judgments.qrels.get(query.id, {})),
                labelled[query.id],
                skipped[query.id],
            )
            for query in judgments.queries
        ),
        rated_by_several=sum(len(by_rater) > 1 for by_rater in labels.values()),
        alpha=ordinal_alpha([list(by_rater.values()) for by_rater in labels.values()]),
        kappas=tuple(kappas(labels)),
        disputes=tuple(disputes(labels, _SHOWN_DISPUTES)),
    )
