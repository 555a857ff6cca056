"""The writer: what is acknowledged is stored, what cannot be is told, and nobody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, wait
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchsvc.errors import EventsUnavailableError, OverloadedError, StateUnavailableError
from searchsvc.events import writer as writers
from searchsvc.events.event import Event, EventKind, Source
from searchsvc.events.writer import MAX_OFFERED, MAX_QUEUED, EventWriter, Outcome
from tests.searchsvc.eventually import eventually

PATIENCE = 20


def event(number: int | str, user: str = "u") -> Event:
    return Event(str(number), EventKind.VIEW, "shop", user, 1, Source.API)


@dataclass(frozen=True)
class Count:
    stored: int
    repeated: int


@dataclass
class Shelf:
    """A store in memory. It waits while `gate` is closed, fails while `error` is set, and never
    takes the event called ``poison``."""

    transactions: list[list[list[str]]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None

    def append_each(self, batches: Sequence[Sequence[Event]]) -> list[Count]:
        self.entered.set()
        assert self.gate.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        if any(one.id == "poison" for batch in batches for one in batch):
            raise ValueError(f"quotes {batches!r}")
        self.transactions.append([[one.id for one in batch] for batch in batches])
        outcomes = []
        for batch in batches:
            new = {one.id for one in batch} - self.ids
            self.ids |= new
            outcomes.append(Count(len(new), len(batch) - len(new)))
        return outcomes


@dataclass
class Witness:
    depths: list[int] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)
    losses: list[tuple[str, int]] = field(default_factory=list)

    def queued(self, events: int) -> None:
        self.depths.append(events)

    def committed(self, seconds: float) -> None:
        self.commits.append(seconds)

    def lost(self, reason: str, events: int) -> None:
        self.losses.append((reason, events))


Made = tuple[EventWriter, Shelf, Witness]
Make = Callable[[], Made]


@pytest.fixture
def made() -> Iterator[Made]:
    """A writer that runs, over a store that answers."""
    shelf, witness = Shelf(), Witness()
    shelf.gate.set()
    writer = EventWriter(shelf, witness)
    writer.start()
    yield writer, shelf, witness
    shelf.gate.set()
    writer.close()


def busy(writer: EventWriter, shelf: Shelf) -> Future[Outcome]:
    """A batch that the writer is at, held up by the gate; what comes behind it waits."""
    shelf.gate.clear()
    shelf.entered.clear()
    first = writer.submit([event("first")])
    assert shelf.entered.wait(PATIENCE)
    return first


def test_a_batch_is_acknowledged_with_what_became_of_it(made: Made) -> None:
    writer, shelf, witness = made
    outcome = writer.submit([event(1), event(2)]).result(PATIENCE)
    assert (outcome.stored, outcome.repeated) == (2, 0)
    outcome = writer.submit([event(2), event(3)]).result(PATIENCE)
    assert (outcome.stored, outcome.repeated) == (1, 1)
    assert shelf.ids == {"1", "2", "3"}
    assert len(witness.commits) == 2
    eventually(lambda: witness.depths[-1] == 0)


def test_nothing_is_acknowledged_before_it_is_stored(made: Made) -> None:
    writer, shelf, _ = made
    first = busy(writer, shelf)
    second = writer.submit([event(2)])
    assert not wait([first, second], timeout=0.05).done
    shelf.gate.set()
    first.result(PATIENCE)
    second.result(PATIENCE)


def test_what_waits_is_stored_in_one_transaction_in_the_order_of_its_arrival(made: Made) -> None:
    writer, shelf, _ = made
    busy(writer, shelf)
    futures = [writer.submit([event(f"{n}a"), event(f"{n}b")]) for n in range(3)]
    writer.offer(event("offered"))
    shelf.gate.set()
    assert [future.result(PATIENCE).stored for future in futures] == [2, 2, 2]
    assert shelf.transactions[1] == [["0a", "0b"], ["1a", "1b"], ["2a", "2b"], ["offered"]]


def test_a_transaction_takes_so_many_events_and_leaves_the_others_to_the_next(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "MAX_COMMIT", 4)
    writer, shelf, _ = made
    busy(writer, shelf)
    futures = [writer.submit([event(f"{n}a"), event(f"{n}b")]) for n in range(5)]
    shelf.gate.set()
    wait(futures, PATIENCE)
    assert [len(batches) for batches in shelf.transactions] == [1, 2, 2, 1]


def test_a_poisoned_batch_fails_alone(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    writer, shelf, witness = made
    busy(writer, shelf)
    good, bad, better = (
        writer.submit([event(1)]),
        writer.submit([event(2), event("poison")]),
        writer.submit([event(3)]),
    )
    writer.offer(event(4))
    shelf.gate.set()
    assert good.result(PATIENCE).stored == better.result(PATIENCE).stored == 1
    with pytest.raises(EventsUnavailableError, match="the service's log"):
        bad.result(PATIENCE)
    writer.settled().result(PATIENCE)
    assert shelf.ids == {"first", "1", "3", "4"}
    assert witness.losses == []
    assert "2 events could not be stored: ValueError" in caplog.text
    assert "quotes [" not in caplog.text


def test_poison_among_what_is_offered_is_dropped_alone_and_counted(made: Made) -> None:
    writer, shelf, witness = made
    busy(writer, shelf)
    assert writer.offer(event("poison"))
    good = writer.submit([event(1)])
    shelf.gate.set()
    assert good.result(PATIENCE).stored == 1
    writer.settled().result(PATIENCE)
    assert witness.losses == [("store_failed", 1)]


def test_while_the_store_fails_everybody_is_told_and_afterwards_all_goes_on(made: Made) -> None:
    writer, shelf, witness = made
    busy(writer, shelf)
    writer.offer(event("offered"))
    futures = [writer.submit([event(n)]) for n in range(3)]
    shelf.error = StateUnavailableError("the disk is full")
    shelf.gate.set()
    for future in futures:
        with pytest.raises(StateUnavailableError, match="disk is full"):
            future.result(PATIENCE)
    assert witness.losses == [("store_failed", 1)]
    shelf.error = None
    assert writer.submit([event("again")]).result(PATIENCE).stored == 1
    assert shelf.transactions[-1] == [["again"]]


def test_a_full_queue_refuses_at_once_and_takes_more_when_it_is_empty(made: Made) -> None:
    writer, shelf, _ = made
    busy(writer, shelf)
    waiting = writer.submit([event(n) for n in range(MAX_QUEUED - 1)])
    with pytest.raises(OverloadedError, match="10,000 events wait"):
        writer.submit([event("more")])
    settled = writer.settled()  # takes no room
    shelf.gate.set()
    assert waiting.result(PATIENCE).stored == MAX_QUEUED - 1
    settled.result(PATIENCE)
    eventually(lambda: writer.submit([event("more")]).result(PATIENCE).stored == 1)


def test_an_offer_never_waits_and_is_dropped_when_too_many_do(made: Made) -> None:
    writer, shelf, witness = made
    busy(writer, shelf)
    assert all(writer.offer(event(n)) for n in range(MAX_OFFERED))
    assert not writer.offer(event("one too many"))
    assert witness.losses == [("queue_full", 1)]
    shelf.gate.set()
    writer.settled().result(PATIENCE)
    assert len(shelf.ids) == MAX_OFFERED + 1
    assert writer.offer(event("now"))


def test_an_offer_takes_no_lock_that_a_transaction_or_a_submission_holds(made: Made) -> None:
    writer, shelf, _ = made
    busy(writer, shelf)
    with writer._submitting:  # noqa: SLF001 - nobody else can hold it that long
        assert writer.offer(event("offered"))
    shelf.gate.set()


def test_what_is_offered_is_stored_without_anybody_waiting(made: Made) -> None:
    writer, shelf, _ = made
    writer.offer(event("offered"))
    eventually(lambda: "offered" in shelf.ids)


def test_settled_means_that_all_that_came_before_is_stored(made: Made) -> None:
    writer, shelf, _ = made
    busy(writer, shelf)
    writer.submit([event("submitted")])
    writer.offer(event("offered"))
    settled = writer.settled()
    shelf.gate.set()
    assert settled.result(PATIENCE).stored == 0
    assert shelf.ids == {"first", "submitted", "offered"}


def test_what_nobody_waits_for_any_more_is_not_stored(made: Made) -> None:
    writer, shelf, _ = made
    busy(writer, shelf)
    given_up = writer.submit([event("given up")])
    assert given_up.cancel()
    shelf.gate.set()
    writer.settled().result(PATIENCE)
    assert "given up" not in shelf.ids


def test_closing_stores_what_waits_and_takes_no_more(made: Made) -> None:
    writer, shelf, witness = made
    busy(writer, shelf)
    waiting = writer.submit([event(1)])
    writer.offer(event(2))
    threading.Timer(0.05, shelf.gate.set).start()
    writer.close()
    assert waiting.result(0).stored == 1
    assert shelf.ids == {"first", "1", "2"}
    with pytest.raises(EventsUnavailableError, match="is stopping"):
        writer.submit([event(3)])
    assert not writer.offer(event(3))
    assert witness.losses == [("closed", 1)]


def test_closing_does_not_wait_for_ever_and_tells_who_waits(made: Made) -> None:
    writer, shelf, witness = made
    busy(writer, shelf)
    waiting, given_up = writer.submit([event(1)]), writer.submit([event(2)])
    writer.offer(event(3))
    given_up.cancel()
    writer.close(0.01)
    with pytest.raises(EventsUnavailableError, match="is stopping"):
        waiting.result(0)
    with pytest.raises(CancelledError):
        given_up.result(0)
    assert witness.losses == [("closed", 1)]


def test_a_writer_that_never_started_closes_at_once() -> None:
    witness = Witness()
    writer = EventWriter(Shelf(), witness)
    writer.offer(event(1))
    writer.close()
    assert witness.losses == [("closed", 1)]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([*map(str, range(12)), "poison"]), min_size=1, max_size=5),
        max_size=12,
    )
)
def test_what_is_acknowledged_is_exactly_what_is_stored(batches: list[list[str]]) -> None:
    shelf = Shelf()
    shelf.gate.set()
    writer = EventWriter(shelf, Witness())
    writer.start()
    futures = [writer.submit([event(one) for one in batch]) for batch in batches]
    acknowledged: set[str] = set()
    total = 0
    for batch, future in zip(batches, futures, strict=True):
        if future.exception(PATIENCE) is None:
            acknowledged |= set(batch)
            total += future.result().stored
            assert future.result().stored + future.result().repeated == len(batch)
        else:
            assert "poison" in batch
    writer.close()
    assert shelf.ids == acknowledged
    assert total == len(acknowledged)
