"""Insights events: what Algolia's clients send of clicks and conversions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from searchsvc.errors import BadQueryError
from searchsvc.events.draft import Draft
from searchsvc.events.event import MAX_EVENTS, MAX_ITEMS, EventKind, Item, Source
from searchsvc.events.fields import IndexName, Position, Price, ProductId, Quantity
from searchsvc.events.sent import MAX_ITEMS_IN_ALL
from searchsvc.events.token import parse_token
from searchsvc.http.bodies import complaints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from searchsvc.events.retention import Span

_USAGE = "instantsearch"
_INTERNAL = "instantsearch-internal"
_QUERY_ID_LENGTH = 32
_MESSAGE = "message_"


def _camel(name: str) -> str:
    """Algolia's spelling of a name: ``objectIDs``, ``queryID``."""
    return to_camel(name).replace("Ids", "IDs").replace("Id", "ID")


def _no_empty(raw: Any) -> Any:  # noqa: ANN401 - any JSON
    """``None`` for an empty text: what clients have no value for."""
    return None if raw == "" else raw


def _currency(raw: Any) -> Any:  # noqa: ANN401 - any JSON
    return raw.upper() if isinstance(raw, str) else raw


def _token(raw: Any) -> Any:  # noqa: ANN401 - any JSON
    """A token; clients also take numbers for one."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        raw = str(raw)
    return parse_token(raw) if isinstance(raw, str) and raw else _no_empty(raw)


_Token = Annotated[str | None, BeforeValidator(_token)]
_Query = Annotated[
    Annotated[str, Field(pattern=rf"^([0-9a-f]{{{_QUERY_ID_LENGTH}}}|{_MESSAGE}[!-~]+)$")] | None,
    BeforeValidator(_no_empty),
]


_T = TypeVar("_T")
# A list ends at the first mistake: a body has room for four hundred thousand.
_Few = Annotated[list[_T], Field(max_length=MAX_ITEMS, fail_fast=True)]


class _Theirs(BaseModel):
    """What Algolia's reference names; what it does not know is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=_camel)


class ObjectData(_Theirs):
    """One product of a conversion; prices may be texts."""

    price: Price | None = None
    quantity: Quantity | None = None
    query_id: _Query = None


class InsightsEvent(_Theirs):
    """A click, a view or a conversion."""

    event_type: Literal["click", "view", "conversion"]
    event_subtype: Literal["addToCart", "purchase"] | None = None
    index: IndexName
    object_ids: Annotated[_Few[ProductId], Field(min_length=1)] | None = None
    positions: _Few[Position] | None = None
    object_data: _Few[ObjectData] | None = None
    filters: _Few[str] | None = None
    query_id: _Query = None
    user_token: _Token = None
    authenticated_user_token: _Token = None
    currency: Annotated[
        Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None, BeforeValidator(_currency)
    ] = None
    timestamp: int | None = None
    consent: bool | None = None
    algolia_source: list[Any] = []

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.object_ids is None:
            if self.filters is None:
                raise ValueError("neither objectIDs nor filters, expected one of them")
            return self
        for name, listed in (("positions", self.positions), ("objectData", self.object_data)):
            if listed is not None and len(listed) != len(self.object_ids):
                raise ValueError(
                    f"{len(listed)} {name} of {len(self.object_ids)} objectIDs, expected as many"
                )
        return self

    @property
    def is_named(self) -> bool:
        """Whether it says whose it is."""
        return bool(self.authenticated_user_token or self.user_token)

    @property
    def kind(self) -> EventKind:
        """What was done."""
        if self.event_type == "conversion":
            is_cart = self.event_subtype == "addToCart"
            return EventKind.ADD_TO_CART if is_cart else EventKind.PURCHASE
        return EventKind(self.event_type)

    def passed_over(self) -> str:
        """Why it is of no use here; empty for an event to store."""
        if self.object_ids is None:
            return "filters"
        # A newsletter may be a conversion, too: it must not count as a purchase.
        if self.event_type == "conversion" and self.event_subtype is None:
            return "conversion"
        # What InstantSearch counts as viewed is all that a page of hits shows.
        is_shown = self.event_type == "view" and _INTERNAL in self.algolia_source
        return "impressions" if is_shown else ""

    def parts(self) -> Mapping[str | None, Sequence[Item]]:
        """The products by the query that they were found with.

        A purchase is one order, of the query that most of its products were found with: the cart
        and the clicks before it have told each product's own.
        """
        ids = self.object_ids or []
        positions: Sequence[int | None] = self.positions or [None] * len(ids)
        details = self.object_data or [ObjectData()] * len(ids)
        parts: dict[str | None, list[Item]] = {}
        for product_id, position, data in zip(ids, positions, details, strict=True):
            item = Item(product_id, position, data.quantity or 1, data.price)
            parts.setdefault(_stored_query_id(data.query_id or self.query_id), []).append(item)
        if self.kind is not EventKind.PURCHASE:
            return parts
        told = {query_id: len(items) for query_id, items in parts.items() if query_id}
        items = [item for part in parts.values() for item in part]
        return {max(told, key=told.__getitem__, default=None): items}


