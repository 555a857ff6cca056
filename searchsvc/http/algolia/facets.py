"""Facets in the form of Algolia's answers."""

from __future__ import annotations

import html
import math
import re
from typing import TYPE_CHECKING, Any

from indexer.analysis.text import fold
from searchsvc.results.offsets import combines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from indexer.columns import Scalar
    from searchsvc.results.facet import Facet
    from searchsvc.results.highlighted import Tags

_WORD = re.compile(r"[^\W_]+")


def encode_values(facets: Mapping[str, Facet]) -> dict[str, dict[str, int]]:
    """``facets``: how many products have each value, by attribute."""
    return {
        name: {text_of(found.value): found.count for found in facet.values}
        for name, facet in facets.items()
        if facet.values
    }


def encode_statistics(facets: Mapping[str, Facet]) -> dict[str, dict[str, float]]:
    """``facets_stats``: of the attributes with numbers."""
    return {
        name: {
            "min": facet.statistics.minimum,
            "max": facet.statistics.maximum,
            "avg": facet.statistics.average,
            "sum": facet.statistics.total,
        }
        for name, facet in facets.items()
        if facet.statistics is not None
    }


def encode_found_values(facet: Facet, typed: str, tags: Tags) -> list[dict[str, Any]]:
    """``facetHits``: the values that were searched for, with what was typed marked."""
    beginnings = [fold(word) for word in _WORD.findall(typed)]
    texts = [(text_of(found.value), found.count) for found in facet.values]
    return [
        {"value": text, "highlighted": _marked(text, beginnings, tags), "count": count}
        for text, count in texts
    ]


def order_of_use(facets: Mapping[str, Facet], total: int) -> list[str]:
    """The attributes in the order in which a shopper has most use of them.

    A facet is of use if most products have it and no value has them all, and of less use the more
    values there are to read: share of products with a value of it, times the share that choosing
    its most frequent value leaves out, by the logarithm of the number of values. A widget for
    paths goes by the name of its top level and has those below it; they are not listed again.
    """
    tops = {facet.request.field for facet in facets.values() if facet.request.level == 0}
    use = {
        name: _use(facet, total)
        for name, facet in facets.items()
        if facet.values and not (facet.request.level and facet.request.field in tops)
    }
    return sorted(use, key=lambda name: (-use[name], name))


def text_of(value: Scalar) -> str:
    """A value as clients send it back in a filter."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:.15g}"


def _use(facet: Facet, total: int) -> float:
    counts = [found.count for found in facet.values]
    if not counts or not total:
        return 0.0
    # Values that are not listed have at most as many products as the last that is.
    unlisted = (facet.distinct - len(counts)) * min(counts) / 2
    covered = min(1.0, (sum(counts) + unlisted) / total)
    return covered * (1 - min(1.0, max(counts) / total)) / math.log2(1 + facet.distinct)


def _marked(text: str, beginnings: Sequence[str], tags: Tags) -> str:
    """`text` with the typed beginning of each of its words marked."""
    parts: list[str] = []
    reached = 0
    for word in _WORD.finditer(text):
        length = max((_beginning(word[0], typed) for typed in beginnings), default=0)
        if length:
            end = word.start() + length
            while end < len(text) and combines(text[end]):
                end += 1
            parts += (_escaped(text[reached : word.start()], tags), tags.before)
            parts += (_escaped(text[word.start() : end], tags), tags.after)
            reached = end
    return "".join((*parts, _escaped(text[reached:], tags)))


def _beginning(word: str, typed: str) -> int:
    """How many characters of `word` are what was typed; 0 when it begins otherwise."""
    if not fold(word).startswith(typed):
        return 0
    # Folding may make one character several, or none of a combining one.
    lengths = (length for length in range(1, len(word)) if len(fold(word[:length])) >= len(typed))
    return next(lengths, len(word))


def _escaped(text: str, tags: Tags) -> str:
    return html.escape(text) if tags.escape else text
