"""The hot path: a query against a snapshot.

A query defines one **match set**: the products that cover enough of its words, the products near
enough to its meaning, and those it identifies. A filter narrows it. Everything that an answer says
is about that set: its size is the total, facets count it, and its pages, walked to the end, show
each of its products once, in whatever order and grouping.

The order by relevance: products that the query identifies, then the window (the best lexical
matches and all semantic ones) by fused score, then the remaining lexical matches by BM25. Ties
break by product id. An index may have a second stage, which orders the first of the window again;
popularity, boosts and the preferences of whoever asks move products within the window. None of it
depends on the page that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.answer import Group, Hit, Member, SearchResult
from searchsvc.counting import count
from searchsvc.degradation import of_parts
from searchsvc.errors import TimedOutError
from searchsvc.policy import Fusion
from searchsvc.preferences.gains import Gains
from searchsvc.query.mask import row_mask
from searchsvc.query.telling import tell
from searchsvc.query.understanding import understand
from searchsvc.ranking.boosting import boost, favour
from searchsvc.ranking.explanation import explain
from searchsvc.ranking.order import Order
from searchsvc.ranking.second_stage import rerank
from searchsvc.ranking.window import Meaning, gather, rank
from searchsvc.results.arrangement import arrange, require_columns
from searchsvc.results.grouping import count_groups, group_keys, group_value
from searchsvc.results.presence import Presence
from searchsvc.retrieval import retrieve, unrelated_cosine
from searchsvc.visible import Visible
from searchsvc.widening import Widening, widen

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy
    from searchsvc.preferences.preferences import Preferences
    from searchsvc.query.filters import Filter
    from searchsvc.query.query import Query
    from searchsvc.query.understanding import Understanding
    from searchsvc.ranking.explanation import Explanation
    from searchsvc.ranking.window import Ranking, Window
    from searchsvc.results.arrangement import Arrangement
    from searchsvc.retrieval import MatchSet, Retrieval
    from searchsvc.routing import QueryEmbedder

    _Words = tuple[str, bool, bool, Filter | None]

_MEDIAN = 0.5


@dataclass(slots=True)
class _Stages:
    timeout_ms: float
    milliseconds: dict[str, float] = field(default_factory=dict)
    _began: float = field(default_factory=perf_counter)
    _last: float = field(default_factory=perf_counter)

    def done(self, name: str) -> None:
        now = perf_counter()
        self.milliseconds[name] = (now - self._last) * 1e3
        self._last = now
        if (now - self._began) * 1e3 > self.timeout_ms:
            raise TimedOutError(
                f"the search was given up after {self.timeout_ms:g} ms, in the stage {name!r} "
                "(SEARCHSVC_SEARCH_TIMEOUT_MS); ask for fewer facets, values or hits, or try again"
            )


class Memory:
    """What the searches of one request found, so that none of them looks for the same again.

    A search page asks the same words several times at once, with other filters: for its hits, and
    for each facet that counts without its own. They must be of one snapshot, with one embedder
    and one policy.
    """

    def __init__(self) -> None:
        self._found: dict[_Words, tuple[Understanding, Retrieval]] = {}

    def find(
        self, query: Query, compute: Callable[[], tuple[Understanding, Retrieval]]
    ) -> tuple[Understanding, Retrieval]:
        """What is remembered for the words of `query`, or else what `compute` gives."""
        key = query.text, query.as_typed, query.typing, query.scope
        if key not in self._found:
            self._found[key] = compute()
        return self._found[key]


def search(
    query: Query,
    snapshot: Snapshot,
    embedder: QueryEmbedder,
    policy: RankingPolicy,
    preferences: Preferences | None = None,
    memory: Memory | None = None,
) -> SearchResult:
    """Answer `query` from `snapshot`.

    Args:
        query: what is asked.
        snapshot: the catalogue.
        embedder: of the snapshot's model.
        policy: how it is answered.
        preferences: of whoever asks; they change the order and nothing else.
        memory: of the other searches of the same request.

    Raises:
        BadFilterError: a filter does not fit the snapshot's columns.
        BadQueryError: nor does what is to be sorted, grouped or counted by.
        ForbiddenError: nor does the scope.
        TimedOutError: it took longer than the query allows.
    """
    stages = _Stages(query.timeout_ms)
    visible = Visible.of(snapshot, query.scope)
    whole, snapshot = snapshot, visible.snapshot
    mask = _mask(query, snapshot)
    gains = Gains.of(query, snapshot, preferences)
    stages.done("mask")
    understood, retrieval = _found(query, visible, embedder, policy, memory, stages)
    matches = retrieval.within(mask)
    widened = None
    if not len(matches) and query.relax:
        widened = widen(understood, retrieval, snapshot, mask, by_meaning=query.relax_by_meaning)
        if widened is not None:
            retrieval, matches = widened.retrieval, widened.matches
            understood = widened.understood
    stages.done("match set")
    ranking = page = None
    if query.limit:  # a page without hits, such as one that only counts, needs no order
        ranking = _ranking(understood, retrieval, matches, gains, snapshot, policy, stages)
        least = _least_relevance(query, understood, policy)
        page = arrange(Order(ranking, matches.lexical), query, snapshot, least, policy.popularity)
        stages.done("arrange")
    else:
        require_columns(query, snapshot, policy.popularity)
    facets = count(query, retrieval, matches, snapshot, widened=widened is not None)
    stages.done("facets")
    hits = _hits(page, ranking, matches, snapshot, query, gains) if page and ranking else ()
    stages.done("fetch")
    lacking = retrieval.degraded + of_parts(snapshot.missing, "lexical", "spelling")
    result = SearchResult(
        total=_count(matches, query, snapshot),
        hits=hits,
        understood=understood,
        degraded=tuple(it.text for it in lacking),
        degraded_reasons=tuple(it.reason for it in lacking),
        encoders=retrieval.encoders,
        stage_ms=stages.milliseconds,
        facets=facets,
        counts_groups=query.grouping is not None and not query.grouping.count_items,
        relaxed=widened.relaxation if widened else None,
        unfiltered_total=(
            None if len(matches) or mask is None else _count(retrieval.found, query, snapshot)
        ),
        capped=retrieval.capped,
        relevant=page.relevant if page else None,
        present=Presence.of(whole).count(matches.rows) if query.survey else {},
    )
    return result if visible.mask is None else _told(result, visible)


def _told(result: SearchResult, visible: Visible) -> SearchResult:
    """The answer without the words that only hidden products have."""
    told, relaxed = tell(result.understood, visible.has_text), result.relaxed
    if relaxed is not None and relaxed.kind is Widening.MEANING:
        relaxed = replace(relaxed, text=told.text)
    return replace(result, understood=told, relaxed=relaxed)


def _found(
    query: Query,
    visible: Visible,
    embedder: QueryEmbedder,
    policy: RankingPolicy,
    memory: Memory | None,
    stages: _Stages,
) -> tuple[Understanding, Retrieval]:
    """What the query was taken for, and what of the catalogue that is visible is found for it."""
    snapshot = visible.snapshot
    if query.as_typed:
        policy = replace(policy, correct_spelling=False)

    def find() -> tuple[Understanding, Retrieval]:
        understood = understand(query.text, snapshot, policy, typing=query.typing)
        stages.done("understand")
        found = retrieve(
            query.text,
            understood,
            snapshot,
            embedder,
            policy,
            stages.done,
            scope=visible.mask,
        )
        return understood, found

    return find() if memory is None else memory.find(query, find)


def _ranking(  # noqa: PLR0913, PLR0917 - everything that an order depends on
    understood: Understanding,
    retrieval: Retrieval,
    matches: MatchSet,
    gains: Gains | None,
    snapshot: Snapshot,
    policy: RankingPolicy,
    stages: _Stages,
) -> Ranking:
    """The window in its final order."""
    limit = policy.boost_limit
    preferred = None
    if not understood.clauses:
        # There is one ranking and nothing to fuse; ranks would change with what is looked at.
        policy = replace(policy, fusion=Fusion.WEIGHTED)
        if gains is not None:
            preferred = gains.everywhere() * np.float32(limit)
    window = gather(
        matches.lexical, matches.semantic, matches.identified, policy.window, preferred
    )
    ranking = rank(window, _meaning(retrieval, window, matches, snapshot), policy)
    stages.done("fuse")
    if policy.reranker is not None and policy.rerank:
        ranking = rerank(ranking, policy.reranker)
        stages.done("rerank")
    # Reciprocal ranks are small numbers: what moves a product is a share of the best.
    scale = float(ranking.fused.max(initial=0)) if policy.fusion is Fusion.RRF else 1.0
    popularity = policy.popularity
    # Where nothing was asked, it is what the matches are ranked by.
    if popularity is not None and policy.popularity_weight and understood.clauses:
        ranking = favour(ranking, popularity.share, policy.popularity_weight * scale)
    if gains is not None:
        ranking = boost(ranking, gains.shares(ranking.rows), limit * scale)
        stages.done("boost")
    return ranking


def _least_relevance(query: Query, understood: Understanding, policy: RankingPolicy) -> float:
    """The share of the best score that comes first in the order of a column."""
    if not understood.clauses:
        return 0.0  # nothing was asked that anything could be less relevant to
    return policy.sort_relevance if query.sort_relevance is None else query.sort_relevance


def _mask(query: Query, snapshot: Snapshot) -> NDArray[np.bool_] | None:
    if query.filter is None:
        return None
    return row_mask(query.filter, snapshot.columns, len(snapshot.products), snapshot.derived)


def _meaning(
    retrieval: Retrieval, window: Window, matches: MatchSet, snapshot: Snapshot
) -> Meaning | None:
    """The cosines of the window's rows; those of the neighbours are known already."""
    if retrieval.vector is None:
        return None
    cosines = np.empty(len(window.rows), np.float32)
    cosines[np.searchsorted(window.rows, matches.semantic.rows)] = matches.semantic.scores
    unknown = window.semantic_ranks == 0
    cosines[unknown] = snapshot.vectors.similarities(retrieval.vector, window.rows[unknown])
    return Meaning(cosines, unrelated_cosine(snapshot, _MEDIAN), snapshot.vectors)


