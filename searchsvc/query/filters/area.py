"""Areas of the earth in the JSON form of a filter: near a point, in a box, in a polygon."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from searchsvc.errors import BadFilterError
from searchsvc.query.filters.limits import (
    MAX_CORNERS,
    MAX_LATITUDE,
    MAX_LONGITUDE,
    MIN_CORNERS,
    finite,
    shown,
)
from searchsvc.query.filters.tree import Box, Near, Polygon, Spot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PAIR = 2


def parse_near(raw: object, place: str) -> Near:
    """``{"latitude": 48.85, "longitude": 2.35, "within_m": 5000}``.

    Raises:
        BadFilterError: it is none; the message names the place.
    """
    members = _members(raw, ("latitude", "longitude", "within_m"), place)
    latitude = _number(members["latitude"], MAX_LATITUDE, f"{place}.latitude")
    longitude = _number(members["longitude"], MAX_LONGITUDE, f"{place}.longitude")
    return near(
        latitude, longitude, _number(members["within_m"], None, f"{place}.within_m"), place
    )


def near(latitude: float, longitude: float, within_m: float, place: str) -> Near:
    """The products at most so many metres from a point.

    Raises:
        BadFilterError: the distance is negative.
    """
    if within_m < 0:
        raise BadFilterError(f"{place}: found the distance {within_m}, expected 0 or more")
    return Near(Spot(latitude, longitude), within_m, place)


def parse_box(raw: object, place: str) -> Box:
    """``{"north": 49, "west": 2, "south": 48, "east": 3}``.

    Raises:
        BadFilterError: it is none; the message names the place.
    """
    members = _members(raw, ("north", "west", "south", "east"), place)
    north, south = (
        _number(members[name], MAX_LATITUDE, f"{place}.{name}") for name in ("north", "south")
    )
    west, east = (
        _number(members[name], MAX_LONGITUDE, f"{place}.{name}") for name in ("west", "east")
    )
    return box(north, west, south, east, place)


def box(north: float, west: float, south: float, east: float, place: str) -> Box:
    """The products between two parallels and two meridians.

    Raises:
        BadFilterError: its north is south of its south.
    """
    if north < south:
        raise BadFilterError(f"{place}: found north {north}, expected at least south, {south}")
    return Box(north, west, south, east, place)


def parse_polygon(raw: object, place: str) -> Polygon:
    """``[[49, 2], [49, 3], [48, 2.5]]``, latitude first.

    Raises:
        BadFilterError: it is none; the message names the place.
    """
    if not isinstance(raw, list):
        raise BadFilterError(f"{place}: found {shown(raw)}, expected a list of corners")
    few = raw[: MAX_CORNERS + 1]
    return polygon([_corner(corner, f"{place}[{n}]") for n, corner in enumerate(few)], place)


def polygon(corners: list[Spot], place: str) -> Polygon:
    """The products inside of a polygon.

    Raises:
        BadFilterError: it has too few or too many corners.
    """
    if not MIN_CORNERS <= len(corners) <= MAX_CORNERS:
        found = len(corners) if len(corners) <= MAX_CORNERS else f"more than {MAX_CORNERS}"
        raise BadFilterError(
            f"{place}: found {found} corners, expected {MIN_CORNERS} to {MAX_CORNERS}"
        )
    return Polygon(tuple(corners), place)


PARSERS: Mapping[str, Callable[[object, str], Near | Box | Polygon]] = MappingProxyType(
    {"near": parse_near, "box": parse_box, "polygon": parse_polygon}
)
"""By the key that an area has in the JSON form."""


def _corner(raw: object, place: str) -> Spot:
    if not isinstance(raw, list) or len(raw) != _PAIR:
        raise BadFilterError(f"{place}: found {shown(raw)}, expected [latitude, longitude]")
    return Spot(
        _number(raw[0], MAX_LATITUDE, f"{place}[0]"), _number(raw[1], MAX_LONGITUDE, f"{place}[1]")
    )


def _members(raw: object, names: tuple[str, ...], place: str) -> dict[str, Any]:
    if not isinstance(raw, dict) or raw.keys() != set(names):
        raise BadFilterError(
            f"{place}: found {shown(raw)}, expected an object with {', '.join(names)}"
        )
    return raw


def _number(raw: object, limit: float | None, place: str) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise BadFilterError(f"{place}: found {shown(raw)}, expected a number")
    number = finite(raw, place)
    if limit is not None and abs(number) > limit:
        raise BadFilterError(f"{place}: found {number}, expected {-limit:.0f} to {limit:.0f}")
    return number
