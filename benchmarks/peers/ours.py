"""Our own engine as a peer: its two legs alone, and the whole search of the service."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from benchmarks.peers.corpus import PRICE
from benchmarks.peers.protocol import DEPTH, PAGE, Built, Mode
from indexer.hits import Hits
from indexer.lexical.clause import plain_clauses
from searchsvc.query.filters import parse_filter
from searchsvc.query.mask import row_mask
from searchsvc.query.query import Query
from searchsvc.search import search

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.peers.protocol import Corpus, Look, Question, Range
    from benchmarks.subject import Subject
    from searchsvc.policy import RankingPolicy
    from searchsvc.query.filters import Filter

NAME = "searchsvc"
_OF_ENCODING = ("embedding new texts", "reading word pieces", "distilling a query encoder")
"""Stages of a build that peers have no part in: they are given vectors."""


@dataclass(frozen=True, slots=True)
class _Given:
    """An embedder that knows the vector already."""

    vector: NDArray[np.float32]

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See `QueryEmbedder.embed_query`."""
        del text
        return self.vector


class OurPeer:
    """The index under test, as it was built.

    Args:
        subject: its index.
        policy: how the service answers.
    """

    name = NAME
    remark = "whole match set and its size, spelling, understood query, products fetched"
    efforts: tuple[int, int] | None = None

    def __init__(self, subject: Subject, policy: RankingPolicy) -> None:
        self._subject, self._policy = subject, policy
        self._snapshot = subject.snapshot

    def build(self, directory: Path, corpus: Corpus) -> Built:
        """See `Peer.build`; the index exists already, with the report of its build."""
        del directory, corpus
        return Built(
            {Mode.LEXICAL: self._lexical, Mode.VECTOR: self._vector, Mode.HYBRID: self._hybrid},
            sum(self._subject.facts["bytes"].values()),
            self._seconds(),
        )

    def close(self) -> None:
        """See `Peer.close`."""

    def _seconds(self) -> float:
        """What the build of this generation took beside encoding; NaN if it left no report."""
        file = self._subject.layout.reports_dir / f"{self._snapshot.generation}.json"
        if not file.exists():
            return math.nan
        stages = orjson.loads(file.read_bytes())["seconds"]
        return math.fsum(it for stage, it in stages.items() if stage not in _OF_ENCODING)

    def _lexical(self, question: Question, look: Look) -> Sequence[int]:
        del look
        terms = self._snapshot.analyzer.terms(question.text)
        matches = self._snapshot.lexical.match(
            plain_clauses(terms), coverage=self._policy.min_coverage
        )
        best = Hits.best(matches.rows, matches.scores, DEPTH).rows
        rows: list[int] = best.tolist()
        return rows

    def _vector(self, question: Question, look: Look) -> Sequence[int]:
        snapshot, mask = self._snapshot, None
        if look.within is not None:
            mask = row_mask(_condition(look.within), snapshot.columns, len(snapshot.products))
        rows: list[int] = snapshot.vectors.search(question.vector, DEPTH, mask).rows.tolist()
        return rows

    def _hybrid(self, question: Question, look: Look) -> Sequence[int]:
        condition = None if look.within is None else _condition(look.within)
        query = Query(question.text, limit=PAGE, filter=condition)
        found = search(query, self._snapshot, _Given(question.vector), self._policy)
        products = self._snapshot.products
        return [row for hit in found.hits if (row := products.row(hit.id)) is not None]


def _condition(within: Range) -> Filter:
    return parse_filter({"field": PRICE, "gte": within.low, "lte": within.high})
