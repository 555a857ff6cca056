"""The border at which a feed's record becomes a `Product` or a `Rejection`."""

from __future__ import annotations

from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Required

from pydantic import PlainValidator, TypeAdapter, ValidationError, ValidationInfo
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from indexer.feeds import values
from indexer.feeds.free import FreeAttributes
from indexer.feeds.location import locations, remainder, states_locations
from indexer.feeds.money import parse_price
from indexer.feeds.names import (
    CUSTOM_LABELS,
    LATITUDE,
    LOCATION,
    LONGITUDE,
    PRODUCT_DETAIL,
    FieldNames,
)
from indexer.feeds.raw import RawRecord, shown
from indexer.product import Availability, Location, Price, Product, Rejection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.feeds.raw import RawValue


def _price(value: object, info: ValidationInfo) -> Price | None:
    return parse_price(values.scalar(value) if isinstance(value, list) else value, info.context)


_Text = Annotated[str, PlainValidator(values.text)]
_Texts = Annotated[tuple[str, ...], PlainValidator(values.texts)]
_Identity = Annotated[str, PlainValidator(values.identity)]
_Code = Annotated[str, PlainValidator(values.code)]
_Url = Annotated[str, PlainValidator(values.url)]
_Price = Annotated[Price | None, PlainValidator(_price)]
_Boolean = Annotated[bool | None, PlainValidator(values.boolean)]


class _Fields(TypedDict, total=False):
    """Google's attributes, by the names of `Product`; every one is parsed by `values`."""

    id: Required[Annotated[str, PlainValidator(values.product_id)]]
    title: Required[Annotated[str, PlainValidator(values.title)]]
    description: Annotated[str, PlainValidator(values.description)]
    link: _Url
    image_link: _Url
    additional_image_links: Annotated[tuple[str, ...], PlainValidator(values.urls)]
    availability: Annotated[Availability | None, PlainValidator(values.availability)]
    availability_date: _Text
    price: _Price
    sale_price: _Price
    sale_price_effective_date: _Text
    unit_pricing_measure: _Text
    unit_pricing_base_measure: _Text
    brand: _Text
    gtin: Annotated[str, PlainValidator(values.gtin)]
    mpn: _Code
    condition: Annotated[str, PlainValidator(values.condition)]
    item_group_id: _Identity
    item_group_title: _Text
    color: _Text
    size: _Text
    size_type: _Text
    size_system: _Text
    gender: _Text
    age_group: _Text
    material: _Text
    pattern: _Text
    product_types: Annotated[tuple[str, ...], PlainValidator(values.paths)]
    google_product_category: _Text
    product_highlights: _Texts
    multipack: Annotated[int | None, PlainValidator(values.count)]
    is_bundle: _Boolean
    identifier_exists: _Boolean
    energy_efficiency_class: _Text
    custom_labels: _Texts
    custom_label_0: _Text
    custom_label_1: _Text
    custom_label_2: _Text
    custom_label_3: _Text
    custom_label_4: _Text
    locations: Annotated[tuple[Location, ...], PlainValidator(locations)]


_FIELDS = TypeAdapter(_Fields)


class _UnfitFieldError(Exception):
    """A field outside of Google's list cannot be taken."""

    def __init__(self, name: str, value: object, reason: str) -> None:
        super().__init__(name, value, reason)
        self.name = name
        self.value = value
        self.reason = reason


class RecordParser:
    """Parses the records of one feed.

    Args:
        names: where each of the feed's fields goes.
        default_currency: of prices without one; upper-case ISO 4217 code.
        is_typed: whether the format tells numbers from texts (JSON does, the others do not).
    """

    def __init__(self, names: FieldNames, default_currency: str | None, *, is_typed: bool) -> None:
        self._names = names
        self._currency = default_currency
        self._is_typed = is_typed

    def parse(self, record: RawRecord) -> Product | Rejection:
        """The product that a record describes, or why it describes none; never an exception."""
        stated: dict[str, RawValue] = {}
        free = FreeAttributes(is_typed=self._is_typed)
        try:
            self._assign(record.fields, stated, free)
            self._add_nested(stated, free)
            _add_location(stated, free)
            fields: dict[str, Any] = dict(_FIELDS.validate_python(stated, context=self._currency))
        except ValidationError as error:
            product_id = self._product_id(record.fields)
            return _rejection(record.position, error, stated, product_id)
        except _UnfitFieldError as error:
            product_id = self._product_id(record.fields)
            return Rejection(
                record.position, error.name, shown(error.value), error.reason, product_id
            )
        labels = [label for name in CUSTOM_LABELS if (label := fields.pop(name, ""))]
        if labels:
            fields["custom_labels"] = (*labels, *fields.get("custom_labels", ()))
        if free.values:
            fields["attributes"] = MappingProxyType(free.values)
        return Product(**fields)

    def _assign(
        self, fields: Mapping[str, RawValue], stated: dict[str, RawValue], free: FreeAttributes
    ) -> None:
        """Sort the fields into Google's and the shop's own; blank ones are absent."""
        ranks: dict[str, int] = {}
        for name, value in fields.items():
            if value is None or value == "":
                continue
            try:
                field, attribute, rank = self._names.target(name)
                if attribute:
                    free.add(attribute, value)
                elif field not in stated or rank > ranks[field]:
                    stated[field] = value
                    ranks[field] = rank
            except ValueError as error:
                raise _UnfitFieldError(name, value, str(error)) from error

    def _add_nested(self, stated: dict[str, RawValue], free: FreeAttributes) -> None:
        """Move what holds free attributes in one value of Google's."""
        for field, add in (("attributes", free.add_all), (PRODUCT_DETAIL, free.add_details)):
            value = stated.pop(field, None)
            try:
                if value is not None:
                    add(value)
            except ValueError as error:
                raise _UnfitFieldError(field, value, str(error)) from error

    def _product_id(self, fields: Mapping[str, RawValue]) -> str:
        """The id of a record that was given up before all of its fields were sorted."""
        for name, value in fields.items():
            with suppress(ValueError):
                if self._names.target(name).field == "id":
                    return values.product_id(value)
        return ""


def _add_location(stated: dict[str, RawValue], free: FreeAttributes) -> None:
    """Move what states a place under other names than `Product`'s to it."""
    place = {name: stated.pop(name) for name in (LATITUDE, LONGITUDE) if name in stated}
    value = stated.pop(LOCATION, None)
    rest: object = value
    try:
        if value is not None and states_locations(value):
            stated.setdefault("locations", value)
            rest = remainder(value)
        if rest:
            free.add(LOCATION, rest)
    except ValueError as error:
        raise _UnfitFieldError(LOCATION, value, str(error)) from error
    if len(place) == len((LATITUDE, LONGITUDE)):
        stated.setdefault("locations", place)
    for name, lone in place.items():
        if "locations" not in stated:
            raise _UnfitFieldError(name, lone, "expected a latitude and a longitude, not only one")


def _rejection(
    position: int, error: ValidationError, stated: Mapping[str, RawValue], product_id: str
) -> Rejection:
    first = error.errors(include_url=False)[0]
    field = str(first["loc"][0])
    if first["type"] == "missing":
        return Rejection(position, field, "", f"expected a value; {field} is required", product_id)
    return Rejection(position, field, shown(stated[field]), str(first["ctx"]["error"]), product_id)
