"""Filters, facets, orders and groups in the plainest way: from the JSON of each product."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from searchsvc.query.query import FacetOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from indexer.columns import Scalar
    from searchsvc.query.query import FacetRequest, SortKey

Product = dict[str, Any]


@dataclass(frozen=True)
class Condition:
    """A filter in both notations, and as the obvious predicate.

    Attributes:
        json: in the JSON form.
        text: in the string grammar.
        fields: that it is about.
    """

    json: Any
    text: str
    fields: frozenset[str]
    holds: Callable[[Product], bool]

    def __repr__(self) -> str:
        return self.text


def values(product: Product, field: str) -> list[Scalar]:
    """What a product has in a column."""
    attributes = product.get("attributes", {})
    match field:
        case "price":
            return _amount(product.get("price"))
        case "effective_price":
            return _amount(product.get("sale_price") or product.get("price"))
        case "product_type":
            return _ancestors(product.get("product_types", ()))
        case "released":
            return _seconds(attributes.get("date_released") or product.get("availability_date"))
        case "popularity" | "rating":
            found = attributes.get(field)
        case _ if field.startswith("attributes."):
            found = attributes.get(field.removeprefix("attributes."))
        case _:
            found = product.get(field)
    return found if isinstance(found, list) else [] if found is None else [found]


def _amount(price: dict[str, Any] | None) -> list[Scalar]:
    return [] if price is None else [price["minor_units"] / 100]


def _ancestors(paths: Iterable[str]) -> list[Scalar]:
    found: dict[Scalar, None] = {}
    for path in paths:
        steps = path.split(" > ")
        found |= {" > ".join(steps[: depth + 1]): None for depth in range(len(steps))}
    return list(found)


def _seconds(text: str | None) -> list[Scalar]:
    if not text:
        return []
    moment = datetime.fromisoformat(text)
    return [(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()]


def equals(field: str, *wanted: Scalar) -> Condition:
    """The field has one of the values."""
    named = {"field": field, "any_of": list(wanted)}
    if len(wanted) == 1:
        named = {"field": field, "eq": wanted[0]}
    text = " OR ".join(f"{field}:{_written(value)}" for value in wanted)
    return Condition(
        named,
        f"({text})" if len(wanted) > 1 else text,
        frozenset((field,)),
        lambda product: any(value in wanted for value in values(product, field)),
    )


def between(field: str, low: float, high: float) -> Condition:
    """The field has a number in the closed interval."""

    def holds(product: Product) -> bool:
        return any(low <= float(value) <= high for value in values(product, field))

    named = {"field": field, "gte": low, "lte": high}
    return Condition(named, f"{field}:{low!r} TO {high!r}", frozenset((field,)), holds)


def below(field: str, bound: float) -> Condition:
    """The field has a smaller number."""

    def holds(product: Product) -> bool:
        return any(float(value) < bound for value in values(product, field))

    return Condition(
        {"field": field, "lt": bound}, f"{field} < {bound!r}", frozenset((field,)), holds
    )


def exists(field: str) -> Condition:
    """The field has a value."""
    return Condition(
        {"field": field, "exists": True},
        f"exists({field})",
        frozenset((field,)),
        lambda product: bool(values(product, field)),
    )


def negated(part: Condition) -> Condition:
    """The other one does not hold."""
    return Condition(
        {"not": part.json},
        f"NOT ({part.text})",
        part.fields,
        lambda product: not part.holds(product),
    )


def either(one: Condition, two: Condition) -> Condition:
    """One of them holds."""
    return Condition(
        {"or": [one.json, two.json]},
        f"({one.text} OR {two.text})",
        one.fields | two.fields,
        lambda product: one.holds(product) or two.holds(product),
    )


def every(parts: Sequence[Condition]) -> Condition | None:
    """All of them hold; ``None`` for no condition."""
    if len(parts) <= 1:
        return parts[0] if parts else None
    return Condition(
        {"and": [part.json for part in parts]},
        " AND ".join(part.text for part in parts),
        frozenset().union(*(part.fields for part in parts)),
        lambda product: all(part.holds(product) for part in parts),
    )


def _written(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return repr(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def sorted_by(products: Sequence[Product], keys: Sequence[SortKey]) -> list[Product]:
    """The products in the order of their values, those without one last; ties stay."""
    ordered = list(products)
    for key in reversed(keys):
        with_value = [it for it in ordered if values(it, key.field)]
        without = [it for it in ordered if not values(it, key.field)]
        pick = max if key.descending else min
        with_value.sort(
            key=lambda it: pick(map(_rank, values(it, key.field))),
            reverse=key.descending,
        )
        ordered = with_value + without
    return ordered


def _rank(value: Scalar) -> Any:
    return value.encode() if isinstance(value, str) else float(value)


def group_of(product: Product, field: str) -> Hashable:
    """What products of one group have in common; that of a product without a value is its own."""
    found = values(product, field)
    return min(found, key=_rank) if found else ("alone", product["id"])


@dataclass(frozen=True)
class Counted:
    """A facet, counted.

    Attributes:
        values: in the order asked for, all of them.
        numbers: one for each product or group and distinct number.
        ranges: how many are in each.
    """

    values: list[tuple[Scalar, int]]
    numbers: list[float]
    ranges: list[int]


def counted(request: FacetRequest, products: Iterable[Product], group_by: str | None) -> Counted:
    """The facet over the products, or over their groups."""
    pairs = {
        (product["id"] if group_by is None else group_of(product, group_by), value)
        for product in products
        for value in values(product, request.field)
    }
    tally = Counter(
        value
        for _, value in pairs
        if request.level is None or str(value).count(" > ") == request.level
    )
    ordered = sorted(tally.items(), key=lambda item: _rank(item[0]))
    if request.order is FacetOrder.COUNT:
        ordered.sort(key=lambda item: -item[1])
    return Counted(
        values=ordered,
        numbers=[float(value) for _, value in pairs if _is_number(value)],
        ranges=[
            len({owner for owner, value in pairs if wanted.low <= float(value) < wanted.high})
            for wanted in request.ranges
        ],
    )


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def identifies(text: str, product: Product) -> bool:
    """Whether the text is one of the product's identifiers, however it is typed."""
    names = (product.get(name) for name in ("id", "sku", "mpn", "gtin"))
    return _bare(text) in {_bare(name) for name in names if name} - {""}


def _bare(identifier: str) -> str:
    """Letters and digits alone, without leading zeros where there are only digits."""
    bare = "".join(sign for sign in identifier.casefold() if sign.isalnum())
    return (bare.lstrip("0") or bare[-1:]) if bare.isdecimal() else bare
