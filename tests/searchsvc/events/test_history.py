"""The import of a shop's history."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from searchsvc.errors import EventFileError, StateUnavailableError
from searchsvc.events import history
from searchsvc.events.event import Event, EventKind
from searchsvc.events.files.checkpoint import Checkpoint, Reached
from searchsvc.events.files.columns import Columns
from searchsvc.events.files.records import open_records
from searchsvc.events.files.rejections import RejectionFile
from searchsvc.events.files.rows import RowParser
from searchsvc.events.files.values import Times
from searchsvc.events.history import Destination, HistoryImport, HistoryStore, ImportReport
from searchsvc.events.retention import DAY_MS, now_ms
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore

PURCHASES = Path(__file__).parents[4] / "shared/data/online_retail/purchases.csv.gz"
HEADER = "order_id,product_id,quantity,time,price,customer_id\n"


@dataclass
class Outcome:
    stored: int
    repeated: int


@dataclass
class Memory:
    """A store in memory that fails after some transactions, as a database may."""

    events: dict[tuple[str, str], Event] = field(default_factory=dict)
    transactions: int = 0
    fails_after: int | None = None

    def user_key(self, token: str) -> str:
        return sha256(token.encode()).hexdigest()

    def append(self, events: Sequence[Event]) -> Outcome:
        if self.transactions == self.fails_after:
            raise StateUnavailableError("the disk is full")
        self.transactions += 1
        before = len(self.events)
        for event in events:
            self.events.setdefault((event.user, event.id), event)
        stored = len(self.events) - before
        return Outcome(stored, len(events) - stored)


@dataclass
class Shop:
    """An import into a place of the test's own."""

    root: Path
    store: HistoryStore = field(default_factory=Memory)
    products: frozenset[str] = frozenset({"a", "b"})
    oldest_ms: int = 0
    told: list[int] = field(default_factory=list)

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.root / "checkpoint.json")

    @property
    def rejections(self) -> Path:
        return self.root / "rejections.jsonl"

    def run(self, content: str | bytes, name: str = "f.csv", **parser: Any) -> ImportReport:
        path = self.root / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.run_file(path, **parser)

    def run_file(self, path: Path, **parser: Any) -> ImportReport:
        destination = Destination("shop", self.store, self.oldest_ms, self.products.__contains__)
        rows = RowParser(Columns(), Times(UTC, now_ms()), **parser)
        with open_records(str(path)) as file, RejectionFile(self.rejections) as log:
            return HistoryImport(destination, rows, self.checkpoint).run(
                file, log, self.told.append
            )


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Any:
    opened = StateStore.open(Settings(data_dir=tmp_path / "data", token_key=SecretStr("k" * 32)))
    yield opened
    opened.close()


def orders(count: int, first: int = 0) -> str:
    """Orders of two products each."""
    lines = [
        f"o{number},{product},1,2026-01-01T00:00:00Z,2.50,c{number % 7}\n"
        for number in range(first, first + count)
        for product in "ab"
    ]
    return HEADER + "".join(lines)


def test_orders_are_stored_for_their_customers(shop: Shop, store: StateStore) -> None:
    shop.store = store
    report = shop.run(orders(10))
    assert (report.rows, report.stored, report.repeated, report.users) == (20, 10, 0, 7)
    assert report.oldest_ms == report.newest_ms == 1_767_225_600_000
    profile = store.profile("shop", store.user_key("c1"))
    assert (profile.orders, profile.spent) == (2, 10.0)
    assert sum(shop.told) == (shop.root / "f.csv").stat().st_size


def test_a_second_import_repeats_nothing(shop: Shop, store: StateStore) -> None:
    shop.store = store
    shop.run(orders(10))
    again = shop.run(orders(12))
    assert (again.stored, again.repeated) == (2, 10)


def test_no_customer_is_in_the_files_of_an_import(shop: Shop, store: StateStore) -> None:
    shop.store = store
    customer = "secret-customer-17850"
    bad = f"o1,a,many,2026-01-01,2.50,{customer}\no1,a,{customer},2026-01-01,1,{customer}\n"
    shop.run(orders(3) + bad + f"{customer}\n" + f"o9,a,1,2026-01-01,2.50,{customer}\n")
    written = [path for path in shop.root.rglob("*") if path.is_file() and path.name != "f.csv"]
    assert shop.rejections in written
    assert shop.root / "data/state.db" in written
    for path in written:
        assert customer.encode() not in path.read_bytes(), path


def test_bad_rows_cost_themselves_and_are_listed(shop: Shop) -> None:
    report = shop.run(orders(2) + "o9,a,1,never,1,c\no9,a,1,never,1,c\no9,a,0,2026-01-01,1,c\n")
    assert (report.rows, report.stored, report.rejected) == (7, 2, 3)
    assert list(report.rejections.values()) == [2, 1]
    assert report.first_rejections[0].startswith("line 6: time: expected a time")
    assert report.rejections_file == str(shop.rejections)
    listed = [json.loads(line) for line in shop.rejections.read_bytes().splitlines()]
    assert [row["line"] for row in listed] == [6, 7, 8]


def test_unknown_products_are_counted_and_stored(shop: Shop) -> None:
    report = shop.run(orders(1) + "o8,x,1,2026-01-01,1,c\no9,x,1,2026-01-01,1,c\n")
    assert (report.stored, report.unknown_products, report.unknown_rows) == (3, 1, 2)
    assert report.unknown_examples == ["x"]


