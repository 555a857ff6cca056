"""Events as ``POST /v1/events`` takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from searchsvc.errors import BadQueryError
from searchsvc.events.draft import Draft
from searchsvc.events.event import MAX_EVENTS, MAX_ITEMS, EventKind, Item, Source
from searchsvc.events.fields import (
    Currency,
    EventId,
    IndexName,
    OrderId,
    Position,
    Price,
    ProductId,
    Quantity,
    QueryId,
    SearchText,
    Time,
)
from searchsvc.events.token import UserToken, repeatable

if TYPE_CHECKING:
    from searchsvc.events.retention import Span

MAX_ITEMS_IN_ALL = 10_000
"""Products of one request."""


class _Sent(BaseModel):
    # Unknown names are one error, not one each: a body has room for two hundred thousand.
    model_config = ConfigDict(
        extra="allow",
        strict=True,
        frozen=True,
        json_schema_extra={"additionalProperties": False},
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name in self.__pydantic_extra__ or ():
            known = ", ".join(type(self).model_fields)
            raise ValueError(f"unknown name {repeatable(name)!r}, expected one of {known}")
        return self


class SentItem(_Sent):
    """A product of an event."""

    id: ProductId = Field(description="The product's id in the feed.")
    position: Position | None = Field(None, description="In the answer, from 1.")
    quantity: Quantity = 1
    price: Price | None = Field(None, description="Of one, in the major unit.")

    def to_item(self) -> Item:
        """The item of an event."""
        return Item(self.id, self.position, self.quantity, self.price)


class SentEvent(_Sent):
    """Something that a shopper did."""

    type: EventKind
    id: EventId | None = Field(
        None,
        description="A second event of the same user in the same index with the same id is the "
        "same event. Without one, the same content is; without a time too, only within an hour.",
    )
    time: Time | None = None
    items: Annotated[list[SentItem], Field(max_length=MAX_ITEMS, fail_fast=True)] = Field(
        [], description="The products; none for a search."
    )
    query_id: QueryId | None = Field(None, description="Of the search's answer.")
    query: SearchText | None = Field(None, description="What was searched for.")
    currency: Currency | None = Field(None, description="Of the prices, ISO 4217.")
    order_id: OrderId | None = Field(
        None,
        description="Number of the order that a purchase is: the same order of the same user in "
        "an imported history is the same event.",
    )
    consent: bool | None = Field(None, description="Instead of the request's.")
    user_token: UserToken | None = None
    index: IndexName | None = None

    @model_validator(mode="after")
    def _about_something(self) -> Self:
        is_search = self.type is EventKind.SEARCH
        if is_search and self.items:
            raise ValueError("a search has no items; send what was chosen from it as events")
        if not is_search and not self.items:
            raise ValueError(f"a {self.type} needs at least one item")
        if is_search and self.query is None:
            raise ValueError("a search needs its query")
        if self.order_id is not None and (self.type is not EventKind.PURCHASE or self.id):
            raise ValueError(
                "order_id stands for the id of a purchase; send it with type 'purchase' and "
                "without an id"
            )
        return self


class SentEvents(_Sent):
    """Events of shoppers who agreed to their being stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "additionalProperties": False,
            "examples": [
                {
                    "consent": True,
                    "user_token": "anon-5f1c0e7a",
                    "index": "shop",
                    "events": [
                        {
                            "type": "purchase",
                            "order_id": "1042",
                            "currency": "EUR",
                            "items": [{"id": "P1", "quantity": 2, "price": 49.95}],
                        }
                    ],
                }
            ],
        }
    )

    events: Annotated[list[SentEvent], Field(min_length=1, max_length=MAX_EVENTS, fail_fast=True)]
    consent: bool = Field(
        default=False, description="Whether the shopper agreed. What nobody agreed to is dropped."
    )
    user_token: UserToken | None = None
    index: IndexName | None = Field(None, description="That the products are in.")

    def drafts(self, span: Span) -> list[Draft]:
        """The events, each with what the request says of all.

        Raises:
            BadQueryError: one is older or newer than `span`, or to be stored without a user or an
            index; or there are too many products.
        """
        items = sum(len(event.items) for event in self.events)
        if items > MAX_ITEMS_IN_ALL:
            raise BadQueryError(
                f"events: {items:,} items in all, expected at most {MAX_ITEMS_IN_ALL:,}; send "
                "them in several requests"
            )
        return [
            self._draft(event, f"events[{number}]", span)
            for number, event in enumerate(self.events)
        ]

    def _draft(self, event: SentEvent, place: str, span: Span) -> Draft:
        try:
            time_ms = span.checked(event.time)
        except ValueError as error:
            raise BadQueryError(f"{place}.time: {error}") from error
        consent = self.consent if event.consent is None else event.consent
        token, index = event.user_token or self.user_token, event.index or self.index
        if consent and not token:
            raise BadQueryError(f"{place}.user_token: missing, expected the shopper's pseudonym")
        if consent and not index:
            raise BadQueryError(f"{place}.index: missing, expected the name of an index")
        return Draft(
            place=place,
            consent=consent,
            token=token or "",
            index=index or "",
            id=event.id,
            kind=event.type,
            source=Source.API,
            time_ms=time_ms,
            is_timed=event.time is not None,
            items=tuple(item.to_item() for item in event.items),
            query_id=event.query_id,
            query=event.query,
            currency=event.currency,
            order=event.order_id,
        )
