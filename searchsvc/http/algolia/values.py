"""Values of parameters, which clients send as JSON, as JSON in a text, or as plain text."""

from __future__ import annotations

import math
from typing import Annotated

import orjson
from pydantic import AfterValidator, BeforeValidator, Field

from searchsvc.errors import BadQueryError
from searchsvc.query.filters.limits import shown
from searchsvc.query.query import Point

Nested = tuple[tuple[str, ...], ...]
"""Conditions: all of the outer ones must hold, of the inner ones any."""

MAX_NAMES = 200
"""Attributes that one parameter names: each is looked for in every hit."""
MAX_TAG = 200
"""Characters of a tag: it is repeated around every word that was found."""

_LATITUDE, _LONGITUDE = 90, 180


def _decoded(raw: object) -> object:
    """A text that is a JSON list, as that list."""
    if not isinstance(raw, str) or not raw.lstrip().startswith("["):
        return raw
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"found {shown(raw)}, expected a JSON list ({error})") from error


def _texts(raw: object) -> object:
    """Texts, also from one text with commas."""
    listed = _decoded(raw)
    if isinstance(listed, str):
        return [part.strip() for part in listed.split(",") if part.strip()]
    return listed


def _object(raw: object) -> object:
    """An object, also as a text in JSON."""
    if not isinstance(raw, str):
        return raw
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"found {shown(raw)}, expected a JSON object ({error})") from error


def texts_of(raw: object, place: str) -> tuple[str, ...]:
    """Texts outside of `Parameters`; all there are, ``*``, where nothing is sent.

    Raises:
        BadQueryError: they are none.
    """
    try:
        listed = ["*"] if raw is None else _texts(raw)
    except ValueError as error:
        raise BadQueryError(f"{place}: {error}") from error
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        raise BadQueryError(f"{place}: found {shown(raw)}, expected a list of texts")
    try:
        return _few(tuple(listed))
    except ValueError as error:
        raise BadQueryError(f"{place}: {error}") from error


def _few(names: tuple[str, ...]) -> tuple[str, ...]:
    """`names`, each once."""
    different = tuple(dict.fromkeys(names))
    if len(different) > MAX_NAMES:
        raise ValueError(f"found {len(different):,} different names, expected at most {MAX_NAMES}")
    return different


def _nested(raw: object) -> Nested:
    listed = _texts(raw)
    if not isinstance(listed, list):
        raise ValueError(f"found {shown(raw)}, expected a text or a list")  # noqa: TRY004 - pydantic
    found = (entry if isinstance(entry, list) else [entry] for entry in listed)
    return tuple(
        tuple(_text(text) for text in entry) for entry in found if entry not in ([], [""])
    )


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError(  # noqa: TRY004 - pydantic makes a complaint of it
            f"found {shown(raw)}, expected a text, or a list of texts of which any may hold"
        )
    return raw


def _number(raw: object) -> object:
    if isinstance(raw, bool):
        raise ValueError(f"found {shown(raw)}, expected a number")  # noqa: TRY004 - pydantic
    return raw


def _distinct(raw: object) -> object:
    """``false`` and ``true`` are 0 and 1."""
    if isinstance(raw, str):
        return {"false": 0, "true": 1}.get(raw.lower(), raw)
    return int(raw) if isinstance(raw, bool) else raw


def as_text(raw: object) -> object:
    """A boolean as the word for it."""
    return str(raw).lower() if isinstance(raw, bool) else raw


def _radius(raw: object) -> float | None:
    """Metres; ``all`` is no bound."""
    if raw == "all":
        return None
    (radius,) = _floats([raw], 1)
    if radius < 1:
        raise ValueError(f"found {shown(raw)}, expected 'all' or metres, at least 1")
    return radius


def _point(raw: object) -> Point:
    return point(*_floats(raw.split(",") if isinstance(raw, str) else raw, 2))


def _shapes(raw: object) -> tuple[tuple[float, ...], ...]:
    """Lists of coordinates, also one list alone, also as a text with commas."""
    listed = _texts(raw)
    if not isinstance(listed, list):
        raise ValueError(f"found {shown(raw)}, expected a list of coordinates")  # noqa: TRY004 - pydantic
    rings = listed if listed and isinstance(listed[0], list) else [listed]
    return tuple(_floats(ring) for ring in rings if ring)


def _floats(raw: object, count: int | None = None) -> tuple[float, ...]:
    expected = "coordinates" if count is None else f"{count} number{'s' * (count > 1)}"
    try:
        if not isinstance(raw, list) or any(isinstance(part, bool) for part in raw):
            raise ValueError  # noqa: TRY301 - answered below
        numbers = tuple(float(part) for part in raw)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"found {shown(raw)}, expected {expected}") from None
    if not all(map(math.isfinite, numbers)) or count not in (None, len(numbers)):
        raise ValueError(f"found {shown(raw)}, expected {expected}")
    return numbers


def found(value: object) -> str:
    """`value` as a message has it; of what may have a user's token in it, what it is."""
    if value and isinstance(value, dict | list | str):
        return {dict: "an object", list: "a list"}.get(type(value), "a text")
    return shown(value)


def point(latitude: float, longitude: float) -> Point:
    """A place on the earth.

    Raises:
        ValueError: there is none with these coordinates.
    """
    if abs(latitude) > _LATITUDE or abs(longitude) > _LONGITUDE:
        raise ValueError(
            f"found {latitude:g},{longitude:g}, expected a latitude from -90 to 90 and a "
            "longitude from -180 to 180"
        )
    return Point(latitude, longitude)


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Names = Annotated[Texts, AfterValidator(_few)]
Tag = Annotated[str, Field(max_length=MAX_TAG)]
Conditions = Annotated[Nested, BeforeValidator(_nested)]
Count = Annotated[int, BeforeValidator(_number)]
Distinct = Annotated[int, BeforeValidator(_distinct)]
Radius = Annotated[float | None, BeforeValidator(_radius)]
Place = Annotated[Point, BeforeValidator(_point)]
Shapes = Annotated[tuple[tuple[float, ...], ...], BeforeValidator(_shapes)]
Facts = Annotated[dict[str, bool | float | str], BeforeValidator(_object)]
