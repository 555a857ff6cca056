"""What is being served: the current snapshot of every index, swapped when a new one appears."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import orjson

from indexer.errors import SnapshotCorruptError, SnapshotError
from indexer.layout import IndexLayout, list_indexes
from indexer.snapshot import open_snapshot
from searchsvc.embedders import Embedders, NoEmbedder
from searchsvc.errors import IndexNotFoundError, NotReadyError, ProductNotFoundError
from searchsvc.query.query import Query
from searchsvc.search import search

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot
    from searchsvc.search import QueryEmbedder, SearchResult
    from searchsvc.settings import Settings

_log = logging.getLogger(__name__)
_WARMING_QUERIES = 16
_WARMING_WORDS = 3


@dataclass(frozen=True, slots=True)
class Served:
    """One index as it is served; replaced as a whole, so that a request sees one state.

    Attributes:
        snapshot: ``None`` when no generation can be opened.
        embedder: for its queries.
        refused: the published generation that could not be opened, ``""`` when it was, and when
            not even its name could be read.
        reason: why not; ``""`` when the published generation is served.
    """

    name: str
    snapshot: Snapshot | None
    embedder: QueryEmbedder
    refused: str = ""
    reason: str = ""

    @property
    def semantic(self) -> bool:
        """Whether queries have vectors."""
        return not isinstance(self.embedder, NoEmbedder)


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

    def __init__(self, settings: Settings, observer: ServingObserver | None = None) -> None:
        self._settings = settings
        self._observer = observer
        self._policy = settings.ranking_policy()
        self._embedders = Embedders(settings.models_dir, settings.embed_timeout_ms)
        self._served: dict[str, Served] = {}
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

    def indexes(self) -> list[Served]:
        """All indexes, by name."""
        served = self._served
        return [served[name] for name in sorted(served)]

    def snapshot(self, index: str) -> Snapshot:
        """The snapshot of `index` that is served now.

        Raises:
            IndexNotFoundError: there is no such index.
            NotReadyError: none of its generations can be opened.
        """
        return self._ready(index)[0]

    def search(self, index: str, query: Query) -> tuple[Snapshot, SearchResult]:
        """Answer `query`; also gives the snapshot, which may be swapped in the meantime.

        Raises:
            IndexNotFoundError: there is no such index.
            NotReadyError: none of its generations can be opened.
            BadFilterError: the filter does not fit the index.
        """
        snapshot, embedder = self._ready(index)
        return snapshot, search(query, snapshot, embedder, self._policy)

    def product(self, index: str, product_id: str) -> bytes:
        """The JSON of a product.

        Raises:
            IndexNotFoundError: there is no such index.
            NotReadyError: none of its generations can be opened.
            ProductNotFoundError: there is no such product.
        """
        products = self.snapshot(index).products
        row = products.row(product_id)
        if row is None:
            raise ProductNotFoundError(f"index {index!r} has no product with id {product_id!r}")
        return products.json(row)

    def refresh(self) -> None:
        """Swap in every generation that is not served yet; a broken one changes nothing."""
        names = list_indexes(self._settings.data_dir)
        for name in names:
            before = self._served.get(name)
            after = self._next(name, before)
            if after is not before:
                self._warm(after, before)
                self._served = {**self._served, name: after}
                if self._observer is not None:
                    self._observer.served(after)
        for gone in self._served.keys() - set(names):
            self._served = {name: s for name, s in self._served.items() if name != gone}
            if self._observer is not None:
                self._observer.dropped(gone)

    def _warm(self, after: Served, before: Served | None) -> None:
        """Ask a new snapshot a few questions, so that no shopper waits for its first pages."""
        snapshot = after.snapshot
        if snapshot is None or (before and before.snapshot is snapshot):
            return
        for row in np.linspace(0, len(snapshot.products) - 1, _WARMING_QUERIES).astype(int):
            title = orjson.loads(snapshot.products.json(row))["title"]
            words = " ".join(title.split()[:_WARMING_WORDS])
            search(Query(words, limit=_WARMING_QUERIES), snapshot, after.embedder, self._policy)

    def _ready(self, index: str) -> tuple[Snapshot, QueryEmbedder]:
        state = self._served.get(index)
        if state is None:
            known = ", ".join(sorted(self._served)) or "none yet"
            raise IndexNotFoundError(f"no index {index!r} is served here; there is: {known}")
        if state.snapshot is None:
            raise NotReadyError(
                f"index {index!r} has no generation that can be opened; see /readyz, "
                "then run 'searchsvc reindex'"
            )
        return state.snapshot, state.embedder

    def _watch(self) -> None:
        while not self._stop.wait(self._settings.poll_seconds):
            try:
                self.refresh()
            except Exception:  # noqa: BLE001 - the watcher must outlive whatever the disk does
                _log.exception("looking for new generations failed")

    def _next(self, name: str, before: Served | None) -> Served:
        """What to serve of `name` now: `before` itself when nothing changed."""
        layout = IndexLayout.of(self._settings.data_dir, name)
        published, reason, cause = "", "", None
        try:
            published = layout.require_current()
            if before and before.snapshot and before.snapshot.generation == published:
                return self._with_embedder(before)
            snapshot = _open(layout, published)
        except SnapshotError as error:
            reason, cause = str(error), error.__cause__
        except OSError as error:
            reason, cause = f"CURRENT cannot be read ({error.strerror})", error
        else:
            _log.info("serving %s of index %s", published, name)
            embedder = self._embedders.get(snapshot.manifest.embedder)
            return Served(name, snapshot, embedder)
        if before and before.refused == published and before.reason == reason:
            return before
        _log.error(
            "refused %s of index %s: %s", published or "CURRENT", name, reason, exc_info=cause
        )
        if before and before.snapshot:
            return Served(name, before.snapshot, before.embedder, published, reason)
        return self._older(layout, published, reason)

    def _with_embedder(self, state: Served) -> Served:
        """`state`, healed: the published generation is served and its model may have come."""
        if state.snapshot is None or (state.semantic and not state.reason):
            return state
        embedder = self._embedders.get(state.snapshot.manifest.embedder)
        if isinstance(embedder, NoEmbedder) and not state.reason:
            return state
        return Served(state.name, state.snapshot, embedder)

    def _older(self, layout: IndexLayout, published: str, reason: str) -> Served:
        """The newest other generation that opens: better an old catalogue than none."""
        for generation in reversed(layout.generations()):
            if generation == published:
                continue
            try:
                snapshot = _open(layout, generation)
            except SnapshotError:
                continue
            embedder = self._embedders.get(snapshot.manifest.embedder)
            return Served(layout.name, snapshot, embedder, published, reason)
        return Served(layout.name, None, NoEmbedder(reason), published, reason)


def _open(layout: IndexLayout, generation: str) -> Snapshot:
    """Open a generation; whatever a library raises at damaged bytes is a refusal as well."""
    try:
        return open_snapshot(layout, generation)
    except SnapshotError:
        raise
    except Exception as error:
        raise SnapshotCorruptError(
            f"generation {generation} cannot be opened ({type(error).__name__}). "
            "Go back with 'searchsvc rollback' or rebuild with 'searchsvc reindex'."
        ) from error
