"""``searchsvc events import``: what shoppers did before, from a file of the shop's."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from indexer.currencies import DECIMALS
from indexer.errors import SettingsError
from indexer.snapshot import open_snapshot
from searchsvc.cli.audited import actor
from searchsvc.cli.output import (
    AsJson,
    DataDir,
    IndexName,
    find_index,
    print_json,
    read_settings,
    reported_failures,
    say,
)
from searchsvc.cli.progress import Bars
from searchsvc.errors import ConsentMissingError
from searchsvc.events.event import EventKind
from searchsvc.events.files.checkpoint import Checkpoint, identity
from searchsvc.events.files.columns import Columns
from searchsvc.events.files.records import open_records
from searchsvc.events.files.rejections import RejectionFile
from searchsvc.events.files.rows import RowParser
from searchsvc.events.files.values import Times
from searchsvc.events.history import Destination, HistoryImport
from searchsvc.events.retention import Span, now_ms
from searchsvc.events.ubi import timestamp
from searchsvc.state.audit import note
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indexer.layout import IndexLayout
    from searchsvc.events.history import ImportReport
    from searchsvc.settings import Settings

_SHOWN_REASONS = 5
_DATE = slice(0, len("2026-01-31"))

Consent = Annotated[
    bool,
    typer.Option("--consent", help="State that the people in FILE agreed to its being stored."),
]


def import_history(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="CSV, TSV or JSON Lines, also gzipped; - for standard input."
        ),
    ],
    index: IndexName = "products",
    consent: Consent = False,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="OURS=THEIRS", help="A column of another name; repeatable."),
    ] = None,
    kind: Annotated[
        EventKind, typer.Option("--type", help="What rows are that do not say it.")
    ] = EventKind.PURCHASE,
    currency: Annotated[
        str | None, typer.Option(help="Of prices without one; by default the index's.")
    ] = None,
    timezone: Annotated[
        str, typer.Option(help="Of times that do not say theirs, such as Europe/Berlin.")
    ] = "UTC",
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew where an import was interrupted.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Store purchases, clicks, carts, views and searches of the past, with consent.

    Columns: customer_id, product_id and time; order_id, quantity, price, currency, type, event_id,
    query, query_id and position where there are any. Usual other names are recognised. The rows of
    an order are one event. Nothing is stored twice, and an interrupted import goes on where it
    was. Customer ids are stored as keyed hashes only.

    Example: searchsvc events import orders.csv.gz --index shop-de --consent
    """
    with reported_failures(as_json=as_json):
        if not consent:
            raise ConsentMissingError(
                "this stores data of people. State with --consent that those in the file agreed "
                "to personalization, and leave out of it who did not."
            )
        settings = read_settings(data_dir)
        form = _Form(_mapping(mapping or []), kind, _currency(currency), _zone(timezone), restart)
        layout = find_index(settings.data_dir, index)
        began = time.perf_counter()
        with closing(StateStore.open(settings)) as store, Bars(quiet=as_json) as bars:
            report = _import(file, form, _Place(layout, settings, store), bars)
            note(lambda: store, actor(), "events.import", index, {"events": report.stored})
        seconds = time.perf_counter() - began
    if as_json:
        print_json(asdict(report) | {"seconds": round(seconds, 1)})
        return
    for line in _lines(report, seconds):
        say(line)


@dataclass(frozen=True, slots=True)
class _Form:
    """How the file is written."""

    mapping: dict[str, str]
    kind: EventKind
    currency: str | None
    zone: ZoneInfo
    restart: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """Where its events go."""

    layout: IndexLayout
    settings: Settings
    store: StateStore

    def checkpoint(self, path: str, form: _Form) -> Checkpoint | None:
        """Of the import of the file at `path`; ``None`` for standard input."""
        url = self.settings.state_url
        circumstances = (
            self.layout.name,
            repr((sorted(form.mapping.items()), form.kind, form.currency, form.zone.key)),
            # Keyed: a URL may hold a password. It also tells one token key from another.
            self.store.user_key(f"\0{url.get_secret_value() if url else ''}"),
        )
        name = identity(path, circumstances)
        if name is None:
            return None
        checkpoint = Checkpoint(self.layout.reports_dir / f"import-{name}.checkpoint.json")
        counted = self.store.count().get(self.layout.name)
        # A database that has fewer is not the one that they were stored in, or was purged.
        if form.restart or checkpoint.read().events > (counted.events if counted else 0):
            checkpoint.remove()
        return checkpoint


