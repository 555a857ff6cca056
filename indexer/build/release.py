"""The release: what stands between a finished snapshot and its publication."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from indexer.build.gate import cannot_be_evaluated, refused
from indexer.build.report import REFUSED, ReportsDirectory
from indexer.build.source import follow
from indexer.publish import KEPT_DELTAS, prune, publish
from indexer.snapshot import open_directory

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.build.clock import Clock
    from indexer.build.gate import Gate, Verdict
    from indexer.build.report import RejectionLog
    from indexer.layout import IndexLayout

_CANDIDATE = "the new generation"


@dataclass(frozen=True, slots=True)
class Release:
    """How the snapshots of one run are judged and published; the lock is held.

    Attributes:
        layout: the index.
        gate: ``None`` publishes any snapshot.
        force: publish in spite of the gate.
        keep: how many full builds stay for rollback, ``None`` for all.
        clock: told of the stages.
        keep_deltas: how many generations by deltas stay as well.
    """

    layout: IndexLayout
    gate: Gate | None
    force: bool
    keep: int | None
    clock: Clock
    keep_deltas: int = KEPT_DELTAS

    @property
    def reports(self) -> ReportsDirectory:
        """Where what was seen is kept."""
        return ReportsDirectory(self.layout.reports_dir)

    def precheck(self) -> None:
        """Refuse at once what would be refused after the build.

        Raises:
            GateRefusedError: the gate cannot be evaluated, and nobody forces it.
        """
        if self.gate is not None and not self.force and (reasons := self.gate.precheck()):
            raise cannot_be_evaluated(self.layout.name, reasons)

    def judge(self, snapshot: Path, log: RejectionLog) -> tuple[Verdict | None, list[str]]:
        """What the gate says about `snapshot`, and what of it was overridden.

        Raises:
            GateRefusedError: it does not pass, and nobody forces it.
        """
        if self.gate is None:
            return None, []
        candidate = open_directory(snapshot, self.layout.name, _CANDIDATE)
        verdict = self.gate.judge(candidate, self.clock)
        if not verdict.refusals or self.force:
            return verdict, list(verdict.refusals)
        self.reports.keep_log(log, REFUSED)
        kept = self.reports.keep_figures(verdict.figures(), REFUSED)
        raise refused(self.layout.name, verdict, kept)

    def publish(self, snapshot: Path, same: str | None = None, base: str | None = None) -> str:
        """Make `snapshot` the current generation; old ones stay for rollback.

        Args:
            snapshot: finished, in the staging directory.
            same: the current generation, if `snapshot` is equal to it: then it stays.
            base: the generation whose feed is that of `snapshot`, too.

        Returns:
            The current generation's name.
        """
        self.clock.start("publishing", None)
        generation = same or publish(self.layout, snapshot, partial(follow, self.layout, base))
        prune(self.layout, self.keep, self.keep_deltas)
        self.clock.stop()
        return generation
