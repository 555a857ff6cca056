"""Boosts: what Algolia calls optional filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchsvc.errors import BadFilterError
from searchsvc.http.algolia.conditions import comparison, facet
from searchsvc.query.filters.limits import shown
from searchsvc.query.filters.tree import Filter, Not
from searchsvc.query.query import MAX_BOOSTS, Boost

if TYPE_CHECKING:
    from searchsvc.http.algolia.attributes import Attributes
    from searchsvc.http.algolia.values import Nested

_PLACE = "optionalFilters"
_SCORE = "<score="
_SIGNS = "<>="


def read_boosts(nested: Nested, attributes: Attributes) -> tuple[Boost, ...]:
    """The boosts of ``optionalFilters``: ``brand:Acme``, ``brand:Acme<score=2>``, ``brand:-Acme``.

    Numbers may be compared, too (``price<50<score=2>``), which Algolia does not know.

    Each has the share of its score in all scores, so that together they move a product as far as
    boosts may. An excluded value moves products down. Products that fulfil several of a list of
    alternatives gain by each.

    Raises:
        BadFilterError: an attribute is unknown, or a score is no positive number.
    """
    texts = [text for alternatives in nested for text in alternatives]
    if len(texts) > MAX_BOOSTS:
        raise BadFilterError(f"{_PLACE}: {len(texts)}, expected at most {MAX_BOOSTS}")
    scored = [_scored(text, f"{_PLACE}[{number}]") for number, text in enumerate(texts)]
    together = sum(score for _, score in scored)
    return tuple(
        _boost(_condition(text, f"{_PLACE}[{number}]", attributes), score / together, text)
        for number, (text, score) in enumerate(scored)
    )


def _condition(text: str, place: str, attributes: Attributes) -> Filter:
    # Behind the first colon stands a value, in which no sign compares.
    name = text.partition(":")[0]
    parse = comparison if any(sign in name for sign in _SIGNS) else facet
    return parse(text, place, attributes)


def _boost(condition: Filter, weight: float, name: str) -> Boost:
    if isinstance(condition, Not):
        return Boost(condition.part, -weight, name)
    return Boost(condition, weight, name)


def _scored(text: str, place: str) -> tuple[str, float]:
    condition, found, rest = text.partition(_SCORE)
    if not found:
        return text, 1.0
    digits = rest.removesuffix(">")
    if not digits.isdecimal() or not int(digits[:9]) > 0:
        raise BadFilterError(f"{place}: found {shown(text)}, expected a score such as <score=2>")
    return condition, float(digits[:9])
