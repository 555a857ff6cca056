"""What the catalogue has for a query, and the match set that filters leave of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from indexer.analysis.text import caseless
from indexer.analysis.words import has_digit
from indexer.compiled import compiled
from indexer.hits import Hits, Matches
from indexer.lexical.clause import Alternative, Clause
from searchsvc.degradation import Degradation
from searchsvc.errors import EmbeddingUnavailableError
from searchsvc.ranking.prior import prior_share
from searchsvc.routing import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy
    from searchsvc.query.understanding import Prohibition, Understanding
    from searchsvc.routing import Encoder, QueryEmbedder

_UNMEASURED_COSINE = 0.35
"""Of an unrelated product, where the build could not measure it."""


@dataclass(frozen=True)
class MatchSet:
    """The products that match a query inside its filter.

    Attributes:
        lexical: those that cover enough of its words.
        semantic: those near enough to its meaning, at most as many as are taken.
        identified: int64 ``(n,)`` ascending, those that it equals an identifier of.
        complete: whether another filter inside this one's leaves just the products of this set
            that pass it.
    """

    lexical: Matches
    semantic: Hits
    identified: NDArray[np.int64]
    complete: bool = True

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """All of them, each once: int64 ``(n,)``, ascending."""
        if not len(self._others):
            return self.lexical.rows
        return _united(self.lexical.rows, self._others)

    def __len__(self) -> int:
        return len(self.lexical) + len(self._others)

    @cached_property
    def _others(self) -> NDArray[np.int64]:
        """What matches, but not by words."""
        beside = self.semantic.rows
        if len(self.identified):
            beside = np.union1d(beside, self.identified)
        return np.sort(beside[self.lexical.places(beside) < 0])


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What the whole catalogue has for a query.

    How well a product must match is judged once, without a filter: a filter takes products away
    and adds none, so that as many remain as a facet counted. Only where more products are near in
    meaning than are taken and a filter leaves none of those, the nearest are looked for again
    inside it: they match as well, and were only not among the first.

    A scope is no filter: it is the catalogue. The nearest in meaning are those of the scope, and
    how near is near enough goes by the best of these. By words, the products of the scope match
    that would match in the whole index: how much of a query is enough is told by the best product
    of all, as how much a word weighs is told by all.

    Attributes:
        found: the match set without a filter.
        vector: the query's, float32 ``(dimension,)``; ``None`` when there is nothing to embed.
        degraded: what could not be asked, or not as well as it should be, and why.
        capped: whether there are more neighbours than are taken.
        encoders: which of them embedded the query, for each of its readings.
        scope: bool ``(products,)``, the products that exist for whoever asks; ``None`` for all.
    """

    found: MatchSet
    vector: NDArray[np.float32] | None
    degraded: tuple[Degradation, ...]
    capped: bool
    encoders: tuple[Encoder, ...]
    scope: NDArray[np.bool_] | None
    _enough: float
    _forbidden: NDArray[np.int64]
    _snapshot: Snapshot
    _policy: RankingPolicy

    def within(self, mask: NDArray[np.bool_] | None) -> MatchSet:
        """The match set inside `mask`, bool ``(products,)``; ``None`` lets all pass."""
        if mask is None:
            return self.found
        lexical, semantic = self.found.lexical.within(mask), self.found.semantic.within(mask)
        identified = self.found.identified[mask[self.found.identified]]
        complete = True
        left = len(lexical) + len(semantic) + len(identified)
        if self.capped and self.vector is not None and not left:
            inside = mask if self.scope is None else mask & self.scope
            again = self._snapshot.vectors.search(self.vector, self._policy.neighbours, inside)
            semantic = again.at_least(self._enough)
            complete = len(semantic) < self._policy.neighbours
            semantic = semantic.without(self._forbidden)
        return MatchSet(lexical, semantic, identified, complete)

    def by_words(self, clauses: Sequence[Clause]) -> Retrieval:
        """The same for other words."""
        lexical = _lexical(clauses, self._snapshot, self._policy, self.scope)
        return replace(self, found=replace(self.found, lexical=lexical))

    def nearest(self, count: int) -> Retrieval:
        """The same for the `count` nearest in meaning, however far they are, and nothing else."""
        near = Hits.none()
        if self.vector is not None:
            near = self._snapshot.vectors.search(self.vector, count, self.scope)
            near = near.without(self._forbidden)
        found = MatchSet(Matches.none(), near, np.empty(0, np.int64))
        return replace(self, found=found, capped=False)


