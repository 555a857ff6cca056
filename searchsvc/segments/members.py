"""The members of decoded JSON that conditions are read from, each of a kind that is expected.

Everything raises a `BadLiveSettingsError` that names the place where something else is.
"""

from __future__ import annotations

from typing import Any

from searchsvc.errors import BadFilterError, BadLiveSettingsError
from searchsvc.query.filters import shown
from searchsvc.query.filters.limits import finite


def number(raw: object, place: str) -> float:
    """A finite number.

    Raises:
        BadLiveSettingsError: it is none.
    """
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise BadLiveSettingsError(f"{place}: found {shown(raw)}, expected a number")
    try:
        return finite(raw, place)
    except BadFilterError as error:
        raise BadLiveSettingsError(str(error)) from error


def whole_number(raw: object, low: int, high: int, place: str) -> int:
    """A whole number from `low` to `high`, both included.

    Raises:
        BadLiveSettingsError: it is none.
    """
    if isinstance(raw, bool) or not isinstance(raw, int) or not low <= raw <= high:
        raise BadLiveSettingsError(
            f"{place}: found {shown(raw)}, expected a whole number from {low} to {high:,}"
        )
    return raw


def members(raw: object, names: set[str], place: str) -> dict[str, Any]:
    """An object with no other keys than `names`.

    Raises:
        BadLiveSettingsError: it is none.
    """
    if not isinstance(raw, dict) or not raw.keys() <= names:
        raise BadLiveSettingsError(
            f"{place}: found {shown(raw)}, expected an object with {', '.join(sorted(names))}"
        )
    return raw


def non_empty(raw: object, place: str) -> list[Any]:
    """A list of something.

    Raises:
        BadLiveSettingsError: it is none.
    """
    if not isinstance(raw, list) or not raw:
        raise BadLiveSettingsError(f"{place}: found {shown(raw)}, expected a non-empty list")
    return raw
