"""A ranker in training: what it gains on queries that had no part in it, and the ranker itself.

The gain is measured in two forms. In the full one an unjudged product is irrelevant; in the
judged-only one it is left out. A ranker can win the first by putting what was judged before what
was not, which is no merit: where judgments were pooled from one ranking, it learns the pool. So
it is worth something only if it gains in the first and does not lose in the second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

import numpy as np
import orjson

from searchsvc.relevance.evaluation import DEPTH, present_judgments, ranked_ids
from searchsvc.relevance.examples import collect_examples
from searchsvc.relevance.folds import make_folds, question
from searchsvc.relevance.measures import Measure
from searchsvc.relevance.statistics import bootstrap_means, percentile_interval, randomization_p
from searchsvc.reranking.protocol import FEATURES
from searchsvc.reranking.trees import TreeEnsemble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy
    from searchsvc.relevance.examples import Example
    from searchsvc.relevance.judgments import Judgments
    from searchsvc.reranking.trees import Trees
    from searchsvc.routing import QueryEmbedder

FULL = Measure("nDCG", 10)
JUDGED_ONLY = Measure("nDCG", 10, condensed=True)


def digest(judgments: Judgments) -> str:
    """SHA-256 of what is asked and how it is judged: 64 hexadecimal digits."""
    queries = [(q.id, q.text, dict(judgments.qrels.get(q.id, {}))) for q in judgments.queries]
    return sha256(orjson.dumps(sorted(queries), option=orjson.OPT_SORT_KEYS)).hexdigest()


class Trainer(Protocol):
    """What makes trees of examples."""

    def __call__(self, examples: Sequence[Example], folds: int) -> Trees:
        """Trees that order the candidates of such queries; see `train_lambdamart`."""
        ...


@dataclass(frozen=True, slots=True)
class Gain:
    """One measure on queries that had no part in the training.

    Attributes:
        before: mean without a ranker.
        after: mean with the one that was trained without the query.
        low: of the 95 % bootstrap interval of the mean gain, over queries.
        high: of the same.
        p: two-sided, of the paired randomization test.
    """

    before: float
    after: float
    low: float
    high: float
    p: float

    @classmethod
    def between(cls, before: Sequence[float], after: Sequence[float]) -> Gain:
        """The gain from `before` to `after`, values of the same queries."""
        differences = np.subtract(after, before)[:, None]
        interval = percentile_interval(bootstrap_means(differences))
        return cls(
            before=float(np.mean(before)),
            after=float(np.mean(after)),
            low=float(interval.low[0]),
            high=float(interval.high[0]),
            p=float(randomization_p(differences)[0]),
        )

    def __str__(self) -> str:
        """For people."""
        return (
            f"{self.before:.4f} -> {self.after:.4f} ({self.after - self.before:+.4f}, "
            f"95 % interval {self.low:+.4f} to {self.high:+.4f}, p {self.p:.3f})"
        )


@dataclass(frozen=True, slots=True)
class TrainedRanker:
    """A ranker, and what rankers so trained are worth.

    Attributes:
        trees: trained on all queries.
        gains: by measure, of rankers that were trained without the queries that they are
            measured on.
        queries: that had a part.
        candidates: of them.
        folds: parts of the queries.
    """

    trees: Trees
    gains: Mapping[str, Gain]
    queries: int
    candidates: int
    folds: int

    @property
    def is_worth_it(self) -> bool:
        """Whether it gains significantly, and loses nothing among judged products."""
        return self._gains and self._is_fair

    @property
    def _gains(self) -> bool:
        return self.gains[str(FULL)].low > 0

    @property
    def _is_fair(self) -> bool:
        judged = self.gains[str(JUDGED_ONLY)]
        return judged.after >= judged.before

    @property
    def verdict(self) -> str:
        """Whether to use it, in a sentence."""
        if not self._gains:
            return "no significant gain: on queries that had no part in it, it may be chance"
        if not self._is_fair:
            return (
                "no fair gain: it puts judged products before unjudged ones, but orders the "
                "judged ones worse. Judge what it would show first, then train again"
            )
        return "a significant gain on queries that had no part in the training"


class RankerTraining:
    """Trains rankers for one snapshot on its judged queries."""

    def __init__(
        self,
        snapshot: Snapshot,
        embedder: QueryEmbedder,
        policy: RankingPolicy,
        judgments: Judgments,
    ) -> None:
        """Make ready; nothing is asked yet.

        Args:
            snapshot: the index.
            embedder: of its model.
            policy: in use; its own reranker has no part.
            judgments: see `present_judgments` for which queries count.

        Raises:
            EvaluationError: no query counts.
        """
        self._policy = replace(policy, reranker=None)
        self._judgments = judgments
        self._present = present_judgments(snapshot, judgments)
        self._queries = {q.id: q for q in judgments.queries if q.id in self._present}
        self._groups = {q.id: question(q.text, snapshot) for q in self._queries.values()}
        self._collect = partial(collect_examples, snapshot, embedder, self._policy, judgments)
        self._ask = partial(ranked_ids, snapshot=snapshot, embedder=embedder, depth=DEPTH)

    def run(
        self, train: Trainer, folds: int, advance: Callable[[int], None] | None = None
    ) -> TrainedRanker:
        """Train on all folds but one, measure on that one, each in its turn; then train on all.

        Args:
            train: makes trees of examples.
            folds: parts of the queries.
            advance: told of every finished training; there are `folds` + 1.

        Raises:
            EvaluationError: there are fewer different queries than folds, or one is only
                answered in part.
        """
        parts = make_folds(self._groups, folds)
        examples = self._collect()
        values: dict[str, list[tuple[float, float]]] = {str(FULL): [], str(JUDGED_ONLY): []}
        for held_out in parts:
            trees = train([e for e in examples if e.query not in set(held_out)], folds)
            ranker = TreeEnsemble(trees, len(FEATURES))
            for query in held_out:
                self._measure(query, ranker, values)
            if advance is not None:
                advance(1)
        trees = train(examples, folds)
        if advance is not None:
            advance(1)
        gains = {name: Gain.between(*zip(*pairs, strict=True)) for name, pairs in values.items()}
        candidates = sum(len(example.labels) for example in examples)
        return TrainedRanker(trees, gains, len(examples), candidates, folds)

    def _measure(
        self, query: str, ranker: TreeEnsemble, values: Mapping[str, list[tuple[float, float]]]
    ) -> None:
        """Add what `query` scores without and with `ranker`."""
        with_it = replace(self._policy, reranker=ranker, rerank=True)
        rankings = [self._ask(self._queries[query], policy=p) for p in (self._policy, with_it)]
        for measure in (FULL, JUDGED_ONLY):
            before, after = (measure.of(r, self._present[query]) for r in rankings)
            values[str(measure)].append((before, after))
