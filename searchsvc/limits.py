"""Limits: how much one request may ask for.

Each is a setting, which can lower what is fixed and never raise it: what is fixed is what every
part of the service was made and tested for. Both are counted on the query itself, so that it does
not matter by which route, and in which notation, it came.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from pydantic import Field

from searchsvc.errors import LimitExceededError
from searchsvc.events.event import MAX_EVENTS
from searchsvc.query.filters import (
    MAX_CLAUSES,
    MAX_DEPTH,
    MAX_VALUES,
    And,
    AnyOf,
    Filter,
    Not,
    Or,
    Written,
)
from searchsvc.query.query import (
    MAX_BOOSTS,
    MAX_FACET_VALUES,
    MAX_FACETS,
    MAX_LIMIT,
    MAX_OFFSET,
    MAX_TEXT,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from searchsvc.query.query import Query

MAX_SEARCHES = 50
"""Searches of one request in Algolia's form."""
MAX_CHANGES = 10_000
"""Products that one request changes."""
DEFAULT_TIMEOUT_MS = 2_000.0

_USUAL_HITS = 20  # of a request that does not say how many
_USUAL_VALUES = 100  # likewise, of a facet in Algolia's form
_PREFIX = "SEARCHSVC_"
_SETTING_OF: Mapping[str, str] = {
    "query": "max_query_chars",
    "q": "max_query_chars",
    "facetQuery": "max_query_chars",
    "limit": "max_hits",
    "hitsPerPage": "max_hits",
    "length": "max_hits",
    "offset": "max_offset",
    "facets": "max_facets",
    "facets.limit": "max_facet_values",
    "boosts": "max_boosts",
    "events": "max_events",
    "products": "max_changes",
}
"""The setting that can lower what bounds a part of a request, by the part's place."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one request may ask for.

    Attributes:
        max_query_chars: characters of a query.
        max_hits: hits of a page.
        max_offset: hits before a page.
        max_filter_depth: and, or and not inside one another; the outermost counts 1.
        max_filter_clauses: conditions and combinations of a filter.
        max_filter_values: values in all conditions of a filter.
        max_facets: facets of a search.
        max_facet_values: values listed of a facet.
        max_boosts: boosts that a search brings along.
        max_searches: searches of a request in Algolia's form.
        max_events: events of a request.
        max_changes: products that a request changes.
        search_timeout_ms: milliseconds that a search may take once its turn has come.
    """

    max_query_chars: Annotated[int, Field(ge=1, le=MAX_TEXT)] = MAX_TEXT
    max_hits: Annotated[int, Field(ge=_USUAL_HITS, le=MAX_LIMIT)] = MAX_LIMIT
    max_offset: Annotated[int, Field(ge=0, le=MAX_OFFSET)] = MAX_OFFSET
    max_filter_depth: Annotated[int, Field(ge=1, le=MAX_DEPTH)] = MAX_DEPTH
    max_filter_clauses: Annotated[int, Field(ge=1, le=MAX_CLAUSES)] = MAX_CLAUSES
    max_filter_values: Annotated[int, Field(ge=1, le=MAX_VALUES)] = MAX_VALUES
    max_facets: Annotated[int, Field(ge=0, le=MAX_FACETS)] = MAX_FACETS
    max_facet_values: Annotated[int, Field(ge=_USUAL_VALUES, le=MAX_FACET_VALUES)] = (
        MAX_FACET_VALUES
    )
    max_boosts: Annotated[int, Field(ge=0, le=MAX_BOOSTS)] = MAX_BOOSTS
    max_searches: Annotated[int, Field(ge=1, le=MAX_SEARCHES)] = MAX_SEARCHES
    max_events: Annotated[int, Field(ge=1, le=MAX_EVENTS)] = MAX_EVENTS
    max_changes: Annotated[int, Field(ge=1, le=MAX_CHANGES)] = MAX_CHANGES
    search_timeout_ms: Annotated[float, Field(ge=1, le=600_000)] = DEFAULT_TIMEOUT_MS

    def check(self, query: Query) -> None:
        """Let a query pass that asks for no more.

        Raises:
            LimitExceededError: it asks for more; names the part, the limit and the setting.
        """
        self.count("query", "characters", len(query.text), "max_query_chars")
        self.count("limit", "hits", query.limit, "max_hits")
        self.count("offset", "hits before the page", query.offset, "max_offset")
        self.count("facets", "facets", len(query.facets), "max_facets")
        for facet in query.facets:
            self.count(f"facets.{facet.field}", "values", facet.limit, "max_facet_values")
        self.count("boosts", "boosts", len(query.boosts), "max_boosts")
        if query.filter is not None:
            self._check_filter("filters", query.filter)
        for number, boost in enumerate(query.boosts):
            self._check_filter(f"boosts[{number}].filter", boost.condition)

    def count(self, place: str, noun: str, found: int, name: str) -> None:
        """Let pass what does not exceed the limit called `name`.

        Raises:
            LimitExceededError: it does.
        """
        limit: int = getattr(self, name)
        if found > limit:
            raise LimitExceededError(
                f"{place}: {found:,} {noun}, expected at most {limit:,} ({_PREFIX}{name.upper()})"
            )

    def _check_filter(self, place: str, condition: Filter) -> None:
        self.count(place, "clauses", _clauses(condition), "max_filter_clauses")
        self.count(place, "values", _values(condition), "max_filter_values")
        self.count(place, "levels", _depth(condition), "max_filter_depth")


