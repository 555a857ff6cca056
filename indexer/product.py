"""A product as the catalogue knows it, and its JSON form."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson

from indexer.currencies import DECIMALS

if TYPE_CHECKING:
    from collections.abc import Mapping

AttributeValue = str | float | bool | tuple[str, ...]
"""A free attribute: text, number, boolean or list of texts."""


class Availability(StrEnum):
    """The four states of the Google Merchant specification."""

    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    PREORDER = "preorder"
    BACKORDER = "backorder"


@dataclass(frozen=True, slots=True)
class Price:
    """An amount of money.

    Attributes:
        minor_units: the amount in the currency's smallest unit (cents; yen have none).
        currency: ISO 4217, upper case.
    """

    minor_units: int
    currency: str

    @property
    def major_units(self) -> float:
        """The amount as people write it; the float nearest to the decimal number."""
        scale: int = 10 ** DECIMALS.get(self.currency, 2)
        return self.minor_units / scale


@dataclass(frozen=True, slots=True)
class Location:
    """A place on the earth, in degrees (WGS 84).

    Attributes:
        latitude: north of the equator, -90 to 90.
        longitude: east of Greenwich, -180 to 180.
    """

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One variant of an article: the Google Merchant attributes and the shop's own.

    All text is NFC, without markup and without surrounding space. An absent text is ``""``, an
    absent list ``()``, anything else absent is ``None``.

    Attributes:
        product_types: the shop's own category paths, each ``"A > B > C"``.
        google_product_category: Google's id or path, as given.
        locations: where it is, such as the shops that have it.
        attributes: everything that Google's list does not know, by the feed's own field name.
    """

    id: str
    title: str
    description: str = ""
    link: str = ""
    image_link: str = ""
    additional_image_links: tuple[str, ...] = ()
    availability: Availability | None = None
    availability_date: str = ""
    price: Price | None = None
    sale_price: Price | None = None
    sale_price_effective_date: str = ""
    unit_pricing_measure: str = ""
    unit_pricing_base_measure: str = ""
    brand: str = ""
    gtin: str = ""
    mpn: str = ""
    condition: str = ""
    item_group_id: str = ""
    item_group_title: str = ""
    color: str = ""
    size: str = ""
    size_type: str = ""
    size_system: str = ""
    gender: str = ""
    age_group: str = ""
    material: str = ""
    pattern: str = ""
    product_types: tuple[str, ...] = ()
    google_product_category: str = ""
    product_highlights: tuple[str, ...] = ()
    multipack: int | None = None
    is_bundle: bool | None = None
    identifier_exists: bool | None = None
    energy_efficiency_class: str = ""
    custom_labels: tuple[str, ...] = ()
    locations: tuple[Location, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=lambda: MappingProxyType({}))

    def to_dict(self) -> dict[str, Any]:
        """The public JSON object: fields in declaration order, absent ones left out.

        A price is ``{"minor_units": 4995, "currency": "USD"}``, a location
        ``{"latitude": 48.85, "longitude": 2.35}``; attributes are sorted by name, so that equal
        products are equal bytes.
        """
        out: dict[str, Any] = {}
        for name in _FIELD_NAMES:
            value = getattr(self, name)
            if value is None or value in ("", ()):
                continue
            if isinstance(value, Price):
                out[name] = {"minor_units": value.minor_units, "currency": value.currency}
            elif name == "locations":
                out[name] = [{"latitude": it.latitude, "longitude": it.longitude} for it in value]
            elif name == "attributes":
                if value:
                    out[name] = {key: value[key] for key in sorted(value)}
            else:
                out[name] = value
        return out

    def to_json(self) -> bytes:
        """`to_dict` as UTF-8 JSON: the form in which products are stored and sent."""
        return orjson.dumps(self.to_dict())

    @classmethod
    def from_json(cls, data: bytes | memoryview) -> Product:
        """The product that `to_json` wrote; `data` is trusted (our own file)."""
        raw: dict[str, Any] = orjson.loads(data)
        for name in ("price", "sale_price"):
            if name in raw:
                raw[name] = Price(**raw[name])
        for name in _TUPLE_NAMES:
            if name in raw:
                raw[name] = tuple(raw[name])
        if "locations" in raw:
            raw["locations"] = tuple(Location(**location) for location in raw["locations"])
        if "availability" in raw:
            raw["availability"] = Availability(raw["availability"])
        attributes = raw.get("attributes", {})
        raw["attributes"] = MappingProxyType(
            {k: tuple(v) if isinstance(v, list) else v for k, v in attributes.items()}
        )
        return cls(**raw)


_FIELD_NAMES = tuple(f.name for f in fields(Product))
_TUPLE_NAMES = (
    "additional_image_links",
    "product_types",
    "product_highlights",
    "custom_labels",
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one record of a feed is not in the catalogue; a value, not an exception.

    Attributes:
        position: line number (text formats) or item number (XML), from 1.
        field: the offending field, ``""`` when the record as a whole is.
        value: the offending value, shortened to 200 characters.
        reason: what was expected, for the person who maintains the feed.
        product_id: the record's id where it could be read, else ``""``.
    """

    position: int
    field: str
    value: str
    reason: str
    product_id: str = ""
