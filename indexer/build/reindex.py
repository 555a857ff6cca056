"""A reindex: a feed in, a published generation and a report out, or everything as it was."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from indexer.build.assemble import assemble
from indexer.build.clock import Clock
from indexer.build.gate import Unevaluated
from indexer.build.intake import Intake
from indexer.build.predecessor import find_predecessor
from indexer.build.progress import Progress, Silent
from indexer.build.release import Release
from indexer.build.report import REFUSED, BuildReport, RejectionLog
from indexer.build.source import PublishedSource, known_validators
from indexer.build.spool import Spool, StoredProducts
from indexer.build.vectorize import EmbeddingCache
from indexer.errors import FeedError, SnapshotError
from indexer.feeds.reader import MAX_BYTES, TIMEOUT_SECONDS, FeedOptions, is_file, open_feed
from indexer.manifest import MANIFEST_FILE, Manifest
from indexer.products import ProductStore
from indexer.publish import writer
from indexer.snapshot import verify
from indexer.verified import Verified, check_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from indexer.build.assemble import Assembled
    from indexer.build.gate import Gate, Verdict
    from indexer.build.spool import Catalogue
    from indexer.embedding.protocol import Embedder
    from indexer.feeds.reader import FeedFormat, Validators
    from indexer.layout import IndexLayout
    from indexer.settings import IndexSettings

_SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class ReindexOptions:
    """How to run a reindex.

    Attributes:
        force: publish in spite of the guards; the report says which.
        keep: how many full builds stay for rollback, whatever deltas publish between them.
        format: of the feed; by default it is recognised.
        max_bytes: of the feed, decompressed.
        timeout_seconds: for the whole download.
        if_changed: take a local feed of the same size and time of change as the published one's
            for the same feed; a server is asked in any case.
        wait_seconds: for another writer, see `indexer.publish.writer`.
    """

    force: bool = False
    keep: int = 3
    format: FeedFormat | None = None
    max_bytes: int = MAX_BYTES
    timeout_seconds: float = TIMEOUT_SECONDS
    if_changed: bool = False
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a generation is made by.

    Attributes:
        settings: recorded in the manifest and kept for the next reindex.
        embedder: the model; texts that it read for the last generation are not read again.
        gate: evaluates the gate of the settings, if they name one.
    """

    settings: IndexSettings
    embedder: Embedder
    gate: Gate | None = None


