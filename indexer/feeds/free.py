"""The attributes that Google's list does not know, under the feed's own names."""

from __future__ import annotations

import re
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING

from indexer.feeds.markup import clean, plain_text
from indexer.feeds.values import scalar, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from indexer.product import AttributeValue

MAX_ATTRIBUTES = 2_000
"""How many attributes one record may have."""

MAX_NAME_CHARS = 100
MAX_NESTING = 8

_MAX_DIGITS = 15  # every decimal number of as many survives the way through a float
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_NUMBER_STARTS = frozenset("-0123456789")
_BOOLEANS = {"true": True, "false": False}

_PREFIX = re.compile(r"\s*[gG]:")
_DETAIL_COLONS = 2


@lru_cache(maxsize=20_000)
def attribute_name(name: str) -> str:
    """A field's own name in NFC, trimmed, without Google's prefix.

    Raises:
        ValueError: the name is empty or too long.
    """
    prefix = _PREFIX.match(name)
    cleaned = clean(name[prefix.end() :] if prefix else name)
    if not cleaned:
        raise ValueError("expected a name for this attribute")
    if len(cleaned) > MAX_NAME_CHARS:
        raise ValueError(f"expected an attribute name of at most {MAX_NAME_CHARS} characters")
    return cleaned


def typed(text: str) -> AttributeValue:
    """What a text says: true or false, a plain decimal number, or itself.

    Numbers are those that a shop could not have meant as text: no leading zero or plus sign, no
    exponent, at most 15 digits. Everything that looks like a code stays a code.
    """
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text[:1] not in _NUMBER_STARTS or not _NUMBER.fullmatch(text):
        return text
    digits = text.replace(".", "").lstrip("-0")
    if len(digits) > _MAX_DIGITS or (text[0] == "-" and not digits):
        return text
    return float(text) if "." in text else int(text)


class FreeAttributes:
    """The free attributes of one record.

    The first value stated under a name stays; only product details of one name add up.

    Attributes:
        values: by name.
    """

    __slots__ = ("_is_typed", "values")

    def __init__(self, *, is_typed: bool) -> None:
        """Start without any; `is_typed` tells whether the format has numbers of its own."""
        self.values: dict[str, AttributeValue] = {}
        self._is_typed = is_typed

    def add(self, name: str, value: object) -> None:
        """Add a value under a cleaned name; the parts of an object under dotted names.

        Raises:
            ValueError: what was expected instead of the value.
        """
        if isinstance(value, str):  # nearly all of them
            if (single := self._single(value)) != "":
                self.values.setdefault(name, single)
        else:
            for full_name, part in self._parts(name, value, MAX_NESTING):
                self.values.setdefault(full_name, part)
        if len(self.values) > MAX_ATTRIBUTES:
            raise ValueError(f"expected at most {MAX_ATTRIBUTES:,} attributes")

    def add_all(self, attributes: object) -> None:
        """Add every member of an object.

        Raises:
            ValueError: what was expected instead of the value.
        """
        if not isinstance(attributes, dict):
            raise ValueError(  # noqa: TRY004 - the caller's contract, like pydantic's
                "expected an object of attribute names and values"
            )
        for name, value in attributes.items():
            self.add(attribute_name(name), value)

    def add_details(self, details: object) -> None:
        """Add Google's product details, each under its own name.

        Args:
            details: objects with ``attribute_name`` and ``attribute_value`` (or ``name`` and
                ``value``), or texts ``section:name:value``, several with commas between them.

        Raises:
            ValueError: what was expected instead of the value.
        """
        for name, value in _details(details):
            key = attribute_name(name).lower().replace(" ", "_")
            earlier = self.values.pop(key, None)
            self.add(key, value)
            if earlier is not None and key in self.values:
                self.values[key] = _as_texts(earlier) + _as_texts(self.values[key])

    def _parts(
        self, name: str, value: object, levels: int
    ) -> Iterator[tuple[str, AttributeValue]]:
        if isinstance(value, dict):
            if not levels:
                raise ValueError(f"expected at most {MAX_NESTING} nested objects")
            for key, part in value.items():
                full_name = attribute_name(f"{name}.{attribute_name(key)}")
                yield from self._parts(full_name, part, levels - 1)
        elif isinstance(value, list):
            yield from self._list_parts(name, value, levels)
        elif (single := self._single(value)) != "":
            yield name, single

    def _list_parts(
        self, name: str, values: list[object], levels: int
    ) -> Iterator[tuple[str, AttributeValue]]:
        """A list of texts; of objects, one list for each of their members."""
        if not any(isinstance(value, dict) for value in values):
            if found := texts(values):
                yield name, found
            return
        gathered: dict[str, tuple[str, ...]] = {}
        for value in values:
            for full_name, part in self._parts(name, value, levels):
                gathered[full_name] = gathered.get(full_name, ()) + _as_texts(part)
        yield from gathered.items()

    def _single(self, value: object) -> AttributeValue:
        if isinstance(value, str):
            text = plain_text(value)
            return text if self._is_typed else typed(text)
        if isinstance(value, float) and not isfinite(value):
            raise ValueError("expected a finite number")
        if isinstance(value, (bool, int, float)):
            return value
        return scalar(value)


def _as_texts(value: AttributeValue) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (scalar(value),)


def _details(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        for item in value:
            yield from _details(item)
    elif isinstance(value, dict):
        yield _detail_of_object(value)
    else:
        yield from _details_of_text(scalar(value))


def _detail_of_object(value: Mapping[str, object]) -> tuple[str, object]:
    members = {key.removeprefix("g:"): member for key, member in value.items()}
    name = members.get("attribute_name", members.get("name"))
    stated = members.get("attribute_value", members.get("value"))
    if not isinstance(name, str):
        raise ValueError(  # noqa: TRY004 - the caller's contract, like pydantic's
            "expected a product detail with attribute_name and attribute_value"
        )
    return name, stated


def _details_of_text(given: str) -> Iterator[tuple[str, object]]:
    details: list[str] = []
    for piece in given.split(","):
        if not piece.strip():
            continue
        if details and piece.count(":") < _DETAIL_COLONS:
            details[-1] += f",{piece}"  # a comma inside the value before it
        else:
            details.append(piece)
    for detail in details:
        *section_and_name, value = detail.split(":", _DETAIL_COLONS)
        if not section_and_name:
            raise ValueError('expected product details such as "section:name:value"')
        yield section_and_name[-1], value