def test_every_kind_of_event_is_taken(shop: Shop) -> None:
    records = [
        {"type": "search", "query": "sofa", "query_id": "q1"},
        {"type": "view", "sku": "a"},
        {"type": "click", "sku": "a", "query_id": "q1", "position": 2},
        {"type": "addtocart", "sku": "a"},
        {"type": "transaction", "order": 7, "items": [{"sku": "a"}, {"sku": "b"}]},
    ]
    common = {"user": "u", "timestamp": 1_767_225_600_000}
    content = gzip.compress(b"\n".join(json.dumps(common | it).encode() for it in records))
    report = shop.run(content, "f.jsonl.gz")
    assert (report.rows, report.stored) == (6, 5)
    assert isinstance(shop.store, Memory)
    found = list(shop.store.events.values())
    assert [it.kind for it in found] == list(EventKind)
    assert found[0].query_id == found[2].query_id
    assert [len(it.items) for it in found] == [0, 1, 1, 1, 2]


def test_what_the_service_would_delete_at_once_is_not_stored(shop: Shop) -> None:
    shop.oldest_ms = 1_767_225_600_000
    report = shop.run(orders(2) + "o8,a,1,2025-12-31,1,c\n")
    assert (report.stored, report.expired) == (2, 1)
    assert report.expired_days == -(-(now_ms() - 1_767_139_200_000) // DAY_MS)
    shop.oldest_ms += 1
    with pytest.raises(EventFileError, match="2 events are older than SEARCHSVC_RETENTION_DAYS"):
        shop.run(orders(2))


def test_a_time_in_the_future_is_a_bad_row(shop: Shop) -> None:
    later = datetime.fromtimestamp((now_ms() + DAY_MS) / 1_000, UTC).isoformat()
    report = shop.run(orders(1) + f"o8,a,1,{later},1,c\n")
    assert list(report.rejections) == ["time: expected a time that is not in the future"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "it has no rows"),
        (HEADER, "it has no rows"),
        (HEADER + "o1,a,1,never,1,c\n", "all 1 rows were left out. line 2: time: expected"),
        ("a,b\n1,2\n", "no column for customer_id and time"),
    ],
)
def test_a_file_of_nothing_is_an_error(shop: Shop, content: str, message: str) -> None:
    with pytest.raises(EventFileError, match=message):
        shop.run(content)


def test_an_import_that_fails_goes_on_where_it_was(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "BATCH_ITEMS", 30)
    store = Memory(fails_after=3)
    shop.store = store
    content = orders(100) + "o101,a,1,never,1,c\n" + orders(5, 200).removeprefix(HEADER)
    with pytest.raises(StateUnavailableError):
        shop.run(content)
    assert shop.checkpoint.read() == Reached(line=62, events=30)
    store.fails_after = None
    store.transactions = 0
    report = shop.run(content)
    assert (report.resumed, report.stored, report.repeated) == (30, 75, 0)
    assert (report.rows, report.rejected, report.users) == (211, 1, 7)
    assert store.transactions == 8
    assert not shop.checkpoint.path.exists()
    assert len(store.events) == 105


@pytest.mark.parametrize("fails_after", range(6))
def test_wherever_an_import_stops_the_next_one_completes_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, fails_after: int
) -> None:
    monkeypatch.setattr(history, "BATCH_ITEMS", 1)
    # Orders that go on later, and several events that begin on one line.
    clicks = [{"sku": "a", "time": 1_767_225_600 + n} for n in range(2)]
    records: list[dict[str, Any]] = [
        {"order": "o1", "sku": "a", "time": "2026-01-01"},
        {"type": "click", "items": clicks},
        {"order": "o1", "sku": "b", "time": "2026-01-01"},
        {"order": "o2", "sku": "b", "time": "2026-01-01"},
    ]
    content = b"\n".join(json.dumps({"user": "u"} | it).encode() for it in records)
    whole = Memory()
    Shop(shop.root, whole).run(content, "f.jsonl")
    store = Memory(fails_after=fails_after)
    shop.store = store
    if fails_after < 5:
        with pytest.raises(StateUnavailableError):
            shop.run(content, "f.jsonl")
        store.fails_after = None
    shop.run(content, "f.jsonl")
    assert store.events == whole.events
    assert len(whole.events) == 5


def test_what_came_before_the_end_of_a_cut_file_is_stored_but_not_half_an_order(
    shop: Shop,
) -> None:
    content = orders(5).encode()
    with pytest.raises(EventFileError, match="ends in the middle"):
        shop.run(content[:-10])
    assert isinstance(shop.store, Memory)
    assert len(shop.store.events) == 4
    assert shop.run(content).stored == 1


@pytest.mark.slow
@pytest.mark.skipif(not PURCHASES.exists(), reason="the purchases of online_retail are not here")
def test_a_real_shops_year_is_imported_as_it_is(shop: Shop) -> None:
    report = shop.run_file(PURCHASES)
    assert (report.rows, report.stored, report.users) == (396_337, 18_402, 4_334)
    assert report.rejected == 0
    assert isinstance(shop.store, Memory)
    assert sum(len(it.items) for it in shop.store.events.values()) == 396_337
