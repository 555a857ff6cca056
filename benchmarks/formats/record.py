"""The fields of a feed record, made of published texts such that no feed reader refuses them."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from indexer.feeds.free import MAX_ATTRIBUTES, attribute_name, typed
from indexer.feeds.markup import plain_text, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexer.product import AttributeValue

_ADDRESSES = ("http://", "https://")
_TITLE_CHARS = 100  # of a text that stands in for a title; a result list shows about as much


def title(given: str, text: str, product_id: str) -> str:
    """A title for every product: as given, or the beginning of its text, or its id.

    A product without a title would be rejected, and what is judged must be found.
    """
    return plain_text(given) or shorten(plain_text(text), _TITLE_CHARS) or product_id


def free_attributes(pairs: Iterable[tuple[str, object]]) -> dict[str, AttributeValue]:
    """Values by name; several of one name become a list of distinct texts.

    Left out is what would cost the product or what nobody searches for: names that are empty or
    too long, what exceeds the limit of attributes, blank values, objects, and web addresses.
    """
    gathered: dict[str, list[AttributeValue]] = {}
    for given, value in pairs:
        try:
            name = attribute_name(given)
        except ValueError:
            continue
        if name in gathered or len(gathered) < MAX_ATTRIBUTES:
            found = [single for single in _singles(value) if single != ""]
            if found:
                gathered.setdefault(name, []).extend(found)
    return {name: _merged(values) for name, values in gathered.items()}


def _singles(value: object) -> list[AttributeValue]:
    if isinstance(value, list):
        return [single for item in value for single in _singles(item)]
    if isinstance(value, str):
        text = plain_text(value)
        return [] if text.startswith(_ADDRESSES) else [typed(text)]
    if isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        return [value]
    return []


def _merged(values: list[AttributeValue]) -> AttributeValue:
    distinct = tuple(dict.fromkeys(_as_text(value) for value in values))
    return values[0] if len(distinct) == 1 else distinct


def _as_text(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
