"""Moments as documents write them: dates, dates with times, time zones."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DATE_CHARACTERS = len("2026-12-24")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)  # not all that ISO 8601 has besides
_YEARS = range(1970, 9000)


def zone_of(name: str) -> tzinfo:
    """The time zone called `name`, by IANA's database; UTC needs none.

    Raises:
        ValueError: there is none, or this machine has no such database.
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a path, a directory's name, an unknown name
        raise ValueError(
            f"no time zone {name!r} is known here; use a name such as Europe/Berlin or UTC"
        ) from None


def begin_of(text: str, zone: tzinfo) -> int:
    """The first millisecond of what is written, since the epoch (UTC).

    Args:
        text: a date, ``2026-12-24``, which begins at midnight in `zone`; or a date with a time
            and a zone of its own, ``2026-12-24T18:00:00+01:00``.
        zone: of dates.

    Raises:
        ValueError: it is neither.
    """
    return _milliseconds(_moment(text, zone))


def end_of(text: str, zone: tzinfo) -> int:
    """The first millisecond behind what is written: a date lasts until its midnight.

    Raises:
        ValueError: see `begin_of`.
    """
    moment = _moment(text, zone)
    if len(text) > _DATE_CHARACTERS:
        return _milliseconds(moment)
    # The next calendar day, which is not always 24 hours away.
    return _milliseconds(moment + timedelta(days=1))


def check_moment(text: str) -> str:
    """`text`, if it is a moment.

    Raises:
        ValueError: see `begin_of`.
    """
    _moment(text, UTC)
    return text


def local_time(now_ms: int, zone: tzinfo) -> datetime:
    """What clocks in `zone` show at a moment."""
    return datetime.fromtimestamp(now_ms / 1_000, zone)


def _moment(text: str, zone: tzinfo) -> datetime:
    expected = (
        f"{text[:40]!r} is neither a date such as 2026-12-24 nor a date with time and zone such "
        "as 2026-12-24T18:00:00+01:00"
    )
    if not _DATE.match(text):
        raise ValueError(expected)
    try:
        if len(text) == _DATE_CHARACTERS:
            day = date.fromisoformat(text)
            moment = datetime(day.year, day.month, day.day, tzinfo=zone)
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(expected) from None
    if moment.tzinfo is None:
        raise ValueError(expected)
    if moment.year not in _YEARS:
        raise ValueError(
            f"{text!r} is in the year {moment.year}, expected {_YEARS[0]} to {_YEARS[-1]}"
        )
    return moment


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND
