"""Events in the schema of User Behavior Insights."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from searchsvc.events.event import Event, EventKind, Item, Source
from searchsvc.events.ubi import EVENTS, QUERIES, timestamp, ubi_records

# What OpenSearch calls strict_date_time: all digits, a fraction, a zone.
_STRICT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def _strict_date_time(text: str) -> str:
    assert _STRICT.fullmatch(text)
    datetime.fromisoformat(text)
    return text


Timestamp = Annotated[str, AfterValidator(_strict_date_time)]
Short = Annotated[str, Field(max_length=100)]


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class UbiQuery(Strict):
    """The constraints of query.request.schema.json 1.3.0 on what we write."""

    user_query: str
    timestamp: Timestamp
    application: Short
    client_id: Short
    object_id_field: Short
    query_id: Short | None = Field(None)
    query_attributes: dict[str, Any] | None = None


class UbiObject(Strict):
    object_id: str = Field(max_length=256)
    object_id_type: Short
    object_id_field: Short
    object_detail: dict[str, Any]


class UbiPosition(Strict):
    ordinal: int = Field(ge=1)


class UbiAttributes(Strict):
    object: UbiObject
    position: UbiPosition | None = None
    experiment_arm: str | None = None


class UbiEvent(Strict):
    """The constraints of event.schema.json 1.3.0 and of OpenSearch's mapping."""

    action_name: str = Field(pattern="^(click|add_to_cart|purchase|view)$")
    timestamp: Timestamp
    application: Short
    client_id: Short
    query_id: Short | None = None
    user_query: str | None = None
    event_attributes: UbiAttributes


def without_nulls(record: Any) -> bool:
    if isinstance(record, dict):
        return all(value is not None and without_nulls(value) for value in record.values())
    return True


TIMES = st.integers(0, 4_102_444_800_000)
TEXTS = st.text(max_size=20)
ITEMS = st.builds(
    Item,
    st.text(min_size=1, max_size=200),
    st.none() | st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.none() | st.floats(0, 1e9),
)
EVENT = st.builds(
    Event,
    TEXTS,
    st.sampled_from(EventKind),
    st.sampled_from(["shop", "i" * 63]),
    st.just("ab" * 32),
    TIMES,
    st.sampled_from(Source),
    st.lists(ITEMS, max_size=3).map(tuple),
    st.none() | st.just("ab" * 16),
    st.none() | TEXTS,
    st.none() | st.just("EUR"),
    st.none() | TEXTS,
)


@given(EVENT)
def test_every_event_fits_the_schema(event: Event) -> None:
    records = list(ubi_records(event))
    assert len({record_id for _, record_id, _ in records}) == len(records)
    for index, _, record in records:
        assert without_nulls(record)
        if event.kind is EventKind.SEARCH:
            assert index == QUERIES
            UbiQuery.model_validate(record)
        else:
            assert index == EVENTS
            UbiEvent.model_validate(record)
    assert len(records) == (1 if event.kind is EventKind.SEARCH else len(event.items))


def test_a_search_is_a_query_record() -> None:
    event = Event(
        "e", EventKind.SEARCH, "shop", "ab" * 32, 1_767_323_045_678, Source.SERVICE,
        query_id="cd" * 16, query="red sofa", arm="strong",
    )  # fmt: skip
    ((index, _, record),) = ubi_records(event)
    assert index == "ubi_queries"
    assert record == {
        "application": "shop",
        "query_id": "cd" * 16,
        "client_id": "ab" * 32,
        "user_query": "red sofa",
        "object_id_field": "id",
        "query_attributes": {"experiment_arm": "strong"},
        "timestamp": "2026-01-02T03:04:05.678Z",
    }


def test_a_click_has_its_place_and_a_purchase_its_price() -> None:
    click = Event(
        "c", EventKind.CLICK, "shop", "ab" * 32, 0, Source.API, (Item("p1", 3),), "cd" * 16
    )
    ((index, _, record),) = ubi_records(click)
    assert index == "ubi_events"
    assert (record["action_name"], record["query_id"]) == ("click", "cd" * 16)
    assert record["event_attributes"]["position"] == {"ordinal": 3}
    assert record["event_attributes"]["object"]["object_id"] == "p1"
    items = (Item("p1", None, 2, 9.5), Item("p2"))
    order = Event("o", EventKind.PURCHASE, "shop", "ab" * 32, 0, Source.API, items, currency="EUR")
    first, second = (record["event_attributes"] for _, _, record in ubi_records(order))
    assert first["object"]["object_detail"] == {"quantity": 2, "price": 9.5, "currency": "EUR"}
    assert "position" not in second


@given(TIMES)
def test_a_timestamp_is_exact(time_ms: int) -> None:
    text = _strict_date_time(timestamp(time_ms))
    assert round(datetime.fromisoformat(text).timestamp() * 1_000) == time_ms
