"""A record as a feed states it: names and values before they are parsed."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import orjson

from indexer.product import Rejection

MAX_RECORD_BYTES = 1 << 20
"""One record may take 1 MiB of the feed; a larger one is rejected."""

MAX_NESTING = 16
"""How deep lists and objects of one record may stand in each other."""

MAX_SHOWN = 200
"""Characters of an offending value that a `Rejection` repeats."""

RawValue: TypeAlias = "str | int | float | bool | list[RawValue] | dict[str, RawValue] | None"
"""What JSON can say; CSV and TSV say texts, XML texts, lists and objects."""


class RawRecord(NamedTuple):
    """One record with its place in the feed.

    Attributes:
        position: number of the line on which it starts, or of the XML item, from 1.
        fields: values by the feed's own names, in the feed's order.
    """

    position: int
    fields: dict[str, RawValue]


def is_nested_deeper(value: object, levels: int) -> bool:
    """Whether lists and objects stand in each other more than `levels` deep."""
    if not isinstance(value, (dict, list)):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return not levels or any(is_nested_deeper(part, levels - 1) for part in parts)


def shown(value: object) -> str:
    """The value as a `Rejection` repeats it: text as it is, bytes decoded, the rest as JSON."""
    if isinstance(value, bytes):
        text = value[: 4 * MAX_SHOWN].decode("utf-8", "replace")
    elif isinstance(value, str):
        text = value
    else:
        text = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def whole_record(position: int, value: object, reason: str, product_id: str = "") -> Rejection:
    """The rejection of a record that cannot be split into fields."""
    return Rejection(position, "", shown(value), reason, product_id)
