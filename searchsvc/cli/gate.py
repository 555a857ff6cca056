"""The gate of a reindex: asks the new and the published generation the judged queries."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from indexer.build.gate import Verdict
from indexer.errors import IndexerError, SnapshotError
from indexer.snapshot import open_snapshot
from searchsvc.embedders import Embedders
from searchsvc.errors import EvaluationError, SearchServiceError
from searchsvc.live import effective_policy
from searchsvc.policy import ranking_settings
from searchsvc.relevance.evaluation import (
    GONE_RATE,
    ZERO_RESULT_RATE,
    evaluate_snapshot,
    present_judgments,
)
from searchsvc.relevance.gate import Comparison, measures_of
from searchsvc.relevance.judgments import load_judgments
from searchsvc.routing import routed

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.build.progress import Progress
    from indexer.embedding.protocol import Embedder
    from indexer.layout import IndexLayout
    from indexer.settings import GateSettings
    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy
    from searchsvc.relevance.evaluation import SnapshotEvaluation
    from searchsvc.relevance.gate import Change, Outcome
    from searchsvc.relevance.judgments import Judgments
    from searchsvc.routing import QueryEmbedder
    from searchsvc.settings import Settings

_WORST = 5
_FIRST = "nothing is published yet"


@dataclass(frozen=True, slots=True)
class RelevanceGate:
    """An `indexer.build.gate.Gate` over judged queries.

    Attributes:
        layout: the index.
        settings: its gate.
        service: for the ranking and the models.
        embedder: of the new generation.
    """

    layout: IndexLayout
    settings: GateSettings
    service: Settings
    embedder: Embedder

    @property
    def judgments_dir(self) -> Path:
        """Where the judgments are."""
        return self.layout.root / self.settings.judgments

    def precheck(self) -> tuple[str, ...]:
        """See `Gate.precheck`."""
        try:
            measures_of(self.settings)
            self._judgments()
        except (IndexerError, SearchServiceError, OSError) as error:
            return (str(error),)
        return ()

    def judge(self, candidate: Snapshot, progress: Progress) -> Verdict:
        """See `Gate.judge`."""
        try:
            judgments = self._judgments()
            policy = effective_policy(self.layout, self.service, candidate)
            comparison = self._compare(candidate, policy, judgments, progress)
        except (IndexerError, SearchServiceError, OSError) as error:
            refusal = f"the gate cannot be evaluated: {error}"
            return Verdict((refusal,), report={"judgments": str(self.judgments_dir)})
        outcomes = comparison.outcomes(self.settings.bounds)
        refusals = tuple(str(outcome) for outcome in outcomes if not outcome.passed)
        if shortage := comparison.shortage(self.settings.bounds):
            refusals = (shortage, *refusals)
        return Verdict(
            refusals,
            tuple(_details(comparison, outcomes, judgments)),
            {**self._report(comparison, outcomes, judgments, refusals), **_asked_with(policy)},
            _by_query(comparison, judgments),
        )

    def _judgments(self) -> Judgments:
        judgments = load_judgments(self.judgments_dir)
        if not judgments.qrels:
            raise EvaluationError(
                f"{self.judgments_dir} judges no product. Add lines to its qrels.tsv"
            )
        return judgments

    def _compare(
        self,
        candidate: Snapshot,
        policy: RankingPolicy,
        judgments: Judgments,
        progress: Progress,
    ) -> Comparison:
        ask = partial(self._ask, policy=policy, judgments=judgments, progress=progress)
        evaluated = ask("asking the new generation", candidate, self.embedder)
        try:
            current = self.layout.current()
            if current is None:
                return Comparison(evaluated, None, _FIRST)
            published = open_snapshot(self.layout, current)
            present_judgments(published, judgments)
        except (SnapshotError, EvaluationError) as error:
            return Comparison(evaluated, None, str(error))
        # The same settings to the bit, whoever edits them now; words are those of its language.
        synonyms = effective_policy(self.layout, self.service, published).synonyms
        ask = partial(ask, policy=replace(policy, synonyms=synonyms))
        stage = "asking the published generation"
        if published.manifest.embedder.fingerprint == self.embedder.fingerprint:
            return Comparison(evaluated, ask(stage, published, self.embedder))
        with closing(Embedders.patient(self.service.models_dir)) as embedders:
            embedder = embedders.get(published.manifest.embedder)
            return Comparison(evaluated, ask(stage, published, embedder))

    def _ask(
        self,
        stage: str,
        snapshot: Snapshot,
        embedder: QueryEmbedder,
        *,
        policy: RankingPolicy,
        judgments: Judgments,
        progress: Progress,
    ) -> SnapshotEvaluation:
        progress.start(stage, len(judgments.queries))
        measures = measures_of(self.settings)
        embedder = routed(snapshot, embedder, self.service.query_encoder)
        return evaluate_snapshot(snapshot, embedder, policy, judgments, measures, progress.advance)

    def _report(
        self,
        comparison: Comparison,
        outcomes: list[Outcome],
        judgments: Judgments,
        refusals: tuple[str, ...],
    ) -> dict[str, Any]:
        published = comparison.published
        return {
            "judgments": str(self.judgments_dir),
            "judged_queries": len(judgments.queries),
            "passed": not refusals,
            "bounds": [outcome.to_dict() for outcome in outcomes],
            "candidate": _figures(comparison.candidate),
            "published": _figures(published) if published else None,
            "compared_queries": len(comparison.both),
            "comparable_queries": len(published.queries) if published else 0,
            "warnings": [] if published else [f"not compared: {comparison.absent}"],
        }


def describe_gate(report: dict[str, Any]) -> list[str]:
    """The figures of a gate, as `RelevanceGate` reports them, for people."""
    if "candidate" not in report:
        return []
    new, old = report["candidate"], report["published"] or {}
    asked = f"{new['queries']} of {report['judged_queries']} judged queries"
    gone = f"{new['gone']} of {new['relevant']} relevant judgments name a product that is gone"
    lines = [f"  gate: asked {asked}; {gone}"]
    for name, value in new["figures"].items():
        before = f", published {old['figures'][name]:.4f}" if old else ""
        lines.append(f"    {name} {value:.4f}{before}")
    return [*lines, *(f"    {warning}" for warning in report["warnings"])]


def _details(comparison: Comparison, outcomes: list[Outcome], judgments: Judgments) -> list[str]:
    """How much was asked, and the queries that lost most by a measure whose bound is broken."""
    candidate = comparison.candidate
    asked = f"{len(candidate.queries)} judged queries ({len(comparison.both)} of both generations)"
    gone = (
        f"{candidate.gone} of {candidate.relevant} relevant judgments name a product that is gone"
    )
    lines = [f"Asked {asked}; {gone}."]
    lines += [f"  {outcome}" for outcome in outcomes if outcome.skipped]
    for name in dict.fromkeys(o.measure for o in outcomes if not o.passed):
        if name in (ZERO_RESULT_RATE, GONE_RATE):
            continue
        if lost := comparison.losses(name, judgments):
            lines.append(f"{len(lost)} queries lost by {name}, most of all:")
            lines += [_line(change) for change in lost[:_WORST]]
    return lines


def _line(change: Change) -> str:
    return f"  {change.old:.4f} -> {change.new:.4f}  {change.query_id}  {change.text!r}"


def _asked_with(policy: RankingPolicy) -> dict[str, Any]:
    """How the answers were ranked: a service with another environment ranks in another way."""
    return {
        "ranking": {name: getattr(policy, name) for name in ranking_settings()},
        "synonym_rules": len(policy.synonyms.rules),
        "ranker": policy.reranker is not None,
    }


def _figures(evaluation: SnapshotEvaluation) -> dict[str, Any]:
    names = (*evaluation.values, GONE_RATE)
    return {
        "generation": evaluation.generation,
        "figures": {name: evaluation.figure(name) for name in names},
        "queries": len(evaluation.queries),
        "excluded": list(evaluation.excluded),
        "relevant": evaluation.relevant,
        "gone": evaluation.gone,
        "median_ms": round(evaluation.median_ms, 3),
    }


def _by_query(comparison: Comparison, judgments: Judgments) -> dict[str, Any]:
    """Text and ``[published, new]`` values of every query that counts in one of them."""
    new = comparison.candidate.values
    old = comparison.published.values if comparison.published else {}
    return {
        query.id: {
            "text": query.text,
            **{
                name: [old.get(name, {}).get(query.id), values.get(query.id)]
                for name, values in new.items()
            },
        }
        for query in judgments.queries
    }
