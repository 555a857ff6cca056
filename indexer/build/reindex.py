"""A reindex: a feed in, a published generation and a report out, or everything as it was."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from indexer.build.assemble import assemble
from indexer.build.clock import Clock
from indexer.build.gate import Unevaluated, cannot_be_evaluated, refused
from indexer.build.intake import Intake
from indexer.build.predecessor import find_predecessor
from indexer.build.progress import Progress, Silent
from indexer.build.report import REFUSED, BuildReport, RejectionLog, ReportsDirectory
from indexer.build.source import PublishedSource, known_validators
from indexer.build.spool import Spool
from indexer.build.vectorize import EmbeddingCache
from indexer.errors import FeedError, SnapshotError
from indexer.feeds.reader import MAX_BYTES, TIMEOUT_SECONDS, FeedOptions, is_file, open_feed
from indexer.manifest import MANIFEST_FILE, Manifest
from indexer.publish import prune, publish, writer
from indexer.snapshot import open_directory, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from indexer.build.assemble import Assembled
    from indexer.build.gate import Gate, Verdict
    from indexer.embedding.protocol import Embedder
    from indexer.feeds.reader import FeedFormat, Validators
    from indexer.layout import IndexLayout
    from indexer.settings import IndexSettings

_CANDIDATE = "the new generation"


@dataclass(frozen=True, slots=True)
class ReindexOptions:
    """How to run a reindex.

    Attributes:
        force: publish in spite of the guards; the report says which.
        keep: how many generations stay for rollback.
        format: of the feed; by default it is recognised.
        max_bytes: of the feed, decompressed.
        timeout_seconds: for the whole download.
        if_changed: take a local feed of the same size and time of change as the published one's
            for the same feed; a server is asked in any case.
    """

    force: bool = False
    keep: int = 3
    format: FeedFormat | None = None
    max_bytes: int = MAX_BYTES
    timeout_seconds: float = TIMEOUT_SECONDS
    if_changed: bool = False


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
    with writer(layout) as staging:
        run = _Run(layout, recipe(), options, clock)
        return run.from_feed(location, staging)


@dataclass(frozen=True, slots=True)
class _Run:
    """One reindex; the lock is held."""

    layout: IndexLayout
    recipe: Recipe
    options: ReindexOptions
    clock: Clock

    @property
    def _reports(self) -> ReportsDirectory:
        return ReportsDirectory(self.layout.reports_dir)

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
                self._precheck()
                try:
                    forced = intake.read(feed, self.clock, force=self.options.force)
                    forced += intake.guard(self._published_products(), force=self.options.force)
                except FeedError:
                    self._reports.keep_log(log, REFUSED)
                    raise
                validators = feed.validators
            snapshot = staging / "snapshot"
            snapshot.mkdir()
            cache = self._cache()
            settings, embedder = self.recipe.settings, self.recipe.embedder
            assembled = assemble(snapshot, spool, settings, embedder, cache, self.clock)
        same = self._same_as_published(snapshot)
        verdict = None if same else self._judge(snapshot)
        if verdict and verdict.refusals:
            forced += self._refuse(verdict, log)
        generation = self._publish(snapshot, same)
        PublishedSource.of(location, validators, generation, self._build_digest()).write(
            self.layout
        )
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

    def _gate(self) -> Gate | None:
        if self.recipe.settings.gate is None:
            return None
        return self.recipe.gate or Unevaluated()

    def _precheck(self) -> None:
        """Refuse at once what would be refused after the build."""
        gate = self._gate()
        if gate is not None and not self.options.force and (refusals := gate.precheck()):
            raise cannot_be_evaluated(self.layout.name, refusals)

    def _judge(self, snapshot: Path) -> Verdict | None:
        gate = self._gate()
        if gate is None:
            return None
        return gate.judge(open_directory(snapshot, self.layout.name, _CANDIDATE), self.clock)

    def _refuse(self, verdict: Verdict, log: RejectionLog) -> list[str]:
        """Raise what the gate has to say, or give it as what was overridden."""
        if self.options.force:
            return list(verdict.refusals)
        self._reports.keep_log(log, REFUSED)
        kept = self._reports.keep_figures(verdict.figures(), REFUSED)
        raise refused(self.layout.name, verdict, kept)

    def _cache(self) -> EmbeddingCache:
        """The vectors of the newest generation and, after a rollback, of the current one."""
        cache = EmbeddingCache()
        for name in {*self.layout.generations()[-1:], self.layout.current()}:
            if name is not None:
                directory = self.layout.generation_dir(name)
                found = EmbeddingCache.of(directory, self.recipe.embedder)
                cache = replace(found, older=cache)
        return cache

    def _publish(self, snapshot: Path, same: str | None) -> str:
        """Publish, unless it is the published one to the byte: old ones stay for rollback."""
        self.clock.start("publishing", None)
        generation = same or publish(self.layout, snapshot)
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
        self._reports.forget_refused()
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
            rejections_file=self._reports.keep_log(log, generation),
            gate=dict(verdict.report) if verdict else {},
        )
        if verdict:
            self._reports.keep_figures(verdict.figures(), generation)
        self._reports.keep(report)
        return report
