"""The shape of a product: its JSON, with something else in the places of its texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, Union

Made = TypeVar("Made")
"""What stands in the place of a text."""
Mark = Callable[[str, str], Made]
"""Makes something of a text and the name of its field."""
Shape = Union[Made, list["Shape[Made]"], dict[str, "Shape[Made]"]]  # noqa: UP007 - a type variable and a text cannot be joined by |
"""A value of a product's JSON with its texts replaced; what is no text is left out."""


def shaped(product: Mapping[str, Any], marks: Mapping[str, Mark[Made]]) -> dict[str, Shape[Made]]:
    """What `marks` make of the texts of a product, in the shape of its JSON.

    Args:
        product: its JSON.
        marks: by field, those inside another one with a dot; absent fields are left out.
    """
    made: dict[str, Shape[Made]] = {}
    for field, mark in marks.items():
        value = product.get(field)
        if isinstance(value, str):  # as most are
            made[field] = mark(value, field)
            continue
        _add(made, product, (field, field), mark)
    return made


def _add(
    made: dict[str, Shape[Made]],
    product: Mapping[str, Any],
    field: tuple[str, str],
    mark: Mark[Made],
) -> None:
    """Put what `mark` makes of a field at its place in `made`.

    Args:
        made: what there is of the same part of the product already.
        product: the JSON, or an object in it.
        field: its name in `product`, and as a whole; a name may have dots of its own.
        mark: of a text and its field.
    """
    name, whole = field
    if name in product:
        value = _marked(product[name], whole, mark)
        if value:
            made[name] = value
        return
    outer, _, inner = name.partition(".")
    within = product.get(outer)
    if isinstance(within, Mapping):
        there = made.get(outer)
        nested = there if isinstance(there, dict) else {}
        _add(nested, within, (inner, whole), mark)
        if nested:
            made[outer] = nested


def _marked(value: object, field: str, mark: Mark[Made]) -> Shape[Made] | None:
    if isinstance(value, str):
        return mark(value, field)
    if isinstance(value, list | tuple):
        items = (_marked(item, field, mark) for item in value)
        return [item for item in items if item]
    if isinstance(value, Mapping):
        inner = ((name, _marked(item, f"{field}.{name}", mark)) for name, item in value.items())
        return {name: item for name, item in inner if item}
    return None
