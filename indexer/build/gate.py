"""The gate: what looks at a finished build before it is published, and may refuse it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from indexer.errors import GateRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from indexer.build.progress import Progress
    from indexer.snapshot import Snapshot

UNEVALUATED = (
    "the index's settings name a gate, and this reindex was given nothing to evaluate it with. "
    "Run it as 'searchsvc reindex', or pass Recipe.gate"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says about one build.

    Attributes:
        refusals: a message for each reason not to publish; empty when there is none.
        details: lines for people that help to find the cause.
        report: the figures, as JSON has them.
        queries: the figures of each query, as JSON has them.
    """

    refusals: tuple[str, ...]
    details: tuple[str, ...] = ()
    report: Mapping[str, Any] = field(default_factory=dict)
    queries: Mapping[str, Any] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """All of it, for the file beside the build's report."""
        return {"refusals": list(self.refusals), **self.report, "queries": dict(self.queries)}


class Gate(Protocol):
    """Evaluates a build while the published generation still serves.

    What cannot be evaluated is a refusal, never a pass and never an exception of its own.
    """

    def precheck(self) -> tuple[str, ...]:
        """Refusals that are certain before the feed is read, such as absent judgments."""
        ...

    def judge(self, candidate: Snapshot, progress: Progress) -> Verdict:
        """Evaluate `candidate`, a complete snapshot in the staging directory."""
        ...


class Unevaluated:
    """Stands where a gate is wanted and none was given; refuses."""

    def precheck(self) -> tuple[str, ...]:
        """See `Gate.precheck`."""
        return (UNEVALUATED,)

    def judge(self, candidate: Snapshot, progress: Progress) -> Verdict:  # noqa: ARG002 - protocol
        """See `Gate.judge`."""
        return Verdict((UNEVALUATED,))


def refused(index: str, verdict: Verdict, kept: Path) -> GateRefusedError:
    """The refusal of a build; `kept` is the file of all figures."""
    remedy = "What was published stays. Mend the feed or the settings, or --force if this is meant"
    lines = [
        f"the new generation does not pass the gate of index {index!r}:",
        *(f"  {refusal}" for refusal in verdict.refusals),
        *verdict.details,
        f"{remedy}. All figures: {kept}",
    ]
    return GateRefusedError("\n".join(lines), verdict.report)


def cannot_be_evaluated(index: str, reasons: Iterable[str]) -> GateRefusedError:
    """The refusal before a build."""
    return GateRefusedError(
        f"the gate of index {index!r} cannot be evaluated: {'; '.join(reasons)}. "
        "Mend that, or give --force to publish without it."
    )
