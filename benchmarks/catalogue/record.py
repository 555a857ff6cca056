"""A product as a feed record, with the facts that it can be judged by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.catalogue import wording
from benchmarks.catalogue.draw import Draw
from benchmarks.catalogue.family import families
from benchmarks.catalogue.identifier import gtin13, variant_mpn
from benchmarks.catalogue.vocabulary import load_vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.catalogue.family import Family
    from benchmarks.catalogue.kind import Colour, Kind, Size
    from benchmarks.catalogue.model import Model

Record = dict[str, Any]
"""JSON values by Google Merchant's attribute names; the shop's own are under ``attributes``."""

CURRENCY = "EUR"
SHOP = "https://shop.example"
IMAGES = "http://127.0.0.1:8000/sample/image"
"""Where the service draws the sample's pictures when it runs on its default address."""

_AVAILABILITY = ("in_stock",) * 43 + ("out_of_stock",) * 4 + ("preorder",) * 2 + ("backorder",)
_PRICE_ENDINGS = (99, 95, 90, 0)
_DISCOUNTS = (10, 15, 20, 25, 30, 40, 50)
_SALE_PERCENT = 22


@dataclass(frozen=True, slots=True)
class Variant:
    """One item of the catalogue: its record and the facts behind it."""

    record: Record
    model: Model
    colour: Colour | None


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the variants of a family have in common, made once."""

    stem: str
    title_style: int
    text_style: int
    before: str
    after: str
    cents: int
    ending: int
    discount: int
    attributes: dict[str, str | float]


def iter_records(products: int, seed: int) -> Iterator[Record]:
    """The first `products` records of the catalogue that `seed` names, in constant memory.

    A smaller catalogue is the beginning of a larger one.

    Raises:
        ValueError: `products` or `seed` is negative.
    """
    return (variant.record for variant in iter_variants(products, seed))


def iter_variants(products: int, seed: int) -> Iterator[Variant]:
    """`iter_records` with the facts behind each record."""
    if products < 0 or seed < 0:
        raise ValueError(
            f"cannot make {products} products with seed {seed}: expected numbers from 0"
        )
    return _variants(load_vocabulary(), products, seed)


def _variants(kinds: tuple[Kind, ...], products: int, seed: int) -> Iterator[Variant]:
    for family in families(kinds, seed, products):
        shared = _shared(family)
        for place in range(family.count):
            colour, size = family.variant(place)
            named = None if family.model.kind.colourless else colour
            record = _record(family, shared, place, seed)
            _offer(record, shared, size, Draw(seed, "offer", family.first + place))
            yield Variant(record, family.model, named)


def _shared(family: Family) -> _Shared:
    model, draw = family.model, family.draw
    before, after = wording.description(model, draw)
    low, high = (100 * euros for euros in model.kind.price)
    popularity = 40_000 // (1 + draw.below(4_000))
    attributes: dict[str, str | float] = {trait.attribute: trait.value for trait in model.traits}
    attributes.update({spec.attribute: value for spec, value in model.measured})
    if model.kind.contains:
        attributes["key_ingredient"] = model.material.name
    attributes["model_number"] = model.number
    attributes["product_line"] = model.name
    attributes["rating"] = (30 + draw.below(11) + draw.below(11)) / 10
    attributes["review_count"] = popularity // 7
    attributes["popularity"] = popularity
    return _Shared(
        stem=wording.stem(model, draw),
        title_style=draw.below(3),
        text_style=draw.below(15),
        before=before,
        after=after,
        # The square makes cheap products frequent and dear ones rare.
        cents=low + (high - low) * model.luxury**2 // 1_000_000,
        ending=draw.pick(_PRICE_ENDINGS),
        discount=draw.pick(_DISCOUNTS) if draw.chance(_SALE_PERCENT) else 0,
        attributes=attributes,
    )


def _record(family: Family, shared: _Shared, place: int, seed: int) -> Record:
    """Everything but the offer."""
    model, item = family.model, family.first + place
    kind = model.kind
    tint, size = family.variant(place)
    colour = None if kind.colourless else tint
    name, label = colour.name if colour else "", size.label if size else ""
    about = wording.variant_sentences(colour, size, shared.text_style)
    record: Record = {
        "id": f"P{item:07d}",
        "title": wording.title(shared.stem, name, label, shared.title_style),
        "description": " ".join(filter(None, (shared.before, about, shared.after))),
        "link": f"{SHOP}/p/{item:07d}",
        "image_link": f"{IMAGES}/{kind.slug}/{tint.hex}.svg",
        "brand": model.brand,
        "gtin": gtin13(item, seed),
        "mpn": variant_mpn(model.number, name, label),
        "condition": "new",
        "product_type": kind.product_type,
        "attributes": shared.attributes,
    }
    if len(family.colours) * max(len(family.sizes), 1) > 1:
        record["item_group_id"] = f"G{family.first:07d}"
        record["item_group_title"] = f"{model.brand} {model.name} {kind.name}"
    if colour:
        record["color"] = name
        record["attributes"] = shared.attributes | {"colour_family": colour.family}
    if size:
        record["size"] = label
    if model.audience:
        record["gender"] = model.audience.gender
        record["age_group"] = "kids" if model.audience.key == "kids" else "adult"
    if not kind.contains:
        record["material"] = model.material.name
    return record


def _offer(record: Record, shared: _Shared, size: Size | None, draw: Draw) -> None:
    """Adds price, sale price and availability."""
    cents = shared.cents * (100 + size.dearer) // 100 if size else shared.cents
    price = _retail(cents, shared.ending)
    record["price"] = money(price)
    if shared.discount:
        sale = _retail(price * (100 - shared.discount) // 100, shared.ending)
        if sale < price:
            record["sale_price"] = money(sale)
    availability = draw.pick(_AVAILABILITY)
    record["availability"] = availability
    if availability == "preorder":
        record["availability_date"] = f"2030-{1 + draw.below(12):02d}-01T08:00+00:00"


def _retail(cents: int, ending: int) -> int:
    """The price with a shop's ending: whole euros, .90, .95 or .99, and never nothing."""
    return max(cents // 100 * 100 + ending, 99)


def money(cents: int) -> str:
    """Such as ``49.95 EUR``."""
    return f"{cents // 100}.{cents % 100:02d} {CURRENCY}"
