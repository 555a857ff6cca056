"""Fields of events as requests have them: texts that every database takes, numbers, times."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from searchsvc.query.query import MAX_TEXT

MAX_ID = 200
"""Characters of a product's id, as `indexer` has it, and of an event's."""
MAX_QUANTITY = 1_000_000
MAX_PRICE = 1e12
_QUERY_ID = re.compile(r"[0-9a-f]{32}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)  # not all that ISO 8601 has besides
_MS = 1_000


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("has the character NUL, expected a text without it")
    return text


def parse_time(raw: Any) -> int:  # noqa: ANN401 - whatever JSON has there
    """Milliseconds since the epoch, from such a number or from an ISO 8601 text.

    A text without a zone is UTC.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    try:
        if not isinstance(raw, str) or not _DATE.match(raw):
            raise TypeError  # noqa: TRY301 - answered below
        moment = datetime.fromisoformat(raw)
    except (TypeError, ValueError):
        raise ValueError(
            "expected ISO 8601, such as 2026-01-02T03:04:05Z, or milliseconds since 1970"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * _MS)


Time = Annotated[
    int,
    BeforeValidator(parse_time),
    WithJsonSchema({
        "anyOf": [{"type": "string", "format": "date-time"}, {"type": "integer"}],
        "description": "When it happened: ISO 8601, or milliseconds since 1970.",
    }),
]  # fmt: skip
ProductId = Annotated[str, Field(min_length=1, max_length=MAX_ID), AfterValidator(_without_nul)]
EventId = Annotated[str, Field(min_length=1, max_length=MAX_ID), AfterValidator(_without_nul)]
IndexName = Annotated[str, Field(min_length=1, max_length=MAX_ID)]
SearchText = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_without_nul)]
OrderId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_ID),
    AfterValidator(_without_nul),
]
QueryId = Annotated[str, Field(pattern=rf"^{_QUERY_ID.pattern}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Position = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
Price = Annotated[float, Field(ge=0, le=MAX_PRICE, allow_inf_nan=False)]