def retrieve(  # noqa: PLR0913 - the scope stands beside what is asked
    text: str,
    understood: Understanding,
    snapshot: Snapshot,
    embedder: QueryEmbedder,
    policy: RankingPolicy,
    done: Callable[[str], None],
    *,
    scope: NDArray[np.bool_] | None = None,
) -> Retrieval:
    """What the catalogue has for a query.

    Args:
        text: as typed.
        understood: what it was taken for.
        snapshot: the catalogue.
        embedder: of its queries.
        policy: what is enough to match.
        done: told the name of each stage when it is done.
        scope: bool ``(products,)``, the products that exist for whoever asks; ``None`` for all.
            Others are no neighbours, and their identifiers and numbers name nothing.
    """
    identified = snapshot.products.identified_by(text)
    if scope is not None:
        identified = identified[scope[identified]]
    lexical = _lexical(understood.clauses, snapshot, policy, scope)
    done("lexical")
    is_number = len(identified) > 0 or (not len(lexical) and _is_number(text, understood))
    vector, encoders, degraded = _embed(understood, embedder, is_number=is_number)
    done("embed")
    enough, forbidden = 0.0, np.empty(0, np.int64)
    near, capped = Hits.none(), False
    if vector is not None:
        nearest = snapshot.vectors.search(vector, policy.neighbours, scope)
        best = float(nearest.scores.max(initial=0.0))
        enough = max(_least_cosine(snapshot, policy), policy.min_cosine_share * best)
        near = nearest.at_least(enough)
        capped = len(near) >= policy.neighbours
        for prohibition in understood.prohibitions:
            forbidden = np.union1d(forbidden, _prohibited(prohibition, snapshot))
        near = near.without(forbidden)
    done("semantic")
    return Retrieval(
        found=MatchSet(lexical, near, identified),
        vector=vector,
        degraded=degraded,
        capped=capped,
        encoders=encoders,
        scope=scope,
        _enough=enough,
        _forbidden=forbidden,
        _snapshot=snapshot,
        _policy=policy,
    )


def unrelated_cosine(snapshot: Snapshot, share: float) -> float:
    """The cosine that the nearest product stays below for `share` of unrelated queries."""
    measured = snapshot.manifest.semantic.foreign_cosine(share)
    return _UNMEASURED_COSINE if measured is None else measured


def _lexical(
    clauses: Sequence[Clause],
    snapshot: Snapshot,
    policy: RankingPolicy,
    scope: NDArray[np.bool_] | None,
) -> Matches:
    """The lexical matches inside `scope`; without words all of it, by popularity."""
    if clauses:
        matches = snapshot.lexical.match(clauses, coverage=policy.min_coverage)
    else:
        popularity = prior_share(snapshot, policy.popularity)
        rows = np.arange(len(popularity), dtype=np.int64)
        # Covering none of no words, nothing gains by having them all.
        matches = Matches(rows, popularity, coverage=np.zeros_like(popularity), ceiling=1.0)
    return matches if scope is None else matches.within(scope)


def _embed(
    understood: Understanding, embedder: QueryEmbedder, *, is_number: bool
) -> tuple[NDArray[np.float32] | None, tuple[Encoder, ...], tuple[Degradation, ...]]:
    """The query's vector if there is anything to embed, by which encoders, and what failed.

    A part number has no meaning: its neighbours would be whatever else looks like digits. A
    query with synonyms lies in the middle of its readings.
    """
    text = understood.text
    if not understood.clauses or (is_number and has_digit(text)):
        return None, (), ()
    try:
        readings = [encode(embedder, reading) for reading in (text, *understood.readings)]
    except EmbeddingUnavailableError as error:
        return None, (), (Degradation(error.reason, f"semantic: {error}"),)
    encoders = tuple(reading.encoder for reading in readings)
    failures = dict.fromkeys(reading.failure for reading in readings if reading.failure)
    degraded = tuple(
        Degradation(failure.reason, f"semantic: approximate, {failure.text}")
        for failure in failures
    )
    if len(readings) == 1:
        return readings[0].vector, encoders, degraded
    middle = np.sum([reading.vector for reading in readings], axis=0)
    return (middle / np.linalg.norm(middle)).astype(np.float32), encoders, degraded


def _is_number(text: str, understood: Understanding) -> bool:
    """Whether all that is asked for are numbers and part numbers (``the TN-2110``)."""
    pairs = zip(understood.words, understood.clauses, strict=True)
    fillers = {word for word, clause in pairs if clause.optional}
    return all(has_digit(part) or part in fillers for part in caseless(text).split())


def _least_cosine(snapshot: Snapshot, policy: RankingPolicy) -> float:
    if policy.min_cosine is not None:
        return policy.min_cosine
    return unrelated_cosine(snapshot, policy.strictness)


def _prohibited(prohibition: Prohibition, snapshot: Snapshot) -> NDArray[np.int64]:
    meant = snapshot.lexical.match([Clause((Alternative(prohibition.unless),))])
    other = snapshot.lexical.match([Clause((Alternative(prohibition.terms),))])
    return np.setdiff1d(other.rows, meant.rows, assume_unique=True)


@compiled
def _united(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Two sets without a common row as one; all ascend."""
    rows = np.empty(len(left) + len(right), np.int64)
    first = second = 0
    for place in range(len(rows)):
        if second == len(right) or (first < len(left) and left[first] < right[second]):
            rows[place] = left[first]
            first += 1
        else:
            rows[place] = right[second]
            second += 1
    return rows
