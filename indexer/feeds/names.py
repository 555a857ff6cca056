"""The names of a feed's fields, and what they are called here."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from indexer.errors import FeedUnreadableError, SettingsError
from indexer.feeds.free import attribute_name
from indexer.feeds.location import LATITUDE_NAMES, LONGITUDE_NAMES
from indexer.feeds.raw import shown
from indexer.product import Product

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FREE_PREFIX = "attributes."
"""How a mapping names a free attribute: ``attributes.colour``."""

CUSTOM_LABELS = tuple(f"custom_label_{number}" for number in range(5))
"""Google's five labels, which become `Product.custom_labels`."""

PRODUCT_DETAIL = "product_detail"
"""Google's name and value pairs, which become free attributes."""

LOCATION = "location"
"""Coordinates, which become `Product.locations`, or anything else that a shop means by it."""

LATITUDE, LONGITUDE = "latitude", "longitude"
"""The coordinates of one place in two fields, which become `Product.locations`."""

_SINGULAR = MappingProxyType(
    {
        "additional_image_link": "additional_image_links",
        "product_type": "product_types",
        "product_highlight": "product_highlights",
        "custom_label": "custom_labels",
        "_geoloc": "locations",
    }
)
_SEPARATORS = re.compile(r"[\s_-]+")
_GOOGLE_PREFIX = "g:"

# Feeds have tens of names; only hostile ones have this many.
_MAX_REMEMBERED = 20_000


class Target(NamedTuple):
    """Where the value of a field goes.

    Attributes:
        field: a field of `Product`, `PRODUCT_DETAIL`, one of `CUSTOM_LABELS`, `LOCATION`,
            `LATITUDE` or `LONGITUDE`; "" if free.
        attribute: the free attribute's name; "" if it is none.
        rank: the higher one wins where two fields of a record have the same target: what is
            mapped before Google's prefixed name, that before the plain one.
    """

    field: str
    attribute: str
    rank: int


def _key(name: str) -> str:
    """What equivalent spellings have in common: "Image Link", image-link, g:image_link."""
    folded = unicodedata.normalize("NFC", name).strip().lower().removeprefix(_GOOGLE_PREFIX)
    return _SEPARATORS.sub("", folded)


_FIELD_BY_KEY = MappingProxyType(
    {_key(field.name): field.name for field in fields(Product)}
    | {_key(name): field for name, field in _SINGULAR.items()}
    | {_key(name): name for name in (*CUSTOM_LABELS, PRODUCT_DETAIL, LOCATION)}
    | dict.fromkeys(LATITUDE_NAMES, LATITUDE)
    | dict.fromkeys(LONGITUDE_NAMES, LONGITUDE)
)


class FieldNames:
    """Finds the target of every name; a shop's own mapping goes first.

    Args:
        mapping: the feed's field names to ours: Google's attributes, fields of `Product` or
            ``attributes.<name>``.

    Raises:
        SettingsError: a mapping leads to no such target.
    """

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._mapped: dict[str, Target] = {}
        for name, target in mapping.items():
            self._mapped[name] = self._mapped[_key(name)] = _mapping_target(name, target)
        self._known: dict[str, Target] = {}

    def target(self, name: str) -> Target:
        """Where the value of the field with this name goes.

        Raises:
            ValueError: the name is not fit for an attribute.
        """
        target = self._known.get(name)
        if target is None:
            target = self._find(name)
            if len(self._known) >= _MAX_REMEMBERED:
                self._known.clear()
            self._known[name] = target
        return target

    def spelling_of(self, field: str) -> str:
        """A name whose target is `field` of `Product`; ``""`` if the mapping leaves it none."""
        spellings = (field, *self._mapped)
        return next((name for name in spellings if self._find(name).field == field), "")

    def id_column(self, header: Sequence[str]) -> int:
        """The index of the column with the product's id.

        Raises:
            FeedUnreadableError: the header lacks the id or the title, or a name is no name.
        """
        found = [self._column(name) for name in header]
        missing = [name for name in ("id", "title") if name not in found]
        if missing:
            columns = ", ".join(header[:20])
            raise FeedUnreadableError(
                f"the header has no column for {' and '.join(missing)}, only: {shown(columns)}; "
                "name the columns as Google does, or map the shop's names"
            )
        return found.index("id")

    def _column(self, name: str) -> str:
        try:
            return self._find(name).field if name else ""
        except ValueError as error:
            raise FeedUnreadableError(
                f"the header's column {shown(name)!r} is unusable: {error}; check the format"
            ) from error

    def _find(self, name: str) -> Target:
        key = _key(name)
        mapped = self._mapped.get(name) or self._mapped.get(key)
        if mapped:
            return mapped
        field = _FIELD_BY_KEY.get(key)
        if field:
            return Target(field, "", int(name.strip().lower().startswith(_GOOGLE_PREFIX)))
        return Target("", attribute_name(name), 0)


def _mapping_target(name: str, target: str) -> Target:
    try:
        if target.startswith(FREE_PREFIX):
            return Target("", attribute_name(target.removeprefix(FREE_PREFIX)), 2)
    except ValueError as error:
        raise SettingsError(f"field {name!r} is mapped to {target!r}: {error}") from error
    field = _FIELD_BY_KEY.get(_key(target))
    if not field:
        raise SettingsError(
            f"field {name!r} is mapped to {target!r}, expected one of Google's attributes such as "
            f"id, title, price, product_type, or {FREE_PREFIX}<name> for one of your own"
        )
    return Target(field, "", 2)
