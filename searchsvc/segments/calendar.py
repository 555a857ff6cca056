"""The JSON form of conditions on the time, and of the period in which a boost is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from searchsvc.errors import BadLiveSettingsError
from searchsvc.query.filters import shown
from searchsvc.segments.members import members, non_empty, whole_number
from searchsvc.segments.moments import begin_of, end_of, zone_of
from searchsvc.segments.times import WEEKDAYS, Dates, Hours, Weekdays

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from searchsvc.segments.conditions import Condition

_HOURS = 24


def parse_hour(raw: dict[str, Any], place: str, default: tzinfo) -> Condition:
    """``{"hour": {"from": 18, "to": 23}}``.

    Raises:
        BadLiveSettingsError: it is none; the message names the place.
    """
    zone = _zone(raw, "hour", place, default)
    span = members(raw["hour"], {"from", "to"}, f"{place}.hour")
    if span.keys() != {"from", "to"}:
        raise BadLiveSettingsError(
            f"{place}.hour: found {shown(span)}, expected both from and to, such as "
            '{"from": 18, "to": 23}'
        )
    begin, end = (
        whole_number(span[name], 0, _HOURS, f"{place}.hour.{name}") for name in ("from", "to")
    )
    if begin % _HOURS == end % _HOURS and (begin, end) != (0, _HOURS):
        raise BadLiveSettingsError(
            f"{place}.hour: from {begin} to {end} is no time at all; 'to' is excluded, and "
            "a whole day is from 0 to 24"
        )
    return Hours(begin, end, zone)


def parse_weekday(raw: dict[str, Any], place: str, default: tzinfo) -> Condition:
    """``{"weekday": ["sat", "sun"]}``.

    Raises:
        BadLiveSettingsError: it is none; the message names the place.
    """
    zone = _zone(raw, "weekday", place, default)
    place = f"{place}.weekday"
    days = non_empty(raw["weekday"], place)
    for number, day in enumerate(days):
        if day not in WEEKDAYS:
            raise BadLiveSettingsError(
                f"{place}[{number}]: found {shown(day)}, expected one of {', '.join(WEEKDAYS)}"
            )
    return Weekdays(frozenset(WEEKDAYS.index(day) for day in days), zone)


def parse_date(raw: dict[str, Any], place: str, default: tzinfo) -> Condition:
    """``{"date": {"from": "2026-12-01", "until": "2026-12-24"}}``.

    Raises:
        BadLiveSettingsError: it is none; the message names the place.
    """
    zone = _zone(raw, "date", place, default)
    span = members(raw["date"], {"from", "until"}, f"{place}.date")
    if not span or None in span.values():
        raise BadLiveSettingsError(
            f"{place}.date: found {shown(span)}, expected from, until or both"
        )
    begin, end = period(span.get("from"), span.get("until"), zone, f"{place}.date")
    written = " ".join(f"{word} {span[word]}" for word in ("from", "until") if word in span)
    return Dates(begin, end, written)


def _zone(raw: dict[str, Any], name: str, place: str, default: tzinfo) -> tzinfo:
    """The time zone of a condition."""
    members(raw, {name, "timezone"}, place)
    if "timezone" not in raw:
        return default
    zone = raw["timezone"]
    if not isinstance(zone, str):
        raise BadLiveSettingsError(
            f"{place}.timezone: found {shown(zone)}, expected a name such as Europe/Berlin"
        )
    try:
        return zone_of(zone)
    except ValueError as error:
        raise BadLiveSettingsError(f"{place}.timezone: {error}") from error


def period(
    begin: object, until: object, zone: tzinfo, place: str
) -> tuple[int | None, int | None]:
    """The milliseconds from which and before which something holds, ``None`` where it is open.

    Raises:
        BadLiveSettingsError: one is no moment, or the end is not behind the beginning.
    """
    begin_ms = _moment(begin, begin_of, zone, f"{place}.from")
    end_ms = _moment(until, end_of, zone, f"{place}.until")
    if begin_ms is not None and end_ms is not None and end_ms <= begin_ms:
        raise BadLiveSettingsError(
            f"{place}: until {until} is not after from {begin}; it would never hold"
        )
    return begin_ms, end_ms


def _moment(
    raw: object, convert: Callable[[str, tzinfo], int], zone: tzinfo, place: str
) -> int | None:
    if raw is None:
        return None
    if not isinstance(raw, str):
        raise BadLiveSettingsError(
            f"{place}: found {shown(raw)}, expected a date such as 2026-12-24"
        )
    try:
        return convert(raw, zone)
    except ValueError as error:
        raise BadLiveSettingsError(f"{place}: {error}") from error
