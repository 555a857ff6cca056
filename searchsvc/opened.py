"""What is open of an index: a generation that can be read, and the model for its queries."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.errors import SnapshotError
from indexer.partial import open_partly
from indexer.snapshot import open_snapshot
from indexer.verified import Verified
from searchsvc.carried import carry_over
from searchsvc.embedders import NoEmbedder
from searchsvc.routing import RoutedEmbedder

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from indexer.snapshot import Snapshot
    from searchsvc.embedders import Embedders
    from searchsvc.routing import QueryEmbedder

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A generation and its model.

    Attributes:
        snapshot: ``None`` when no generation can be opened.
        embedder: for its queries.
        refused: the published generation that could not be opened, ``""`` when it was, and when
            not even its name could be read.
        reason: why not; ``""`` when the published generation is open.
    """

    snapshot: Snapshot | None
    embedder: QueryEmbedder
    refused: str = ""
    reason: str = ""

    @property
    def is_partial(self) -> bool:
        """Whether parts of the generation could not be read, see `indexer.partial`."""
        return self.snapshot is not None and bool(self.snapshot.missing)

    @property
    def semantic(self) -> bool:
        """Whether all queries have vectors; some may where only the distilled encoder is there."""
        model = self.embedder
        if isinstance(model, RoutedEmbedder):
            return not isinstance(model.transformer, NoEmbedder)
        return not isinstance(model, NoEmbedder)


class Opener:
    """Opens what is published; a broken generation changes nothing."""

    def __init__(self, embedders: Embedders) -> None:
        self._embedders = embedders
        self._verified = Verified()

    def next(self, layout: IndexLayout, before: Opened | None) -> Opened:
        """What is to be open of an index now: `before` itself when nothing changed."""
        published, reason, cause = "", "", None
        # What is damaged is no base for anything: parts of it only stand for what is not there.
        whole = before.snapshot if before and not before.is_partial else None
        try:
            published = layout.require_current()
            if before and whole and whole.generation == published:
                return self._with_embedder(before)
            snapshot = self._opened(layout, published, whole)
        except SnapshotError as error:
            reason, cause = str(error), error.__cause__
        except OSError as error:
            reason, cause = f"CURRENT cannot be read ({error.strerror})", error
        else:
            _log.info("serving %s of index %s", published, layout.name)
            return Opened(snapshot, self._embedders.of(snapshot))
        if before and before.refused == published and before.reason == reason:
            return before
        _log.error(
            "refused %s of index %s: %s",
            published or "CURRENT",
            layout.name,
            reason,
            exc_info=cause,
        )
        if before and whole:
            return Opened(whole, before.embedder, published, reason)
        return self._older(layout, published, reason)

    def _opened(self, layout: IndexLayout, published: str, earlier: Snapshot | None) -> Snapshot:
        snapshot = open_snapshot(layout, published, earlier, self._verified)
        if earlier is not None:
            carry_over(earlier, snapshot)
        return snapshot

    def _with_embedder(self, opened: Opened) -> Opened:
        """`opened`, healed: it is what is published, and its model may have come."""
        if opened.snapshot is None or (opened.semantic and not opened.reason):
            return opened
        healed = Opened(opened.snapshot, self._embedders.of(opened.snapshot))
        if not healed.semantic and not opened.reason:
            return opened
        return healed

    def _older(self, layout: IndexLayout, published: str, reason: str) -> Opened:
        """The newest other generation that opens: better an old catalogue than none."""
        for generation in reversed(layout.generations()):
            if generation == published:
                continue
            try:
                snapshot = open_snapshot(layout, generation, verified=self._verified)
            except SnapshotError:
                continue
            embedder = self._embedders.of(snapshot)
            return Opened(snapshot, embedder, published, reason)
        return self._partial(layout, published, reason)

    def _partial(self, layout: IndexLayout, published: str, reason: str) -> Opened:
        """What can still be read of a generation, where none is whole."""
        generations = sorted(layout.generations(), key=lambda it: (it == published, it))
        for generation in reversed(generations):
            with suppress(SnapshotError):
                snapshot = open_partly(layout, generation, self._verified)
                _log.error(
                    "serving %s of index %s without its %s: run 'searchsvc reindex'",
                    generation,
                    layout.name,
                    ", ".join(snapshot.missing),
                )
                return Opened(snapshot, self._embedders.of(snapshot), published, reason)
        return Opened(None, NoEmbedder(reason), published, reason)
