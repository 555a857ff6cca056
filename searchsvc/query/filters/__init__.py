"""Filters: one tree of conditions, read from JSON or from a string."""

from __future__ import annotations

import orjson

from searchsvc.errors import BadFilterError
from searchsvc.query.filters.grammar import parse_text
from searchsvc.query.filters.json_form import JsonParser
from searchsvc.query.filters.limits import (
    MAX_CHARACTERS,
    MAX_CLAUSES,
    MAX_DEPTH,
    MAX_VALUES,
    Allowance,
    shown,
)
from searchsvc.query.filters.tree import (
    LOCATION,
    And,
    AnyOf,
    Between,
    Box,
    Exists,
    Filter,
    Near,
    Not,
    Or,
    Polygon,
    Spot,
    Written,
    fields_of,
    number_of,
    with_names,
    without_field,
)

__all__ = [
    "LOCATION",
    "MAX_CHARACTERS",
    "MAX_CLAUSES",
    "MAX_DEPTH",
    "MAX_VALUES",
    "And",
    "AnyOf",
    "Between",
    "Box",
    "Exists",
    "Filter",
    "Near",
    "Not",
    "Or",
    "Polygon",
    "Spot",
    "Written",
    "fields_of",
    "number_of",
    "parse_filter",
    "parse_filter_text",
    "shown",
    "with_names",
    "without_field",
]


def parse_filter(raw: object) -> Filter:
    """The filter that `raw` stands for.

    Args:
        raw: decoded JSON: an object in the JSON form, a text in the string grammar, or a list of
            these, all of which must hold.

    Raises:
        BadFilterError: it is none; the message names the place.
    """
    allowance = Allowance()
    if not isinstance(raw, list):
        return _parse_one(raw, "filters", allowance)
    if not raw:
        raise BadFilterError("filters: found [], expected at least one filter in the list")
    allowance.clause()
    parts = [_parse_one(part, f"filters[{number}]", allowance) for number, part in enumerate(raw)]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def parse_filter_text(text: str | None) -> Filter | None:
    """The filter in `text`, JSON or in the string grammar; nothing for no text.

    A text that begins with a brace or a bracket is JSON: nothing in the grammar does.

    Raises:
        BadFilterError: it is no filter; the message names the place.
    """
    if not text or not text.strip():
        return None
    if not text.lstrip().startswith(("{", "[")):
        return parse_filter(text)
    try:
        return parse_filter(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise BadFilterError(
            f'filters: found {shown(text)}, expected JSON such as {{"field": "brand", "eq": '
            f'"HP"}} ({error})'
        ) from error


def _parse_one(raw: object, place: str, allowance: Allowance) -> Filter:
    if isinstance(raw, str):
        return parse_text(raw, place, allowance)
    return JsonParser(allowance).parse(raw, place)