def _stored_query_id(query_id: str | None) -> str | None:
    """Of a search; that of a conversation with a machine names no search here."""
    return None if query_id is None or query_id.startswith(_MESSAGE) else query_id


def _unless_usage(raw: Any) -> Any:  # noqa: ANN401 - any JSON
    """``None`` for what InstantSearch tells Algolia of its own use, whatever that says."""
    return None if isinstance(raw, dict) and raw.get("eventType") == _USAGE else raw


class InsightsEvents(_Theirs):
    """A request; ``None`` stands for an event of usage."""

    events: Annotated[
        list[Annotated[InsightsEvent | None, BeforeValidator(_unless_usage)]],
        Field(max_length=MAX_EVENTS, fail_fast=True),
    ]
    consent: bool | None = None


@dataclass
class Insights:
    """What a request brought.

    Attributes:
        user: the token of whom events are that name nobody; ``None`` where they must.
        passed_over: events that are of no use here, by the reason.
    """

    user: str | None = None
    passed_over: Counter[str] = field(default_factory=Counter)

    def drafts(self, body: bytes, span: Span, *, consent: bool) -> list[Draft]:
        """The events in `body`.

        Args:
            body: JSON.
            span: that their times must be in.
            consent: of events that say nothing of it, in a request that does not either.

        Raises:
            NoJsonError: the body is none.
            BadQueryError: an event is malformed; names its place.
        """
        try:
            request = InsightsEvents.model_validate_json(body)
        except ValidationError as error:
            if error.errors(include_url=False)[0]["type"] == "json_invalid":
                raise NoJsonError(complaints(error)) from None
            raise BadQueryError(complaints(error)) from None
        found: list[Draft] = []
        for number, event in enumerate(request.events):
            reason = "usage" if event is None else event.passed_over()
            if event is None or reason:
                self.passed_over[reason] += 1
                continue
            said = (event.consent, request.consent, consent)
            agreed = next(answer for answer in said if answer is not None)
            known = event if event.is_named else event.model_copy(update={"user_token": self.user})
            found += _drafts(known, f"events[{number}]", span, consent=agreed)
        if sum(len(draft.items) for draft in found) > MAX_ITEMS_IN_ALL:
            raise BadQueryError(
                f"events: more than {MAX_ITEMS_IN_ALL:,} objectIDs in all; send them in several "
                "requests"
            )
        return found


class NoJsonError(BadQueryError):
    """The body is no JSON."""


def _drafts(event: InsightsEvent, place: str, span: Span, *, consent: bool) -> list[Draft]:
    """The events to store of one that was sent; see `InsightsEvent.parts`."""
    try:
        time_ms = span.checked(event.timestamp)
    except ValueError as error:
        raise BadQueryError(f"{place}.timestamp: {error}") from error
    # Who has logged in is known by that name on every device.
    token = event.authenticated_user_token or event.user_token
    if consent and not token:
        raise BadQueryError(f"{place}.userToken: missing, expected the shopper's pseudonym")
    return [
        Draft(
            place=place,
            consent=consent,
            token=token or "",
            index=event.index,
            id=None,
            kind=event.kind,
            source=Source.INSIGHTS,
            time_ms=time_ms,
            is_timed=event.timestamp is not None,
            items=tuple(items),
            query_id=query_id,
            currency=event.currency,
        )
        for query_id, items in event.parts().items()
    ]