def reindex(
    location: str,
    layout: IndexLayout,
    settings: IndexSettings,
    embedder: Embedder,
    options: ReindexOptions | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Replace the catalogue of an index by a feed, by given settings; see `reindex_by`."""
    return reindex_by(location, layout, lambda: Recipe(settings, embedder), options, progress)


def reindex_by(
    location: str,
    layout: IndexLayout,
    recipe: Callable[[], Recipe],
    options: ReindexOptions | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Replace the catalogue of an index by a feed.

    Args:
        location: path, ``-`` for standard input, or http(s) URL.
        layout: the index.
        recipe: called once nobody else can publish, so that what it takes from the published
            generation is not undone by what another process publishes.
        options: see `ReindexOptions`.
        progress: told of every stage.

    Raises:
        FeedError: the feed cannot be read, is empty, ends early or shrinks the catalogue too
            much. Whatever is raised, the published generation stays as it is.
        GateRefusedError: the new generation breaks a bound of the index's gate, or the gate
            cannot be evaluated.
        IndexLockedError: another process is writing this index.
    """
    options = options or ReindexOptions()
    clock = Clock(progress or Silent())
    with writer(layout, options.wait_seconds, clock.wait) as staging:
        clock.stop()
        run = _Run(layout, recipe(), options, clock)
        return run.from_feed(location, staging)


def compact(
    layout: IndexLayout,
    recipe: Callable[[], Recipe],
    options: ReindexOptions | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Build the catalogue of an index again from its own products, without a feed.

    What deltas left approximate is exact afterwards: the files are those of a build from a feed
    with the same products. No text is embedded again.

    Args:
        layout: the index; something must have been published.
        recipe: see `reindex_by`.
        options: of these, `force`, `keep` and `wait_seconds`.
        progress: told of every stage.

    Raises:
        SnapshotError: there is no published generation, or it cannot be read.
        GateRefusedError: see `reindex_by`.
        IndexLockedError: another process is writing this index.
    """
    options, clock = options or ReindexOptions(), Clock(progress or Silent())
    with writer(layout, options.wait_seconds, clock.wait) as staging:
        clock.stop()
        layout.require_current()
        return _Run(layout, recipe(), options, clock).from_products(staging)


@dataclass(frozen=True, slots=True)
class _Run:
    """One reindex; the lock is held."""

    layout: IndexLayout
    recipe: Recipe
    options: ReindexOptions
    clock: Clock

    def from_feed(self, location: str, staging: Path) -> BuildReport:
        feed_options = FeedOptions(
            format=self.options.format,
            mapping=self.recipe.settings.field_mapping,
            default_currency=self.recipe.settings.default_currency,
            max_bytes=self.options.max_bytes,
            timeout_seconds=self.options.timeout_seconds,
        )
        validators = self._validators(location)
        with (
            closing(Spool(staging / "spool")) as spool,
            closing(RejectionLog(staging / "rejections.jsonl")) as log,
        ):
            intake = Intake(spool, log)
            with open_feed(location, feed_options, validators) as feed:
                if feed is None:
                    return self._unchanged()
                self._release.precheck()
                try:
                    forced = intake.read(feed, self.clock, force=self.options.force)
                    forced += intake.guard(self._published_products(), force=self.options.force)
                except FeedError:
                    self._release.reports.keep_log(log, REFUSED)
                    raise
                validators = feed.validators
            assembled = self._assemble(spool, staging)
        report = self._finish(assembled, staging, log, forced)
        PublishedSource.of(location, validators, report.generation, self._build_digest()).write(
            self.layout
        )
        return report

    def from_products(self, staging: Path) -> BuildReport:
        self._release.precheck()
        base = self.layout.generation_dir(self.layout.require_current())
        manifest = Manifest.read(base)
        check_manifest(base)
        products = [name for name in manifest.files if name.startswith("products.")]
        Verified().check(base, manifest, products)  # or what is damaged gets a new checksum
        with closing(RejectionLog(staging / "rejections.jsonl")) as log:
            assembled = self._assemble(StoredProducts(ProductStore(base)), staging)
        return self._finish(assembled, staging, log, [], base.name)

    def _assemble(self, products: Catalogue, staging: Path) -> Assembled:
        snapshot = staging / _SNAPSHOT
        snapshot.mkdir()
        settings, embedder = self.recipe.settings, self.recipe.embedder
        return assemble(snapshot, products, settings, embedder, self._cache(), self.clock)

    def _finish(
        self,
        assembled: Assembled,
        staging: Path,
        log: RejectionLog,
        forced: list[str],
        base: str | None = None,
    ) -> BuildReport:
        """Judge and publish, unless it is the published one to the byte."""
        release, snapshot = self._release, staging / _SNAPSHOT
        same, verdict = self._same_as_published(snapshot), None
        if same is None:
            verdict, overridden = release.judge(snapshot, log)
            forced += overridden
        generation = release.publish(snapshot, same, base)
        report = self._report(generation, assembled, log, forced, verdict)
        return replace(report, unchanged=generation == same)

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

    def _published_products(self) -> int:
        try:
            before = find_predecessor(self.layout)
        except SnapshotError:
            return 0  # what is damaged is repaired by publishing a new one
        return before.products if before else 0

    @property
    def _release(self) -> Release:
        settings, options = self.recipe.settings, self.options
        gate = None if settings.gate is None else self.recipe.gate or Unevaluated()
        return Release(self.layout, gate, options.force, options.keep, self.clock)

    def _cache(self) -> EmbeddingCache:
        """The vectors of the newest generation and, after a rollback, of the current one."""
        cache = EmbeddingCache()
        for name in {*self.layout.generations()[-1:], self.layout.current()}:
            if name is not None:
                directory = self.layout.generation_dir(name)
                found = EmbeddingCache.of(directory, self.recipe.embedder)
                cache = replace(found, older=cache)
        return cache

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
        if self.options.force or (is_file(location) and not self.options.if_changed):
            return None
        try:
            known = known_validators(self.layout, location, self._build_digest())
            if known is not None:
                Manifest.read(self.layout.generation_dir(self.layout.require_current()))
        except SnapshotError:
            return None  # an unchanged feed, too, has to repair what cannot be read
        return known

    def _build_digest(self) -> str:
        text = self.recipe.settings.model_dump_json() + self.recipe.embedder.fingerprint
        return sha256(text.encode()).hexdigest()

    def _report(
        self,
        generation: str,
        assembled: Assembled,
        log: RejectionLog,
        forced: list[str],
        verdict: Verdict | None,
    ) -> BuildReport:
        reports = self._release.reports
        reports.forget_refused()
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
            rejections_file=reports.keep_log(log, generation),
            gate=dict(verdict.report) if verdict else {},
        )
        if verdict:
            reports.keep_figures(verdict.figures(), generation)
        reports.keep(report)
        return report
