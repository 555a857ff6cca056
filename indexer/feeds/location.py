"""The locations of a record: places in the spellings that feeds have for them.

A place is ``{"latitude": 48.85, "longitude": 2.35}`` (``lat`` and ``lng`` or ``lon`` are the same)
or the text ``48.85,2.35``; several come as a list, or with ``;`` or ``|`` between the texts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.product import Location

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LATITUDE_NAMES = ("latitude", "lat")
LONGITUDE_NAMES = ("longitude", "lng", "lon")

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,30})?")
_BETWEEN_PLACES = re.compile(r"[;|]")
_MAX_LATITUDE = 90.0
_MAX_LONGITUDE = 180.0
_COORDINATES = 2
_EXPECTED = (
    'expected a latitude of -90 to 90 and a longitude of -180 to 180, such as "48.85,2.35" or '
    '{"lat": 48.85, "lng": 2.35}'
)


def locations(value: object) -> tuple[Location, ...]:
    """The places that a value states, each once, in their order.

    Raises:
        ValueError: what was expected instead of the value.
    """
    return tuple(dict.fromkeys(_places(value)))


def states_locations(value: object) -> bool:
    """Whether a value of a field called location is about coordinates at all.

    Shops also write the name of a town or a shelf there, which is an attribute like any other.
    """
    if isinstance(value, list):
        return bool(value) and states_locations(value[0])
    if isinstance(value, dict):
        names = _members(value).keys()
        return not names.isdisjoint(LATITUDE_NAMES) and not names.isdisjoint(LONGITUDE_NAMES)
    if not isinstance(value, str):
        return False
    parts = _BETWEEN_PLACES.split(value)[0].split(",")
    return len(parts) == _COORDINATES and all(_NUMBER.fullmatch(part.strip()) for part in parts)


def remainder(value: object) -> dict[str, object] | list[object] | None:
    """What objects that state places say beside them; nothing of anything else."""
    if isinstance(value, list):
        return [rest for item in value if (rest := remainder(item))]
    if not isinstance(value, dict):
        return None
    coordinates = {*LATITUDE_NAMES, *LONGITUDE_NAMES}
    return {
        name: member
        for name, member in value.items()
        if coordinates.isdisjoint(_members({name: 0}))
    }


def _places(value: object) -> Iterator[Location]:
    if isinstance(value, list):
        for item in value:
            yield from _places(item)
    elif isinstance(value, dict):
        members = _members(value)
        yield _place(_first(members, LATITUDE_NAMES), _first(members, LONGITUDE_NAMES))
    elif isinstance(value, str):
        for text in filter(str.strip, _BETWEEN_PLACES.split(value)):
            latitude, _, longitude = text.partition(",")
            yield _place(latitude, longitude)
    else:
        raise ValueError(_EXPECTED)  # noqa: TRY004 - the caller's contract, like pydantic's


def _members(value: Mapping[str, object]) -> dict[str, object]:
    return {name.strip().lower().removeprefix("g:"): member for name, member in value.items()}


def _first(members: Mapping[str, object], names: tuple[str, ...]) -> object:
    return next((members[name] for name in names if name in members), None)


def _place(latitude: object, longitude: object) -> Location:
    north, east = _degrees(latitude), _degrees(longitude)
    if abs(north) > _MAX_LATITUDE or abs(east) > _MAX_LONGITUDE:
        raise ValueError(_EXPECTED)
    return Location(north, east)


def _degrees(value: object) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(_EXPECTED)  # noqa: TRY004 - as above
    if not -_MAX_LONGITUDE <= value <= _MAX_LONGITUDE:  # nor is NaN, or what no float can hold
        raise ValueError(_EXPECTED)
    return float(value)
