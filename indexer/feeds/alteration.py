"""The border at which a record of a delta becomes a `Change` or a `Rejection`.

A record of a delta is a record of a feed, and a word about what to do with it::

    {"id": "a1", "op": "upsert", "title": "Red shoe", "price": "49.95 EUR"}
    {"id": "a1", "op": "update", "price": "39.95 EUR", "sale_price": null}
    {"id": "a1", "op": "delete"}                  or  {"id": "a1", "delete": true}

An upsert is the whole product, as a feed would state it. An update changes the fields that it
names and no others. In JSON ``null`` removes one, and so does every other value that says nothing
(``""``, ``" "``, ``[]``); where a format has no ``null``, such a field is left alone. Attributes
change name by name. ``op`` and ``delete`` are no fields of a product here.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from indexer.feeds import values
from indexer.feeds.change import Deletion, Operation, Update, Upsert
from indexer.feeds.free import attribute_name
from indexer.feeds.location import states_locations
from indexer.feeds.markup import clean
from indexer.feeds.names import (
    CUSTOM_LABELS,
    LATITUDE,
    LOCATION,
    LONGITUDE,
    PRODUCT_DETAIL,
    FieldNames,
)
from indexer.feeds.raw import RawRecord, shown
from indexer.feeds.record import RecordParser
from indexer.product import Product, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from indexer.feeds.change import Change
    from indexer.feeds.raw import RawValue

OPERATION = "op"
DELETE = "delete"
_NO_TITLE = "-"  # stands for the title of an update that names none
_NO_DETAIL = "expected values; to remove attributes, name them with null"
_ABSENT = MappingProxyType(
    {it.name: it.default for it in fields(Product) if it.default is not MISSING}
)
_PARTS = MappingProxyType(
    dict.fromkeys(CUSTOM_LABELS, "custom_labels")
    | dict.fromkeys((LATITUDE, LONGITUDE, LOCATION), "locations")
)
"""Names that state a part of a field: to change one is to state the field again."""


@dataclass(slots=True)
class _Sorted:
    """The fields of an update.

    Attributes:
        kept: what is stated.
        fields: those of `Product` to remove.
        attributes: names of free attributes to remove, before those that are stated are set.
        clears: whether all free attributes are to be removed.
    """

    kept: dict[str, RawValue] = field(default_factory=dict)
    fields: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    clears: bool = False

    def replace(self, name: str, value: RawValue) -> None:
        """Remove the attributes that `value` stands for; an object only stands for its members."""
        if not isinstance(value, dict) or not value:
            self.attributes.add(name)
            return
        for key, member in value.items():
            self.replace(f"{name}.{attribute_name(key)}", member)


class ChangeParser:
    """Parses the records of one delta.

    Args:
        names: where each of the fields goes, as in the catalogue's feeds.
        default_currency: of prices without one; upper-case ISO 4217 code.
        mode: what a record that does not say it asks for.
        is_typed: whether the format has numbers and ``null`` of its own (JSON has).
    """

    def __init__(
        self,
        names: FieldNames,
        default_currency: str | None,
        mode: Operation,
        *,
        is_typed: bool,
    ) -> None:
        self._names = names
        self._parser = RecordParser(names, default_currency, is_typed=is_typed)
        self._mode = mode
        self._is_typed = is_typed
        self._title = names.spelling_of("title")

    def parse(self, record: RawRecord) -> Change | Rejection:
        """The change that a record describes, or why it describes none; never an exception."""
        stated = dict(record.fields)
        try:
            operation = self._operation(stated)
            if operation is Operation.DELETE:
                return Deletion(record.position, self._required_id(stated))
            if operation is Operation.UPDATE:
                return self._update(record.position, stated)
        except _UnfitError as error:
            return Rejection(
                record.position, error.name, shown(error.value), error.reason, self._id(stated)
            )
        parsed = self._parser.parse(RawRecord(record.position, stated))
        return parsed if isinstance(parsed, Rejection) else Upsert(record.position, parsed)

    def _operation(self, stated: dict[str, RawValue]) -> Operation:
        """What the record asks for; takes the words about it out of `stated`."""
        word, flag = stated.pop(OPERATION, None), stated.pop(DELETE, None)
        try:
            deletes = not _is_blank(flag) and bool(values.boolean(flag))
        except ValueError as error:
            raise _UnfitError(DELETE, flag, str(error)) from error
        if _is_blank(word):
            return Operation.DELETE if deletes else self._mode
        try:
            operation = Operation(str(word).strip().lower())
        except ValueError:
            raise _UnfitError(OPERATION, word, "expected upsert, update or delete") from None
        if deletes and operation is not Operation.DELETE:
            raise _UnfitError(OPERATION, word, f"expected no other operation beside {DELETE}")
        return operation

    def _update(self, position: int, given: Mapping[str, RawValue]) -> Update | Rejection:
        found = _Sorted()
        for name, value in given.items():
            try:
                self._sort(name, value, found)
            except ValueError as error:
                raise _UnfitError(name, value, str(error)) from error
        targets = {self._field(name) for name in found.kept}
        stated = {_PARTS.get(target, target) for target in targets}
        if "title" in found.fields - stated:
            raise _UnfitError("title", "", "expected a value; title is required")
        if "title" not in stated:
            found.kept[self._title] = _NO_TITLE
        product = self._parser.parse(RawRecord(position, found.kept))
        if isinstance(product, Rejection):
            return product
        if LOCATION in targets and _is_no_place(product, found):
            stated.discard("locations")
        gone = {name: _ABSENT[name] for name in found.fields - stated if name in _ABSENT}
        return Update(
            position,
            product.id,
            gone | self._values(product, stated),
            product.attributes,
            frozenset(found.attributes),
            found.clears,
        )

    def _values(self, product: Product, stated: set[str]) -> dict[str, Any]:
        """The fields of `stated`, but in a format without ``null`` those that say nothing."""
        new = {name: getattr(product, name) for name in stated if name in _ABSENT}
        if not self._is_typed:
            new = {name: value for name, value in new.items() if value != _ABSENT[name]}
        return new | ({"title": product.title} if "title" in stated else {})

    def _sort(self, name: str, value: RawValue, found: _Sorted) -> None:
        """Put one field where it belongs.

        Raises:
            ValueError: what was expected instead of it.
        """
        if _is_blank(value):
            if self._is_typed:
                self._remove(name, found)
            return
        found.kept[name] = value
        if self._is_typed:
            self._replace(name, value, found)

    def _replace(self, name: str, value: RawValue, found: _Sorted) -> None:
        """Note what a field that is no blank takes the place of, beside fields of `Product`."""
        target = self._names.target(name)
        if target.attribute:
            found.replace(target.attribute, value)
        elif target.field == LOCATION and (isinstance(value, dict) or not states_locations(value)):
            found.replace(LOCATION, value)
        elif target.field == "attributes" and isinstance(value, dict):
            for key, member in value.items():
                found.replace(attribute_name(key), member)
        elif target.field == PRODUCT_DETAIL and not value:
            raise ValueError(_NO_DETAIL)

    def _remove(self, name: str, found: _Sorted) -> None:
        target = self._names.target(name)
        if target.attribute:
            found.attributes.add(target.attribute)
        elif target.field == "attributes":
            found.clears = True
        elif target.field == PRODUCT_DETAIL:
            raise ValueError(_NO_DETAIL)
        else:
            found.fields.add(_PARTS.get(target.field, target.field))
            if target.field == LOCATION:
                found.attributes.add(LOCATION)

    def _required_id(self, stated: Mapping[str, RawValue]) -> str:
        if product_id := self._id(stated):
            return product_id
        raise _UnfitError("id", "", "expected the id of the product to delete")

    def _id(self, stated: Mapping[str, RawValue]) -> str:
        for name in self._of_field("id", stated):
            with suppress(ValueError):
                return values.product_id(stated[name])
        return ""

    def _of_field(self, wanted: str, stated: Iterable[str]) -> Iterable[str]:
        return (name for name in stated if self._field(name) == wanted)

    def _field(self, name: str) -> str:
        try:
            return self._names.target(name).field
        except ValueError:
            return ""


class _UnfitError(Exception):
    """What a record asks for cannot be told."""

    def __init__(self, name: str, value: object, reason: str) -> None:
        super().__init__(name, value, reason)
        self.name = name
        self.value = value
        self.reason = reason


def _is_no_place(product: Product, found: _Sorted) -> bool:
    """Whether the location of an update is about something else than places.

    One that says nothing at all is about both.
    """
    means_another = any(f"{name}.".startswith(f"{LOCATION}.") for name in product.attributes)
    return not product.locations and (means_another or LOCATION not in found.attributes)


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not clean(value))
