"""A session: one rater at the pools of a collection."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from indexer.durable import write_durably
from searchsvc.errors import BadQueryError, JudgmentsError
from searchsvc.judging.pool import arranged
from searchsvc.judging.qrels import consolidate, encode_qrels
from searchsvc.judging.ratings import Ledger, Rating
from searchsvc.relevance.judgments import QRELS_FILE, load_judgments

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from searchsvc.judging.store import RatingsStore
    from searchsvc.relevance.judgments import JudgedQuery, Judgments

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QueryState:
    """How far the rater is with one query.

    Attributes:
        pooled: products to rate.
        rated: those that are labelled or skipped.
    """

    query: JudgedQuery
    pooled: int
    rated: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A product to rate; `rating` is what this rater says of it so far, never another's."""

    product_id: str
    rating: Rating | None


class Session:
    """What one rater sees and says; safe to use from several threads.

    Other raters may be at the same directory, each with a session in a process of their own.
    """

    def __init__(
        self,
        directory: Path,
        store: RatingsStore,
        judgments: Judgments,
        rater: str,
    ) -> None:
        """A session before its first pool.

        Args:
            directory: of the collection.
            store: its ratings.
            judgments: what the directory held before this session.
            rater: see `check_rater`.
        """
        self.rater = rater
        self._directory = directory
        self._store = store
        self._qrels = judgments.qrels
        self._queries = {query.id: query for query in judgments.queries}
        self._pools: dict[str, tuple[str, ...]] = {}
        self._rated: dict[str, int] = {}
        self._ledger = Ledger(store.unread())

    def add_pool(self, query_id: str, product_ids: Iterable[str]) -> None:
        """Give a query the products that are to be rated."""
        self._pools[query_id] = arranged(product_ids, query_id, self.rater)
        self._count(query_id)

    def queries(self) -> list[QueryState]:
        """All queries that have a pool, in the order of the collection."""
        self._catch_up()
        return [
            QueryState(query, len(self._pools[query.id]), self._rated[query.id])
            for query in self._queries.values()
            if query.id in self._pools
        ]

    def entries(self, query_id: str) -> list[Entry]:
        """The products of a query in this rater's order.

        Raises:
            BadQueryError: there is no such query.
        """
        self._catch_up()
        return self._entries(query_id)

    def rate(self, query_id: str, product_id: str, label: int | None) -> None:
        """Label a product, or skip it with ``None``; on the disk on return.

        Raises:
            BadQueryError: there is no such query, or the product is not in its pool.
            OSError: the rating could not be written.
        """
        self._append(query_id, product_id, label)

    def withdraw(self, query_id: str, product_id: str) -> None:
        """Take back what was said of a product; on the disk on return.

        Raises:
            BadQueryError: there is no such query, or the product is not in its pool.
            OSError: it could not be written.
        """
        self._append(query_id, product_id, None, withdrawn=True)

    def publish(self) -> int:
        """Bring ``qrels.tsv`` up to date with what all raters say.

        Returns:
            How many judgments it has.

        Raises:
            JudgmentsError: a file of the directory was damaged meanwhile.
        """
        with self._store.exclusive():
            self._catch_up()
            before = load_judgments(self._directory)
            after = consolidate(before.qrels, self._ledger)
            present = [query.id for query in before.queries]
            if after != before.qrels:
                write_durably(self._directory / QRELS_FILE, encode_qrels(after, present))
            return sum(len(after.get(query_id, {})) for query_id in present)

    def _append(
        self, query_id: str, product_id: str, label: int | None, *, withdrawn: bool = False
    ) -> None:
        if product_id not in self._pool(query_id):
            raise BadQueryError(
                f"product {product_id[:80]!r} is not among those to rate for query "
                f"{query_id!r}; reload the page"
            )
        pair = query_id, product_id
        with self._store.exclusive():
            self._catch_up()
            is_first = not self._ledger.knows(pair)
            rating = Rating(
                rater=self.rater,
                query_id=query_id,
                product_id=product_id,
                label=label,
                time=datetime.now(UTC).isoformat(timespec="seconds"),
                withdrawn=withdrawn,
                given=self._given(query_id, product_id) if is_first else None,
            )
            self._store.append(rating)
            self._catch_up()
            if self._rated[query_id] == len(self._pools[query_id]):
                self._try_to_publish()

    def _try_to_publish(self) -> None:
        """Publish; where that fails, the ratings are safe, and the end of the command tells it."""
        try:
            self.publish()
        except (JudgmentsError, OSError) as error:
            _log.warning("%s is not up to date: %s", QRELS_FILE, error)

    def _given(self, query_id: str, product_id: str) -> int | None:
        judged: Mapping[str, int] = self._qrels.get(query_id, {})
        return judged.get(product_id)

    def _pool(self, query_id: str) -> tuple[str, ...]:
        pool = self._pools.get(query_id)
        if pool is None:
            raise BadQueryError(f"there is no query {query_id[:80]!r}; reload the page")
        return pool

    def _catch_up(self) -> None:
        """Take what this process and others appended; the same rater may be in both."""
        with self._store.exclusive():
            touched = set()
            for rating in self._store.unread():
                self._ledger.add(rating)
                if rating.rater == self.rater and rating.query_id in self._pools:
                    touched.add(rating.query_id)
            for query_id in touched:
                self._count(query_id)

    def _entries(self, query_id: str) -> list[Entry]:
        pool = self._pool(query_id)
        return [Entry(name, self._ledger.of(self.rater, (query_id, name))) for name in pool]

    def _count(self, query_id: str) -> None:
        self._rated[query_id] = sum(entry.rating is not None for entry in self._entries(query_id))
