"""Events for tests, and what is to be known from them, put together the obvious way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from searchsvc.events.event import Event, EventKind, Item, Source
from searchsvc.segments.profile import MAX_INTERACTIONS, MAX_SEARCHES, Interaction, Profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

USERS = tuple(f"{number:064x}" for number in (1, 2, 2**255 + 3))
INDEX = "shop"


def make_event(event_id: str, /, *products: str, **changes: Any) -> Event:
    """A purchase of `products` by the first user, unless `changes` says otherwise."""
    fields: dict[str, Any] = {
        "id": event_id,
        "kind": EventKind.PURCHASE,
        "index": INDEX,
        "user": USERS[0],
        "time_ms": 1_000,
        "source": Source.API,
        "items": tuple(Item(product) for product in products),
    }
    return Event(**{**fields, **changes})


# What PostgreSQL stores: no NUL, no half characters.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
prices = st.integers(0, 400).map(lambda quarters: quarters / 4)  # sums are exact
items = st.builds(
    Item,
    st.sampled_from(["a", "B", "ä", "c d"]) | texts,
    st.none() | st.integers(1, 50),
    st.integers(-3, 9),
    st.none() | prices,
)
events = st.builds(
    Event,
    id=st.sampled_from(["e", "E", "é", "f", "f1", "f-1", "10", "9"]) | texts,
    kind=st.sampled_from(EventKind),
    index=st.just(INDEX),
    user=st.sampled_from(USERS),
    time_ms=st.integers(0, 5),
    source=st.sampled_from(Source),
    items=st.lists(items, max_size=4).map(tuple),
    query_id=st.none() | st.just("0" * 32),
    query=st.none() | texts,
    currency=st.none() | st.just("EUR"),
    arm=st.none() | texts,
)


def first_of_each(found: Iterable[Event]) -> list[Event]:
    """Of events of one user in one index with the same id the first; by time, id, user, index."""
    kept: dict[tuple[str, str, str], Event] = {}
    for event in found:
        kept.setdefault((event.user, event.index, event.id), event)
    return sorted(
        kept.values(),
        key=lambda event: (event.time_ms, event.id.encode(), event.user, event.index),
    )


def profile_of(found: Sequence[Event], user: str, segments: frozenset[str]) -> Profile:
    """The profile of `user`, from a list of all events."""
    theirs = sorted(
        (event for event in found if event.user == user),
        key=lambda event: (-event.time_ms, event.id.encode()),
    )
    if not theirs:
        return Profile(segments=segments)
    bought = [event for event in theirs if event.kind is EventKind.PURCHASE]
    return Profile(
        tuple(
            Interaction(item.product_id, event.kind, event.time_ms, item.quantity, item.price)
            for event in theirs
            for item in event.items
        )[:MAX_INTERACTIONS],
        tuple(
            event.query
            for event in theirs
            if event.kind is EventKind.SEARCH and event.query is not None
        )[:MAX_SEARCHES],
        len(bought),
        sum(item.quantity * (item.price or 0) for event in bought for item in event.items),
        theirs[-1].time_ms,
        theirs[0].time_ms,
        segments,
    )
