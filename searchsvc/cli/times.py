"""Times as commands take them: a period from now such as ``90d``, or a date."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from searchsvc.errors import BadQueryError
from searchsvc.schedule import parse_period

_MS = 1_000


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def coming(text: str) -> int:
    """The time that is meant by ``90d`` from now, or by ``2027-01-31``, in ms since 1970.

    Raises:
        BadQueryError: it is no such time.
    """
    return _moment(text, 1)


def past(text: str) -> int:
    """The time that is meant by ``7d`` before now, or by ``2026-01-31``, in ms since 1970.

    Raises:
        BadQueryError: it is no such time.
    """
    return _moment(text, -1)


def written(time_ms: int) -> str:
    """It as people read it: ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(time_ms / _MS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: str, direction: int) -> int:
    try:
        return now_ms() + direction * round(parse_period(text) * _MS)
    except BadQueryError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadQueryError(
            f"{text!r} is no time, expected a period such as 12h or 90d, or a date such as "
            "2027-01-31 or 2027-01-31T12:00:00Z"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * _MS)
