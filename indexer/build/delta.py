"""A delta: changes of single products in, a published generation and a report out."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from indexer.build.changes import PendingChanges
from indexer.build.clock import Clock
from indexer.build.deltareport import DeltaReport
from indexer.build.gate import Unevaluated
from indexer.build.intake import LARGEST_SHRINK
from indexer.build.merge import write_merged
from indexer.build.patch import patch_snapshot
from indexer.build.progress import Progress, Silent
from indexer.build.release import Release
from indexer.build.report import REFUSED, RejectionLog
from indexer.errors import FeedError, FeedRefusedError, FeedTruncatedError
from indexer.feeds.change import Operation
from indexer.feeds.delta import GivenDelta, open_delta
from indexer.feeds.reader import MAX_BYTES, TIMEOUT_SECONDS, FeedOptions
from indexer.manifest import Manifest
from indexer.product import Rejection
from indexer.products import ProductStore
from indexer.publish import KEPT_DELTAS, writer
from indexer.verified import Verified, check_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from indexer.build.changes import Revisions
    from indexer.build.reindex import Recipe
    from indexer.feeds.delta import Delta
    from indexer.feeds.reader import FeedFormat
    from indexer.layout import IndexLayout

LARGEST_DRIFT = 0.10
"""Share of the products that deltas may add, remove or reword before everything should be built
at once again: average lengths of fields, centroids and suggestions are those of the last time."""
_READ_ALWAYS = ("products.", "columns.")
"""How the names of the files begin that every delta reads; one that changes texts reads all."""


@dataclass(frozen=True, slots=True)
class DeltaOptions:
    """How to apply a delta.

    Attributes:
        mode: what a record asks for that does not say it.
        force: publish in spite of the guards; the report says which.
        keep: how many generations by deltas stay for rollback; full builds all do.
        format: of the delta; by default it is recognised.
        max_bytes: of the delta, decompressed.
        timeout_seconds: for the whole download.
        wait_seconds: for another writer, see `indexer.publish.writer`.
        verified: files that are known to be as they were written.
    """

    mode: Operation = Operation.UPDATE
    force: bool = False
    keep: int = KEPT_DELTAS
    format: FeedFormat | None = None
    max_bytes: int = MAX_BYTES
    timeout_seconds: float = TIMEOUT_SECONDS
    wait_seconds: float = 0.0
    verified: Verified = field(default_factory=Verified)


def apply_delta(
    location: str | Sequence[Any],
    layout: IndexLayout,
    recipe: Callable[[], Recipe],
    options: DeltaOptions | None = None,
    progress: Progress | None = None,
) -> DeltaReport:
    """Change the catalogue of an index by a delta.

    Args:
        location: path, ``-`` for standard input, http(s) URL, or the records themselves as JSON
            values; see `indexer.feeds.alteration`.
        layout: the index; something must have been published.
        recipe: called only if texts change: the model reads the new ones, the gate judges them.
            The settings are those of the published generation, whatever it says.
        options: see `DeltaOptions`.
        progress: told of every stage.

    Raises:
        FeedError: the delta cannot be read, ends early, or removes too much. Whatever is raised,
            the published generation stays as it is.
        SnapshotError: there is no published generation, or it cannot be changed.
        ModelError: texts change, and the model of the published vectors is not there.
        GateRefusedError: the new generation breaks a bound of the index's gate.
        IndexLockedError: another process is writing this index.
    """
    options, clock = options or DeltaOptions(), Clock(progress or Silent())
    with writer(layout, options.wait_seconds, clock.wait) as staging:
        clock.stop()
        base = layout.generation_dir(layout.require_current())
        manifest = Manifest.read(base)
        check_manifest(base)
        run = _Run(layout, recipe, options, clock, base, manifest)
        with closing(RejectionLog(staging / "rejections.jsonl")) as log:
            return run.from_delta(location, staging / "snapshot", log)


@dataclass(frozen=True, slots=True)
class _Run:
    """One delta; the lock is held."""

    layout: IndexLayout
    recipe: Callable[[], Recipe]
    options: DeltaOptions
    clock: Clock
    base: Path
    manifest: Manifest

    def from_delta(
        self, location: str | Sequence[Any], snapshot: Path, log: RejectionLog
    ) -> DeltaReport:
        self._check(_READ_ALWAYS)
        pending = PendingChanges(ProductStore(self.base))
        intake = _Intake(pending, log, self.clock)
        try:
            with self._opened(location) as delta:
                forced = intake.read(delta, force=self.options.force)
            revisions = pending.revisions()
            forced += self._guard(revisions)
        except FeedError:
            self._release().reports.keep_log(log, REFUSED)
            raise
        report = self._report(revisions, log, forced)
        if not revisions:
            self.clock.stop()
            kept = self._release().reports.keep_log(log, REFUSED)
            return replace(report, seconds=self.clock.seconds, rejections_file=kept)
        snapshot.mkdir()
        if revisions.moves_words:
            return self._merge(snapshot, revisions, log, report)
        return self._patch(snapshot, revisions, log, report)

    def _check(self, beginnings: tuple[str, ...]) -> None:
        """Refuse to take over what is damaged: it would get a new checksum, which holds."""
        names = [name for name in self.manifest.files if name.startswith(beginnings)]
        self.clock.start("checking what is published", None)
        self.options.verified.check(self.base, self.manifest, names)

    @contextmanager
    def _opened(self, location: str | Sequence[Any]) -> Iterator[Delta | GivenDelta]:
        settings = self.manifest.settings
        options = FeedOptions(
            format=self.options.format,
            mapping=settings.field_mapping,
            default_currency=settings.default_currency,
            max_bytes=self.options.max_bytes,
            timeout_seconds=self.options.timeout_seconds,
        )
        if isinstance(location, str):
            with open_delta(location, options, self.options.mode) as delta:
                yield delta
        else:
            yield GivenDelta(location, options, self.options.mode)

    def _guard(self, revisions: Revisions) -> list[str]:
        """Gives the guard that was overridden, if one was."""
        before = self.manifest.products
        after = before + len(revisions.added) - len(revisions.removed)
        if not after:  # nothing to publish: not to be forced
            raise FeedRefusedError(
                f"the delta removes all {before:,} products, and an index cannot be empty. "
                "Remove the index's directory if this is meant."
            )
        if after >= before * (1 - LARGEST_SHRINK):
            return []
        message = (
            f"the delta leaves {after:,} of {before:,} products: the catalogue would shrink by "
            f"more than {LARGEST_SHRINK:.0%}. Mend the delta, or force it if this is meant."
        )
        if not self.options.force:
            raise FeedRefusedError(message)
        return [message]

    def _merge(
        self, snapshot: Path, revisions: Revisions, log: RejectionLog, report: DeltaReport
    ) -> DeltaReport:
        recipe = self.recipe()
        release = self._release(recipe)
        release.precheck()
        self._check(("",))
        merged = write_merged(self.base, snapshot, revisions, recipe.embedder, self.clock)
        verdict, overridden = release.judge(snapshot, log)
        changed = merged.manifest.changes.reworded
        return self._publish(
            snapshot,
            log,
            replace(
                report,
                published="merge",
                products=merged.manifest.products,
                embedded=merged.embedded,
                changed_since_build=changed,
                compaction_due=is_compaction_due(merged.manifest),
                forced=(*report.forced, *overridden),
                bytes=merged.manifest.total_bytes,
                gate=dict(verdict.report) if verdict else {},
            ),
        )

    def _patch(
        self, snapshot: Path, revisions: Revisions, log: RejectionLog, report: DeltaReport
    ) -> DeltaReport:
        """Change columns and stored products alone.

        The gate is not asked: words, meanings and products are those that it has judged.
        """
        changed = [(revision.row, revision.after) for revision in revisions.told]
        changes = self.manifest.changes
        changes = changes.model_copy(update={"patched": changes.patched + len(changed)})
        manifest = self.manifest.model_copy(update={"changes": changes})
        written, _ = patch_snapshot(self.base, snapshot, changed, manifest, self.clock)
        report = replace(report, published="patch", bytes=written.total_bytes)
        return self._publish(snapshot, log, report)

    def _release(self, recipe: Recipe | None = None) -> Release:
        gate = None
        if recipe is not None and self.manifest.settings.gate is not None:
            gate = recipe.gate or Unevaluated()
        force, keep = self.options.force, self.options.keep
        return Release(self.layout, gate, force, None, self.clock, keep)

    def _report(self, revisions: Revisions, log: RejectionLog, forced: list[str]) -> DeltaReport:
        return DeltaReport(
            index=self.layout.name,
            generation=self.base.name,
            products=self.manifest.products,
            added=len(revisions.added),
            updated=len(revisions.told) + len(revisions.reworded),
            reworded=len(revisions.reworded),
            removed=len(revisions.removed),
            rejected=log.rejected,
            rejections=log.counts(),
            examples=tuple(log.examples),
            changed_since_build=self.manifest.changes.reworded,
            compaction_due=is_compaction_due(self.manifest),
            forced=tuple(forced),
            bytes=self.manifest.total_bytes,
        )

    def _publish(self, snapshot: Path, log: RejectionLog, report: DeltaReport) -> DeltaReport:
        release = self._release()
        generation = release.publish(snapshot, base=self.base.name)
        report = replace(
            report,
            generation=generation,
            seconds=self.clock.seconds,
            rejections_file=release.reports.keep_log(log, generation),
        )
        release.reports.keep(report)
        return report


@dataclass(frozen=True, slots=True)
class _Intake:
    """Where the records of a delta go: changes to what is pending, the others to the log."""

    pending: PendingChanges
    log: RejectionLog
    clock: Clock

    def read(self, delta: Delta | GivenDelta, *, force: bool) -> list[str]:
        """Take all changes; gives the guard that was overridden, if one was."""
        self.clock.start("reading the delta", delta.total_bytes)
        consumed = 0
        try:
            for record in delta:
                rejected = record if isinstance(record, Rejection) else self.pending.take(record)
                if rejected is not None:
                    self.log.reject(rejected)
                self.clock.advance(delta.bytes_read - consumed)
                consumed = delta.bytes_read
        except FeedTruncatedError as error:
            if not force:
                raise
            return [str(error)]
        return []


def is_compaction_due(manifest: Manifest) -> bool:
    """Whether everything should be built at once again.

    After many changes what is approximate has drifted too far; and a catalogue that is searched
    exhaustively may have become too large for it.
    """
    outgrown = (
        manifest.vectors.kind == "exact"
        and manifest.products >= manifest.settings.vectors.exact_below
    )
    return outgrown or manifest.changes.reworded > manifest.products * LARGEST_DRIFT
