"""What a reindex saw and did: the summary, and the files beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from indexer.durable import write_durably

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from indexer.build.deltareport import DeltaReport
    from indexer.product import Rejection

REFUSED = "refused"
"""What stands for a generation's name in the files of a feed that was not published."""
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class BuildReport:
    """The outcome of a reindex.

    Attributes:
        generation: the published one; the current one when nothing changed.
        unchanged: nothing new was published: the server said that the feed is the one already
            published, or the same index came of it.
        products: in the new generation.
        rejected: records left out.
        duplicates: records replaced by a later one with the same id.
        rejections: how many records were left out for each field and reason.
        embedded: texts that the model had to read; the others came from the last generation.
        forced: a guard was overridden: its message.
        bytes: of the snapshot.
        seconds: taken by each stage.
        recall_at_100: of the vector index, by sample; empty where it is exact.
        stray_values: values of another kind than their column's, which cannot be filtered by.
        columns_left_out: fields beyond the limit of columns, which cannot be filtered by.
        rejections_file: where each rejected or replaced record is listed, if any.
        gate: the figures by which the gate let it pass, or was overridden; empty without a gate.
    """

    index: str
    generation: str
    unchanged: bool = False
    products: int = 0
    rejected: int = 0
    duplicates: int = 0
    rejections: dict[str, int] = field(default_factory=dict)
    embedded: int = 0
    forced: tuple[str, ...] = ()
    bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    recall_at_100: dict[str, float] = field(default_factory=dict)
    stray_values: dict[str, int] = field(default_factory=dict)
    columns_left_out: tuple[str, ...] = ()
    rejections_file: str = ""
    gate: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return asdict(self)


class RejectionLog:
    """Writes every record that is left out, and counts them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rejected = 0
        self.duplicates = 0
        self.examples: list[str] = []
        self._counts: Counter[str] = Counter()
        self._file = path.open("wb")

    def close(self) -> None:
        """Finish the file; to close twice does no harm."""
        self._file.close()

    def reject(self, rejection: Rejection) -> None:
        """Record that a record is not in the catalogue."""
        self.rejected += 1
        self._counts[f"{rejection.field or 'record'}: {rejection.reason}"] += 1
        self._write({"kind": "rejected", **asdict(rejection)})

    def duplicate(self, product_id: str, position: int) -> None:
        """Record that the record at `position` replaced an earlier one with the same id."""
        self.duplicates += 1
        reason = "an earlier record with this id was replaced by this one"
        self._write(
            {"kind": "duplicate", "position": position, "reason": reason, "product_id": product_id}
        )

    def counts(self) -> dict[str, int]:
        """How many records were rejected by field and reason, most frequent first."""
        return dict(self._counts.most_common())

    def _write(self, entry: dict[str, Any]) -> None:
        line = orjson.dumps(entry)
        if len(self.examples) < _EXAMPLES:
            self.examples.append(line.decode())
        self._file.write(line + b"\n")


@dataclass(frozen=True, slots=True)
class ReportsDirectory:
    """The directory in which each generation's files begin with its name."""

    path: Path

    def forget_refused(self) -> None:
        """Remove what was kept of a feed that was refused."""
        for stale in self.path.glob(f"{REFUSED}.*"):
            stale.unlink()

    def keep(self, report: BuildReport | DeltaReport) -> None:
        """Write the summary."""
        self._write(f"{report.generation}.json", report.to_dict())

    def keep_figures(self, figures: Mapping[str, Any], name: str) -> Path:
        """Write what the gate measured; gives the file."""
        return self._write(f"{name}.gate.json", dict(figures))

    def keep_log(self, log: RejectionLog, name: str) -> str:
        """Keep the records that were left out; gives the file, ``""`` if there were none."""
        if not log.rejected and not log.duplicates:
            return ""
        log.close()
        kept = self.path / f"{name}.rejections.jsonl"
        write_durably(kept, log.path.read_bytes())
        return str(kept)

    def _write(self, name: str, content: dict[str, Any]) -> Path:
        path = self.path / name
        write_durably(path, orjson.dumps(content, option=orjson.OPT_INDENT_2))
        return path
