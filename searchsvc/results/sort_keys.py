"""Sort keys as a request writes them.

Several are separated by commas, the most important first::

    price                 the price that is paid, cheapest first
    newest                the latest release first
    popularity, rating    highest first
    bestselling           what sells most, as events taught it
    relevance             the order by relevance, which also decides where others are equal
    field, field:asc      a column, smallest first
    field:desc, -field    a column, largest first
    near(48.85,2.35)      the distance from latitude and longitude, nearest first
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from searchsvc.errors import BadQueryError
from searchsvc.query.query import BESTSELLING, MAX_SORT_KEYS, Point, SortKey

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_CHARACTERS = 1_000
"""Of an order."""

_RELEVANCE = "relevance"
_NAMED = {
    "price": SortKey("effective_price"),
    "newest": SortKey("released", descending=True),
    "popularity": SortKey("popularity", descending=True),
    "rating": SortKey("rating", descending=True),
    BESTSELLING: SortKey(BESTSELLING, descending=True),
}
_UNDIRECTED = ("newest", _RELEVANCE)
_COMMA = re.compile(r",(?![^()]*\))")  # none inside of parentheses
_NUMBER = r"\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+))\s*"
_NEAR = re.compile(rf"near\({_NUMBER},{_NUMBER}\)")
_NORTH, _EAST = 90.0, 180.0


def parse_sort(raw: str | Sequence[str]) -> tuple[SortKey, ...]:
    """The order that `raw` stands for; none for relevance.

    Args:
        raw: keys separated by commas, or a list of them, in which a name may have commas.

    Raises:
        BadQueryError: it is none; the message names the place. Whether there is such a column is
            not known here.
    """
    if sum(map(len, raw)) > MAX_CHARACTERS:
        raise BadQueryError(f"sort: longer than {MAX_CHARACTERS} characters; sort by fewer keys")
    items = _COMMA.split(raw) if isinstance(raw, str) else raw
    if isinstance(raw, str) and not raw.strip():
        return ()
    if len(items) > MAX_SORT_KEYS:
        raise BadQueryError(f"sort: {len(items)} keys, expected at most {MAX_SORT_KEYS}")
    keys = [_key(item.strip(), f"sort[{number}]") for number, item in enumerate(items)]
    if None in keys[:-1]:
        raise BadQueryError(
            f"sort[{keys.index(None)}]: found {_RELEVANCE!r} before other keys, expected it last: "
            "it leaves nothing for them to decide"
        )
    return tuple(key for key in keys if key is not None)


def _key(text: str, place: str) -> SortKey | None:
    """One key; ``None`` for relevance."""
    name, descending = _direction(text, place)
    if not name:
        raise BadQueryError(f"{place}: found {text!r}, expected a field such as 'price'")
    if name in _UNDIRECTED and descending is not None:
        raise BadQueryError(
            f"{place}: found {text!r}, expected {name!r} without a direction; the column "
            "behind 'newest' is 'released'"
        )
    if name == _RELEVANCE:
        return None
    if name.startswith("near("):
        return SortKey("", descending=bool(descending), near=_point(name, place))
    known = _NAMED.get(name, SortKey(name))
    return known if descending is None else SortKey(known.field, descending=descending)


def _direction(text: str, place: str) -> tuple[str, bool | None]:
    """The name in `text`, and whether it is to descend; ``None`` where nothing is said."""
    name, descending = text, None
    for ending, direction in ((":asc", False), (":desc", True)):
        if text.endswith(ending):
            name, descending = text.removesuffix(ending), direction
    if name.startswith("-"):
        if descending is not None:
            raise BadQueryError(
                f"{place}: found {text!r}, expected one direction: either '-' or ':desc'"
            )
        return name[1:], True
    return name, descending


def _point(text: str, place: str) -> Point:
    found = _NEAR.fullmatch(text)
    point = Point(float(found[1]), float(found[2])) if found else None
    if point is None or abs(point.latitude) > _NORTH or abs(point.longitude) > _EAST:
        raise BadQueryError(
            f"{place}: found {text!r}, expected latitude and longitude in degrees, such as "
            "near(48.85,2.35)"
        )
    return point
