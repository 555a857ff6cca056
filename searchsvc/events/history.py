"""The import of a shop's history: a file of purchases, clicks, carts, views or searches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from searchsvc.errors import EventFileError
from searchsvc.events.files.checkpoint import Reached
from searchsvc.events.files.events import EventMaker, Imported
from searchsvc.events.files.rejections import Rejection
from searchsvc.events.retention import DAY_MS, now_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from searchsvc.events.event import Event
    from searchsvc.events.files.checkpoint import Checkpoint
    from searchsvc.events.files.records import RecordFile
    from searchsvc.events.files.rejections import RejectionFile
    from searchsvc.events.files.rows import Row, RowParser
    from searchsvc.events.writer import Outcome

BATCH_ITEMS = 5_000
"""Products of the events that are stored in one transaction."""
MAX_NAMED = 5
"""Unknown products that a summary names."""


class HistoryStore(Protocol):
    """Where events go; see `searchsvc.state`."""

    def user_key(self, token: str) -> str:
        """What a customer's id is stored as."""
        ...

    def append(self, events: Sequence[Event]) -> Outcome:
        """Store all `events`, durable on return; those that are there already are passed over."""
        ...


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an import goes.

    Attributes:
        index: its name.
        store: of the events.
        oldest_ms: older events would be deleted at once, so they are left out.
        is_product: whether the index has a product.
    """

    index: str
    store: HistoryStore
    oldest_ms: int
    is_product: Callable[[str], bool]


@dataclass
class ImportReport:
    """What an import did.

    Attributes:
        rows: read, those that were left out included.
        stored: events that are new.
        repeated: events that were there already.
        resumed: events that an interrupted import of the same file had stored.
        expired: events that are older than the retention, and were left out.
        expired_days: how many days ago the oldest of them was.
        users: who have an event in the file.
        rejected: rows that were left out.
        rejections: how many of them for each field and reason, most frequent first.
        first_rejections: the first few of them.
        rejections_file: where all of them are listed, if any.
        unknown_products: how many products the index does not have; their events are stored.
        unknown_rows: how many products of events they are.
        unknown_examples: the first few of them.
        oldest_ms: time of the oldest event that was taken, milliseconds since the epoch.
        newest_ms: time of the newest.
    """

    index: str
    file: str
    rows: int = 0
    stored: int = 0
    repeated: int = 0
    resumed: int = 0
    expired: int = 0
    expired_days: int = 0
    users: int = 0
    rejected: int = 0
    rejections: Mapping[str, int] = field(default_factory=dict)
    first_rejections: Sequence[str] = ()
    rejections_file: str = ""
    unknown_products: int = 0
    unknown_rows: int = 0
    unknown_examples: Sequence[str] = ()
    oldest_ms: int | None = None
    newest_ms: int | None = None

    @property
    def events(self) -> int:
        """All that are in the store now."""
        return self.stored + self.repeated + self.resumed


class HistoryImport:
    """One import of one file, in constant memory but for what tells orders and users apart.

    An interrupted one goes on where it was: the file is read again from its beginning, which
    costs little, and makes the same events; only what is stored for good is not sent again.
    """

    def __init__(
        self, destination: Destination, parser: RowParser, checkpoint: Checkpoint | None = None
    ) -> None:
        """Make one.

        Args:
            destination: where the events go.
            parser: of the rows.
            checkpoint: remembers how far the import came; without one it begins anew each time.
        """
        self._to = destination
        self._parser = parser
        self._checkpoint = checkpoint
        self._reached = checkpoint.read() if checkpoint else Reached()
        self._batch: list[Event] = []
        self._batch_items = 0
        self._users: set[int] = set()
        self._products: dict[str, bool] = {}

    def run(
        self, file: RecordFile, log: RejectionFile, advance: Callable[[int], None]
    ) -> ImportReport:
        """Store what `file` tells.

        Args:
            file: to be read once.
            log: of the rows that are left out; kept here.
            advance: told of every further bytes of the file.

        Raises:
            EventFileError: the file cannot be read to its end (what came before is stored), or
                nothing in it can be stored.
        """
        report = ImportReport(self._to.index, file.name)
        maker = EventMaker(self._to.index, self._to.store.user_key)
        try:
            for row in self._rows(file, log, report, advance):
                for imported in maker.add(row):
                    self._take(imported, report)
            for imported in maker.rest():
                self._take(imported, report)
            self._store(report, None)
        except EventFileError:
            self._store(report, None)  # but not the rows at the end: their order may be cut
            raise
        finally:
            self._finish(report, log)
        if not report.events:
            raise EventFileError(_nothing(report))
        if self._checkpoint:
            self._checkpoint.remove()
        return report

    def _rows(
        self,
        file: RecordFile,
        log: RejectionFile,
        report: ImportReport,
        advance: Callable[[int], None],
    ) -> Iterator[Row]:
        told = 0
        for record in file.records(self._parser.columns.check_header):
            for row in (record,) if isinstance(record, Rejection) else self._parser.rows(record):
                report.rows += 1
                if isinstance(row, Rejection):
                    log.reject(row)
                else:
                    yield row
            if file.bytes_read != told:
                advance(file.bytes_read - told)
                told = file.bytes_read

    def _take(self, imported: Imported, report: ImportReport) -> None:
        line, event = imported
        if event.time_ms < self._to.oldest_ms:
            report.expired += 1
            days = -(-(now_ms() - event.time_ms) // DAY_MS)
            report.expired_days = max(report.expired_days, days)
            return
        self._count(event, report)
        if line < self._reached.line:
            report.resumed += 1
            return
        if self._batch_items >= BATCH_ITEMS:
            self._store(report, line)
        self._batch.append(event)
        self._batch_items += 1 + len(event.items)

    def _count(self, event: Event, report: ImportReport) -> None:
        self._users.add(int(event.user[:16], 16))
        report.oldest_ms = min(event.time_ms, report.oldest_ms or event.time_ms)
        report.newest_ms = max(event.time_ms, report.newest_ms or event.time_ms)
        for item in event.items:
            is_known = self._products.get(item.product_id)
            if is_known is None:
                is_known = self._to.is_product(item.product_id)
                self._products[item.product_id] = is_known
            report.unknown_rows += not is_known

    def _store(self, report: ImportReport, next_line: int | None) -> None:
        """Store the batch; `next_line` is where the first event behind it begins."""
        if self._batch:
            outcome = self._to.store.append(self._batch)
            report.stored += outcome.stored
            report.repeated += outcome.repeated
            self._batch.clear()
            self._batch_items = 0
        if self._checkpoint and next_line is not None:
            self._checkpoint.write(Reached(line=next_line, events=report.events))

    def _finish(self, report: ImportReport, log: RejectionFile) -> None:
        unknown = [name for name, is_known in self._products.items() if not is_known]
        report.users = len(self._users)
        report.unknown_products = len(unknown)
        report.unknown_examples = unknown[:MAX_NAMED]
        report.rejected = log.count
        report.rejections = log.reasons
        report.first_rejections = [str(rejection) for rejection in log.first]
        report.rejections_file = log.keep()


def _nothing(report: ImportReport) -> str:
    """Why an import stored nothing."""
    if report.expired:
        return (
            f"nothing was imported from {report.file}: its {report.expired:,} events are older "
            "than SEARCHSVC_RETENTION_DAYS, and the service would delete them within the hour. "
            f"To keep all of them, set it to {report.expired_days + 1} or more, for the service "
            "as well."
        )
    if report.rejected:
        return (
            f"nothing was imported from {report.file}: all {report.rejected:,} rows were left "
            f"out. {report.first_rejections[0]}. All are listed in {report.rejections_file}."
        )
    return f"nothing was imported from {report.file}: it has no rows. Check the path."
