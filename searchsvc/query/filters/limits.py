"""The limits of a filter, and the values that a message about one shows."""

from __future__ import annotations

import math
from difflib import get_close_matches
from typing import TYPE_CHECKING

from searchsvc.errors import BadFilterError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_DEPTH = 10
"""Nesting of and, or and not, or of parentheses and NOT."""
MAX_CLAUSES = 200
"""Conditions and combinations of one filter."""
MAX_VALUES = 1_000
"""Values in all conditions of one filter."""
MAX_CHARACTERS = 16_384
"""Length of a filter in the string grammar."""
MIN_CORNERS = 3
MAX_CORNERS = 100
"""Corners of a polygon."""
MAX_LATITUDE = 90.0
MAX_LONGITUDE = 180.0

_SHOWN_CHARACTERS = 80
_SHOWN_NAMES = 12
_COMPARED_CHARACTERS = 80  # looking for similar names costs the square of their length


class Allowance:
    """Counts what one filter has, whatever notations its parts are in."""

    def __init__(self) -> None:
        self._clauses = 0
        self._values = 0

    def clause(self) -> None:
        """Count a condition or a combination.

        Raises:
            BadFilterError: it is one too many.
        """
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            raise BadFilterError(
                f"filters: more than {MAX_CLAUSES} clauses (fixed; SEARCHSVC_MAX_FILTER_CLAUSES "
                "can only lower it); use any_of for lists of values"
            )

    def values(self, count: int) -> None:
        """Count the values of a condition.

        Raises:
            BadFilterError: they are too many.
        """
        self._values += count
        if self._values > MAX_VALUES:
            raise BadFilterError(
                f"filters: more than {MAX_VALUES} values (fixed; SEARCHSVC_MAX_FILTER_VALUES can "
                "only lower it); ask in several requests"
            )


def finite(value: float, place: str) -> float:
    """`value` as a float; Python's JSON reader accepts NaN and numbers of any size.

    Raises:
        BadFilterError: it is infinite or no number.
    """
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BadFilterError(f"{place}: found {shown(value)}, expected a finite number")
    return number


def shown(value: object) -> str:
    """`value` as a message shows it: cut where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def spelt_like(name: str, names: Sequence[str]) -> str:
    """The `names` that a message offers instead of `name`: the near ones, or else the first."""
    near = get_close_matches(name[:_COMPARED_CHARACTERS], names, _SHOWN_NAMES) or names
    more = " and others" if len(near) > _SHOWN_NAMES else ""
    return f"{', '.join(near[:_SHOWN_NAMES])}{more}"
