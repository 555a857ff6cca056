"""A reindex: a feed in, a published generation and a report out, or everything as it was."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

import orjson

from indexer.build.assemble import assemble
from indexer.build.clock import Clock
from indexer.build.progress import Progress, Silent
from indexer.build.report import BuildReport, RejectionLog
from indexer.build.source import PublishedSource, known_validators
from indexer.build.spool import Spool
from indexer.build.vectorize import EmbeddingCache
from indexer.errors import FeedError, FeedRefusedError, FeedTruncatedError, SnapshotError
from indexer.feeds.reader import MAX_BYTES, TIMEOUT_SECONDS, FeedOptions, open_feed
from indexer.manifest import MANIFEST_FILE, Manifest
from indexer.product import Rejection
from indexer.publish import prune, publish, write_durably, writer
from indexer.snapshot import verify

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.build.assemble import Assembled
    from indexer.embedding.protocol import Embedder
    from indexer.feeds.reader import Feed, FeedFormat, Validators
    from indexer.layout import IndexLayout
    from indexer.settings import IndexSettings

_REFUSED = "refused"
LARGEST_SHRINK = 0.30
"""A feed that loses a larger share of the catalogue is refused."""


@dataclass(frozen=True, slots=True)
class ReindexOptions:
    """How to run a reindex.

    Attributes:
        force: publish in spite of the guards; the report says which.
        keep: how many generations stay for rollback.
        format: of the feed; by default it is recognised.
        max_bytes: of the feed, decompressed.
        timeout_seconds: for the whole download.
    """

    force: bool = False
    keep: int = 3
    format: FeedFormat | None = None
    max_bytes: int = MAX_BYTES
    timeout_seconds: float = TIMEOUT_SECONDS


def reindex(
    location: str,
    layout: IndexLayout,
    settings: IndexSettings,
    embedder: Embedder,
    options: ReindexOptions | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Replace the catalogue of an index by a feed.

    Args:
        location: path, ``-`` for standard input, or http(s) URL.
        layout: the index.
        settings: recorded in the manifest and kept for the next reindex.
        embedder: the model; texts that it read for the last generation are not read again.
        options: see `ReindexOptions`.
        progress: told of every stage.

    Raises:
        FeedError: the feed cannot be read, is empty, ends early or shrinks the catalogue too
            much. Whatever is raised, the published generation stays as it is.
        IndexLockedError: another process is writing this index.
    """
    options = options or ReindexOptions()
    clock = Clock(progress or Silent())
    with writer(layout) as staging:
        run = _Run(layout, settings, embedder, options, clock)
        return run.from_feed(location, staging)


