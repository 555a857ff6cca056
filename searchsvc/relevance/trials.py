"""The trials: what every query scores under settings that are tried, each asked only once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from searchsvc.relevance.evaluation import (
    DEPTH,
    checked_depth,
    present_judgments,
    ranked_ids,
)
from searchsvc.relevance.grids import (
    current_values,
    lexical_axes,
    lexical_with,
    policy_with,
    ranking_axes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from indexer.lexical.protocol import LexicalIndex
    from indexer.settings import LexicalSettings
    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy
    from searchsvc.relevance.judgments import Judgments
    from searchsvc.relevance.measures import Measure
    from searchsvc.relevance.tuning import Choice
    from searchsvc.routing import QueryEmbedder


class Postings(Protocol):
    """Other postings of the same products."""

    def index(self, settings: LexicalSettings) -> LexicalIndex:
        """The lexical index that a build with `settings` would write."""
        ...


class Trials:
    """Scores choices on the judged queries of one snapshot."""

    def __init__(
        self,
        snapshot: Snapshot,
        embedder: QueryEmbedder,
        policy: RankingPolicy,
        judgments: Judgments,
        measure: Measure,
        postings: Postings | None = None,
    ) -> None:
        """Make ready; nothing is asked yet.

        Args:
            snapshot: with the postings in use.
            embedder: of its model.
            policy: in use.
            judgments: see `present_judgments` for which queries count.
            measure: the score.
            postings: for the settings that need a reindex; ``None`` leaves those alone.

        Raises:
            EvaluationError: no query counts, or `measure` looks deeper than an answer can be.
        """
        self._settings = snapshot.manifest.settings.lexical
        self.axes: Mapping[str, Sequence[float]] = ranking_axes(policy)
        if postings is not None:
            self.axes = {**self.axes, **lexical_axes(self._settings)}
        self._present = present_judgments(snapshot, judgments)
        self.queries = tuple(query for query in judgments.queries if query.id in self._present)
        self._policy = policy
        self._measure = measure
        self._depth = checked_depth(
            max(DEPTH, measure.cutoff) if measure.condensed else measure.cutoff
        )
        self._postings = postings
        self._lexical = self._settings, snapshot.lexical
        self._embedder = _RememberingEmbedder(embedder)
        self._snapshot = snapshot
        self._scores: dict[Choice, Mapping[str, float]] = {}

    @property
    def current(self) -> Choice:
        """What is in use."""
        return current_values(self.axes, self._policy, self._settings)

    @property
    def count(self) -> int:
        """How many choices were tried."""
        return len(self._scores)

    def score(self, choice: Choice, query_id: str) -> float:
        """The measure of one query under `choice`.

        Raises:
            EvaluationError: the query is only answered in part.
        """
        # All queries at once: postings are written once for them, and other folds want the rest.
        if choice not in self._scores:
            self._scores[choice] = self._ask(choice)
        return self._scores[choice][query_id]

    def _ask(self, choice: Choice) -> dict[str, float]:
        values = dict(zip(self.axes, choice, strict=True))
        policy = policy_with(self._policy, values)
        snapshot = replace(self._snapshot, lexical=self._index(values))
        scores = {}
        for query in self.queries:
            ranking = ranked_ids(query, snapshot, self._embedder, policy, self._depth)
            scores[query.id] = self._measure.of(ranking, self._present[query.id])
        return scores

    def _index(self, values: Mapping[str, float]) -> LexicalIndex:
        settings = lexical_with(self._settings, values)
        if self._postings is not None and settings != self._lexical[0]:
            self._lexical = settings, self._postings.index(settings)
        return self._lexical[1]


class _RememberingEmbedder:
    """Embeds each text once."""

    def __init__(self, embedder: QueryEmbedder) -> None:
        self._embedder = embedder
        self._known: dict[str, NDArray[np.float32]] = {}

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See `QueryEmbedder.embed_query`."""
        if text not in self._known:
            self._known[text] = self._embedder.embed_query(text)
        return self._known[text]