def _import(path: str, form: _Form, place: _Place, bars: Bars) -> ImportReport:
    snapshot = open_snapshot(place.layout)
    span = Span.until(now_ms(), place.settings.retention_days)
    currency = form.currency or snapshot.manifest.settings.default_currency
    parser = RowParser(
        Columns(form.mapping), Times(form.zone, span.latest_ms), form.kind, currency
    )
    destination = Destination(
        place.layout.name,
        place.store,
        span.oldest_ms,
        lambda product_id: snapshot.products.row(product_id) is not None,
    )
    with open_records(path) as file:
        checkpoint = place.checkpoint(path, form)
        name = checkpoint.path.name.partition(".")[0] if checkpoint else "import-stdin"
        with RejectionFile(place.layout.reports_dir / f"{name}.rejections.jsonl") as log:
            bars.start("importing (bytes)", file.total_bytes)
            return HistoryImport(destination, parser, checkpoint).run(file, log, bars.advance)


def _mapping(pairs: Iterable[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not equals or not theirs.strip():
            raise SettingsError(
                f"--map {pair} is no pair; expected ours=theirs, such as --map product_id=SKU"
            )
        found[ours.strip()] = theirs.strip()
    Columns(found)  # refused before the store is made
    return found


def _currency(code: str | None) -> str | None:
    if code is not None and code not in DECIMALS:
        raise SettingsError(
            f"--currency {code}: expected an upper-case code of ISO 4217 such as EUR"
        )
    return code


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"--timezone {name}: expected a name of the time zone database such as UTC or "
            "Europe/Berlin"
        ) from error


def _lines(report: ImportReport, seconds: float) -> Iterator[str]:
    """The report for people."""
    yield (
        f"{report.index}: {report.stored:,} events stored from {report.rows:,} rows of "
        f"{report.users:,} users in {seconds:.1f} s"
    )
    if report.oldest_ms is not None and report.newest_ms is not None:
        first, last = timestamp(report.oldest_ms)[_DATE], timestamp(report.newest_ms)[_DATE]
        yield f"  from {first} to {last}"
    if report.resumed:
        yield f"  {report.resumed:,} were stored before this import was interrupted"
    if report.repeated:
        yield f"  {report.repeated:,} were there already, and are not stored twice"
    if report.expired:
        yield (
            f"  {report.expired:,} are older than SEARCHSVC_RETENTION_DAYS (up to "
            f"{report.expired_days:,} days old) and were left out: the service would delete them"
        )
    if report.unknown_products:
        more = ", ..." * (report.unknown_products > len(report.unknown_examples))
        yield (
            f"  {_counted(report.unknown_products, 'product')} not in the index "
            f"({', '.join(report.unknown_examples)}{more}), in "
            f"{_counted(report.unknown_rows, 'row')}; stored all the same"
        )
    yield from _left_out(report)


def _left_out(report: ImportReport) -> Iterator[str]:
    if not report.rejected:
        return
    yield f"  left out {_counted(report.rejected, 'bad row')}: {report.rejections_file}"
    reasons = list(report.rejections.items())
    yield from (f"    {count:>6,} x {reason}" for reason, count in reasons[:_SHOWN_REASONS])
    if len(reasons) > _SHOWN_REASONS:
        yield f"    and {len(reasons) - _SHOWN_REASONS} more reasons"
    yield f"    the first: {report.first_rejections[0]}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