@dataclass(frozen=True, slots=True)
class _Run:
    """One reindex; the lock is held."""

    layout: IndexLayout
    settings: IndexSettings
    embedder: Embedder
    options: ReindexOptions
    clock: Clock

    def from_feed(self, location: str, staging: Path) -> BuildReport:
        feed_options = FeedOptions(
            format=self.options.format,
            mapping=self.settings.field_mapping,
            default_currency=self.settings.default_currency,
            max_bytes=self.options.max_bytes,
            timeout_seconds=self.options.timeout_seconds,
        )
        validators = self._validators(location)
        with (
            closing(Spool(staging / "spool")) as spool,
            closing(RejectionLog(staging / "rejections.jsonl")) as log,
        ):
            with open_feed(location, feed_options, validators) as feed:
                if feed is None:
                    return self._unchanged()
                try:
                    forced = self._read(feed, spool, log)
                    forced += self._guard(len(spool), log)
                except FeedError:
                    self._keep_log(log, _REFUSED)
                    raise
                validators = feed.validators
            snapshot = staging / "snapshot"
            snapshot.mkdir()
            cache = self._cache()
            assembled = assemble(snapshot, spool, self.settings, self.embedder, cache, self.clock)
        before = self.layout.current()
        generation = self._publish(snapshot)
        PublishedSource.of(location, validators, generation, self._build_digest()).write(
            self.layout
        )
        report = self._report(generation, assembled, log, forced)
        return replace(report, unchanged=generation == before)

    def _unchanged(self) -> BuildReport:
        generation = self.layout.require_current()
        manifest = Manifest.read(self.layout.generation_dir(generation))
        return BuildReport(
            index=self.layout.name,
            generation=generation,
            unchanged=True,
            products=manifest.products,
            bytes=manifest.total_bytes,
            recall_at_100=manifest.vectors.recall_at_100,
        )

    def _read(self, feed: Feed, spool: Spool, log: RejectionLog) -> list[str]:
        """Spool the feed; returns the guard that was overridden, if one was."""
        self.clock.start("reading the feed", feed.total_bytes)
        consumed = 0
        try:
            for record in feed:
                if isinstance(record, Rejection):
                    log.reject(record)
                elif spool.add(record):
                    log.duplicate(record.id, feed.position)
                self.clock.advance(feed.bytes_read - consumed)
                consumed = feed.bytes_read
        except FeedTruncatedError as error:
            if not self.options.force:
                raise
            return [str(error)]
        return []

    def _guard(self, products: int, log: RejectionLog) -> list[str]:
        if not products:  # nothing to publish: not to be forced
            first = f" The first record: {log.examples[0]}" if log.examples else ""
            raise FeedRefusedError(
                f"the feed has no usable product ({log.rejected} records rejected). "
                f"Check that it is the right file and its field names, or map them.{first}"
            )
        published = self._published_products()
        if products >= published * (1 - LARGEST_SHRINK):
            return []
        message = (
            f"the feed has {products} usable products, the published catalogue {published}: "
            f"it would shrink by more than {LARGEST_SHRINK:.0%}. "
            "Give the complete feed, or --force if this is meant."
        )
        if not self.options.force:
            raise FeedRefusedError(message)
        return [message]

    def _published_products(self) -> int:
        try:
            current = self.layout.current()
            if current is None:
                return 0
            return Manifest.read(self.layout.generation_dir(current)).products
        except SnapshotError:
            return 0  # a damaged generation is repaired by publishing a new one

    def _cache(self) -> EmbeddingCache:
        # The newest generation, which after a rollback is a better match than the current one.
        names = self.layout.generations()
        if not names:
            return EmbeddingCache()
        return EmbeddingCache.of(self.layout.generation_dir(names[-1]), self.embedder)

    def _publish(self, snapshot: Path) -> str:
        """Publish, unless it is the published one to the byte: old ones stay for rollback."""
        self.clock.start("publishing", None)
        generation = self._same_as_published(snapshot) or publish(self.layout, snapshot)
        prune(self.layout, self.options.keep)
        self.clock.stop()
        return generation

    def _same_as_published(self, snapshot: Path) -> str | None:
        try:
            current = self.layout.current()
            if current is None:
                return None
            published = self.layout.generation_dir(current) / MANIFEST_FILE
            if published.read_bytes() != (snapshot / MANIFEST_FILE).read_bytes():
                return None
            # Every file is read only now: if the published one is damaged, to publish repairs it.
            return None if verify(self.layout, current) else current
        except (SnapshotError, OSError):
            return None

    def _validators(self, location: str) -> Validators | None:
        if self.options.force:
            return None
        return known_validators(self.layout, location, self._build_digest())

    def _build_digest(self) -> str:
        text = self.settings.model_dump_json() + self.embedder.fingerprint
        return sha256(text.encode()).hexdigest()

    def _keep_log(self, log: RejectionLog, name: str) -> str:
        if not log.rejected and not log.duplicates:
            return ""
        log.close()
        kept = self.layout.reports_dir / f"{name}.rejections.jsonl"
        write_durably(kept, log.path.read_bytes())
        return str(kept)

    def _report(
        self, generation: str, assembled: Assembled, log: RejectionLog, forced: list[str]
    ) -> BuildReport:
        for stale in self.layout.reports_dir.glob(f"{_REFUSED}.*"):
            stale.unlink()
        report = BuildReport(
            index=self.layout.name,
            generation=generation,
            products=assembled.manifest.products,
            rejected=log.rejected,
            duplicates=log.duplicates,
            rejections=log.counts(),
            embedded=assembled.embedded,
            forced=tuple(forced),
            bytes=assembled.manifest.total_bytes,
            seconds=self.clock.seconds,
            stray_values=dict(assembled.columns.stray),
            columns_left_out=assembled.columns.left_out,
            recall_at_100=assembled.manifest.vectors.recall_at_100,
            rejections_file=self._keep_log(log, generation),
        )
        path = self.layout.reports_dir / f"{generation}.json"
        write_durably(path, orjson.dumps(report.to_dict(), option=orjson.OPT_INDENT_2))
        return report
