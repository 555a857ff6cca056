"""What is being served: the current state of every index, swapped when a new one appears."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import orjson

from indexer.columns import STANDARD
from indexer.layout import IndexLayout, list_indexes
from searchsvc.carried import same_rows
from searchsvc.embedders import Embedders
from searchsvc.errors import IndexNotFoundError, NotReadyError, ProductNotFoundError
from searchsvc.live import Live
from searchsvc.opened import Opener
from searchsvc.personalizing.answered import Answered
from searchsvc.personalizing.audience import Audience
from searchsvc.personalizing.personalizer import Personalizer
from searchsvc.personalizing.profiles import Profiles, no_profiles
from searchsvc.query.query import FacetRequest, Grouping, Query
from searchsvc.search import search
from searchsvc.segments.shopper import Shopper
from searchsvc.similar import similar
from searchsvc.suggesting.suggest import SuggestionRequest, suggest
from searchsvc.visible import Visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexer.snapshot import Snapshot
    from searchsvc.answer import Hit
    from searchsvc.opened import Opened
    from searchsvc.personalizing.portrait import Portrait
    from searchsvc.personalizing.profiles import ProfileStore
    from searchsvc.policy import RankingPolicy
    from searchsvc.query.filters import Filter
    from searchsvc.settings import Settings
    from searchsvc.suggesting.suggest import Suggestions

_log = logging.getLogger(__name__)
_WARMING_QUERIES = 16
_WARMING_WORDS = 3
_NOBODY = Shopper()
_WARMING_FACETS = tuple(map(FacetRequest, STANDARD))


@dataclass(frozen=True, slots=True)
class Served:
    """One index as it is served; replaced as a whole, so that a request sees one state.

    Attributes:
        opened: its generation and model.
        live: its synonyms, suggestions and what it overrides in the ranking.
        policy: of the service, overlaid with `live`.
        audience: what is known of those who search it; ``None`` without a snapshot.
    """

    name: str
    opened: Opened
    live: Live
    policy: RankingPolicy
    audience: Audience | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        """Its catalogue; ``None`` when no generation can be opened."""
        return self.opened.snapshot

    def require_snapshot(self) -> Snapshot:
        """Its catalogue.

        Raises:
            NotReadyError: no generation can be opened.
        """
        if self.snapshot is None:
            raise NotReadyError(
                f"index {self.name!r} has no generation that can be opened; see /readyz, "
                "then run 'searchsvc reindex'"
            )
        return self.snapshot

    def require_audience(self) -> Audience:
        """What is known of those who search it.

        Raises:
            NotReadyError: no generation can be opened.
        """
        self.require_snapshot()
        if self.audience is None:
            raise NotReadyError(f"index {self.name!r} is not ready")
        return self.audience


class ServingObserver(Protocol):
    """Told of swaps and refusals, for the metrics."""

    def served(self, state: Served) -> None:
        """An index is now served in this state."""
        ...

    def dropped(self, index: str) -> None:
        """An index is gone."""
        ...


class SearchService:
    """Answers queries from the current snapshots; safe to use from several threads."""

    def __init__(
        self,
        settings: Settings,
        observer: ServingObserver | None = None,
        store: Callable[[], ProfileStore] = no_profiles,
    ) -> None:
        """Make a service; `start` opens what is published.

        Args:
            settings: of the process.
            observer: told what is served.
            store: gives the store of profiles, or raises a `SearchServiceError` without one.
        """
        self._profiles = Profiles(store, settings.profile_timeout_ms)
        self.personalizer = Personalizer(self._profiles, enabled=settings.personalize)
        self._settings = settings
        self._observer = observer
        self._policy = settings.ranking_policy()
        self._embedders = Embedders(
            settings.models_dir, settings.embed_timeout_ms, settings.query_encoder
        )
        self._opener = Opener(self._embedders)
        self._served: dict[str, Served] = {}
        self._swapping = threading.Lock()
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        """Open what is published, and from now on look for what is published next."""
        self.refresh()
        self._watcher.start()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._watcher.is_alive():
            self._watcher.join()
        self._embedders.close()
        self._profiles.close()

    def indexes(self) -> list[Served]:
        """All indexes, by name."""
        served = self._served
        return [served[name] for name in sorted(served)]

    def state(self, index: str) -> Served:
        """How `index` is served now.

        Raises:
            IndexNotFoundError: there is no such index.
        """
        state = self._served.get(index)
        if state is None:
            known = ", ".join(sorted(self._served)) or "none yet"
            raise IndexNotFoundError(f"no index {index!r} is served here; there is: {known}")
        return state

    def snapshot(self, index: str) -> Snapshot:
        """The snapshot of `index` that is served now.

        Raises:
            IndexNotFoundError: there is no such index.
            NotReadyError: none of its generations can be opened.
        """
        return self.state(index).require_snapshot()

    def forget(self, user: str) -> None:
        """Drop what is kept of the user with the key `user`, whose events were deleted."""
        self._profiles.forget(user)

    def portraits(self, user: str) -> dict[str, Portrait]:
        """What is made of the events of the user with the key `user`, by index; never stored.

        Raises:
            SearchServiceError: the events cannot be read.
        """
        drawn = {
            state.name: self.personalizer.portrait(user, state.audience)
            for state in self.indexes()
            if state.audience is not None
        }
        return {name: portrait for name, portrait in drawn.items() if portrait is not None}

    def search(self, index: str, query: Query, shopper: Shopper = _NOBODY) -> Answered:
        """Answer `query` as `shopper` likes it.

        Raises:
            IndexNotFoundError: there is no such index.
            NotReadyError: none of its generations can be opened.
            BadFilterError: the filter does not fit the index.
            ForbiddenError: nor does the query's scope.
        """
        state = self.state(index)
        audience = state.require_audience()
        personal = self.personalizer.personalize(shopper, audience, query)
        result = search(
            query,
            audience.snapshot,
            state.opened.embedder,
            personal.policy,
            personal.preferences,
        )
        return Answered(audience.snapshot, result, personal)

    def suggest(
        self, index: str, request: SuggestionRequest, scope: Filter | None = None
    ) -> Suggestions:
        """What to suggest at a keystroke to whom only what fulfils `scope` exists.

        Raises:
            IndexNotFoundError: there is no such index.
            NotReadyError: none of its generations can be opened.
            ForbiddenError: the scope does not fit the index.
        """
        state = self.state(index)
        snapshot = state.require_snapshot()
        return suggest(request, snapshot, state.policy, state.live.curation, scope)

    def product(self, index: str, product_id: str, scope: Filter | None = None) -> bytes:
        """The JSON of a product, if it fulfils `scope`.

        Raises:
            IndexNotFoundError: there is no such index.
            NotReadyError: none of its generations can be opened.
            ProductNotFoundError: there is no such product.
            ForbiddenError: the scope does not fit the index.
        """
        visible = Visible.of(self.snapshot(index), scope)
        row = visible.row(product_id)
        if row is None:
            raise ProductNotFoundError(f"index {index!r} has no product with id {product_id!r}")
        return visible.snapshot.products.json(row)

    def similar(
        self,
        index: str,
        product_id: str,
        *,
        limit: int,
        condition: Filter | None,
        same_group: bool,
        scope: Filter | None = None,
    ) -> tuple[Hit, ...]:
        """The products that resemble one; see `searchsvc.similar.similar`.

        Raises:
            IndexNotFoundError: there is no such index.
            NotReadyError: none of its generations can be opened.
            ProductNotFoundError: there is no such product.
            BadFilterError: the condition does not fit the index.
            ForbiddenError: nor does the scope.
        """
        state = self.state(index)
        return similar(
            product_id,
            state.require_snapshot(),
            state.policy,
            limit=limit,
            condition=condition,
            same_group=same_group,
            scope=scope,
        )

    def refresh(self) -> None:
        """Swap in whatever is not served yet; what is broken changes nothing."""
        names = list_indexes(self._settings.data_dir)
        for name in names:
            self.refresh_index(name)
        for gone in self._served.keys() - set(names):
            with self._swapping:
                self._served = {name: s for name, s in self._served.items() if name != gone}
            if self._observer is not None:
                self._observer.dropped(gone)

    def refresh_index(self, name: str) -> None:
        """Swap in what is not served yet of one index."""
        with self._swapping:
            before = self._served.get(name)
            after = self._next(name, before)
            if after is before:
                return
            _warm(after, before)
            self._served = {**self._served, name: after}
            if self._observer is not None:
                self._observer.served(after)

    def _next(self, name: str, before: Served | None) -> Served:
        """What to serve of `name` now: `before` itself when nothing changed."""
        layout = IndexLayout.of(self._settings.data_dir, name)
        opened = self._opener.next(layout, before.opened if before else None)
        live = Live.read(layout, opened.snapshot, before.live if before else None)
        if before and opened is before.opened and live is before.live:
            return before
        policy = live.policy(self._policy)
        audience = None
        if opened.snapshot is not None:
            compiled = before.audience if before else None
            audience = Audience.compile(live, opened.snapshot, policy, compiled)
        return Served(name, opened, live, audience.policy if audience else policy, audience)

    def _watch(self) -> None:
        while not self._stop.wait(self._settings.poll_seconds):
            self._profiles.sweep()
            try:
                self.refresh()
            except Exception:  # noqa: BLE001 - the watcher must outlive whatever the disk does
                _log.exception("looking for new generations failed")


def _warm(after: Served, before: Served | None) -> None:
    """Ask a new snapshot a few questions, so that no shopper waits for its first pages.

    What facets, groups and orders need of a column is computed when it is first asked for. Where
    only columns have changed, one question is enough for what could not be carried over.
    """
    snapshot = after.snapshot
    if snapshot is None or (before and before.snapshot is snapshot):
        return
    earlier = before.snapshot if before else None
    queries = 1 if earlier and same_rows(earlier, snapshot) else _WARMING_QUERIES
    for row in np.linspace(0, len(snapshot.products) - 1, queries).astype(int):
        title = orjson.loads(snapshot.products.json(row))["title"]
        words = " ".join(title.split()[:_WARMING_WORDS])
        query = Query(words, limit=_WARMING_QUERIES, facets=_WARMING_FACETS, grouping=Grouping())
        search(query, snapshot, after.opened.embedder, after.policy)
    suggest(SuggestionRequest(""), snapshot, after.policy, after.live.curation)