def _count(matches: MatchSet, query: Query, snapshot: Snapshot) -> int:
    """How many products there are; how many groups of them, if those are counted."""
    if query.grouping is None or query.grouping.count_items:
        return len(matches)
    keys = group_keys(snapshot.columns, query.grouping.field, snapshot.derived)
    return count_groups(matches.rows, keys)


def _hits(
    page: Arrangement,
    ranking: Ranking,
    matches: MatchSet,
    snapshot: Snapshot,
    query: Query,
    gains: Gains | None,
) -> tuple[Hit, ...]:
    products = snapshot.products
    return tuple(
        Hit(
            id=products.id(row),
            score=score,
            product=products.json(row),
            explanation=_explained(row, ranking, matches, gains) if query.explain else None,
            group=_group(place, row, page, snapshot, query),
        )
        for place, (row, score) in enumerate(
            zip(page.rows.tolist(), page.scores.tolist(), strict=True)
        )
    )


def _explained(row: int, ranking: Ranking, matches: MatchSet, gains: Gains | None) -> Explanation:
    explained = explain(row, ranking, matches.lexical)
    if gains is None or explained.boosted_from is None or explained.identified:
        return explained
    return replace(explained, preferences=gains.reasons(row, ranking.full_boost))


def _group(
    place: int, row: int, page: Arrangement, snapshot: Snapshot, query: Query
) -> Group | None:
    if query.grouping is None or page.sizes is None or page.others is None:
        return None
    products = snapshot.products
    return Group(
        value=group_value(snapshot.columns, query.grouping.field, row, snapshot.derived),
        count=int(page.sizes[place]),
        others=tuple(
            Member(products.id(other), products.json(other))
            for other in page.others[place].tolist()
        ),
    )