def limit_settings() -> dict[str, tuple[Any, Any]]:
    """The type with its bounds, and the default, of every limit by its name."""
    types = get_type_hints(Limits, include_extras=True)
    return {entry.name: (types[entry.name], entry.default) for entry in fields(Limits)}


def setting_of(place: Sequence[str | int]) -> str:
    """The variable that can lower what bounds the part of a request at `place`; ``""`` for none.

    Args:
        place: names and positions from the outermost, such as ``("facets", 3, "limit")``.
    """
    names = [part for part in place if isinstance(part, str)]
    for path in (".".join(names[-2:]), *names[-1:]):
        if path in _SETTING_OF:
            return f"{_PREFIX}{_SETTING_OF[path].upper()}"
    return ""


def fixed_limit(entry: Mapping[str, Any]) -> str:
    """What to add to a complaint of pydantic about too much of something.

    Args:
        entry: one of `ValidationError.errors`.

    Returns:
        Which setting can lower the limit; ``""`` where it is not about a limit with a setting.
    """
    if entry["type"] not in ("string_too_long", "too_long", "less_than_equal"):
        return ""
    setting = setting_of(entry["loc"])
    return f" (fixed; {setting} can only lower it)" if setting else ""


def _clauses(condition: Filter) -> int:
    """Conditions and combinations; alternatives of one field are one, as a list of values is."""
    if isinstance(condition, Or):
        fields_of_values = {part.field for part in condition.parts if isinstance(part, AnyOf)}
        others = (part for part in condition.parts if not isinstance(part, AnyOf))
        return 1 + len(fields_of_values) + sum(map(_clauses, others))
    return 1 + sum(map(_clauses, _parts(condition)))


def _values(condition: Filter) -> int:
    if isinstance(condition, AnyOf):
        return len(condition.values)
    return isinstance(condition, Written) + sum(map(_values, _parts(condition)))


def _depth(condition: Filter) -> int:
    """Combinations inside one another; of the same kind in a row they are one."""
    if isinstance(condition, And | Or | Not):
        return 1 + max(
            _depth(part) - (type(part) is type(condition)) for part in _parts(condition)
        )
    return 0


def _parts(condition: Filter) -> tuple[Filter, ...]:
    if isinstance(condition, And | Or):
        return condition.parts
    return (condition.part,) if isinstance(condition, Not) else ()
