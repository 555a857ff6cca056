"""The JSON answer to a search, the same over HTTP and from the shell."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson

from searchsvc.personalizing.why import why
from searchsvc.results.highlight import Highlighter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from searchsvc.answer import Group, Hit
    from searchsvc.personalizing.answered import Answered
    from searchsvc.query.query import Query
    from searchsvc.results.facet import Facet

MAX_SNIPPET_WORDS = 200
"""Of one snippet."""
_SCORE_DIGITS = 6  # what float32 holds


@dataclass(frozen=True, slots=True)
class View:
    """What to show of the hits.

    Attributes:
        fields: of the product, ``None`` for all of them.
        highlight: fields in which to mark what matched; dotted names reach into objects.
        snippets: how many words to show of each of these fields.
    """

    fields: frozenset[str] | None = None
    highlight: tuple[str, ...] = ()
    snippets: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


def encode_response(
    answered: Answered, query: Query, view: View, query_id: str, took_ms: float
) -> bytes:
    """The answer as JSON; stored products go in as they are, unparsed where all is shown.

    Args:
        answered: the search's result, and what was made of who asked.
        query: that was asked.
        view: what to show of the hits.
        query_id: of this search, for events.
        took_ms: milliseconds from the request's arrival.
    """
    result, snapshot = answered.result, answered.snapshot
    is_marked = view.highlight or view.snippets
    highlighter = Highlighter(result.understood, snapshot.analyzer) if is_marked else None
    encoder = _HitEncoder(view, highlighter)
    relaxed = result.relaxed
    body: dict[str, Any] = {
        "index": snapshot.index,
        "generation": snapshot.generation,
        "query": query.text,
        "corrected_query": result.understood.corrected,
        "relaxed": asdict(relaxed) if relaxed else None,
        "query_id": query_id,
        "total": result.total,
        "counted": "groups" if result.counts_groups else "items",
        "relevant": result.relevant,
        "unfiltered_total": result.unfiltered_total,
        "offset": query.offset,
        "limit": query.limit,
        "hits": [encoder.encode(hit) for hit in result.hits],
        "facets": [_encode_facet(facet) for facet in result.facets],
        "personalization": encode_personalization(answered, query),
        "degraded": list(result.degraded),
        "degraded_reasons": list(result.degraded_reasons),
        "took_ms": round(took_ms, 3),
    }
    if query.explain:
        body["understood"] = {
            "steps": [_rounded(asdict(step)) for step in result.understood.steps],
            "embedded": [result.understood.text, *result.understood.readings],
            "encoders": list(result.encoders),
        }
        body["stages_ms"] = {name: round(ms, 3) for name, ms in result.stage_ms.items()}
    return orjson.dumps(body)


def encode_personalization(answered: Answered, query: Query) -> dict[str, Any]:
    """What was made of who asked, as JSON has it; with what the shopper may be told of it."""
    personal = answered.personalization
    arm = personal.arm
    encoded = {
        "applied": personal.preferences is not None,
        "reason": personal.reason,
        "strength": personal.strength,
        "segments": [
            {"name": it.name, "title": it.title, "why": it.why} for it in personal.segments
        ],
        "experiment": None if arm is None else {"name": arm.experiment, "arm": arm.name},
        "complete": personal.complete,
    }
    if query.explain:
        reasons = chain.from_iterable(
            hit.explanation.preferences for hit in answered.result.hits if hit.explanation
        )
        encoded["why"] = [asdict(because) for because in why(personal, reasons)]
    return encoded


def new_query_id() -> str:
    """32 hexadecimal digits that no other search has."""
    return uuid4().hex


def encode_similar(product_id: str, hits: Sequence[Hit]) -> bytes:
    """The answer to what resembles a product, as JSON."""
    found = [
        {
            "id": hit.id,
            "similarity": round(hit.score, _SCORE_DIGITS),
            "product": orjson.Fragment(hit.product),
        }
        for hit in hits
    ]
    return orjson.dumps({"id": product_id, "hits": found})


class _HitEncoder:
    """Hits as JSON in one view."""

    def __init__(self, view: View, highlighter: Highlighter | None) -> None:
        self._view = view
        self._highlighter = highlighter

    def encode(self, hit: Hit) -> dict[str, Any]:
        encoded: dict[str, Any] = {
            "id": hit.id,
            "score": round(hit.score, _SCORE_DIGITS),
            "product": self._product(hit.product),
        }
        if hit.group is not None:
            encoded["group"] = self._group(hit.group)
        highlighter, view = self._highlighter, self._view
        if highlighter is not None:
            product = orjson.loads(hit.product)
            encoded["highlights"] = highlighter.highlight_product(product, view.highlight)
            encoded["snippets"] = highlighter.snippet_product(product, view.snippets)
        if hit.explanation is not None:
            encoded["explain"] = _rounded(asdict(hit.explanation))
        return encoded

    def _product(self, stored: bytes) -> orjson.Fragment | dict[str, Any]:
        fields = self._view.fields
        if fields is None:
            return orjson.Fragment(stored)
        return {name: value for name, value in orjson.loads(stored).items() if name in fields}

    def _group(self, group: Group) -> dict[str, Any]:
        return {
            "value": group.value,
            "count": group.count,
            "others": [
                {"id": member.id, "product": self._product(member.product)}
                for member in group.others
            ],
        }


def _encode_facet(facet: Facet) -> dict[str, Any]:
    encoded: dict[str, Any] = {
        "field": facet.request.field,
        "kind": facet.kind,
        "hierarchical": facet.hierarchical,
        "values": facet.values,
        "distinct": facet.distinct,
        "exhaustive": facet.exhaustive,
    }
    stats = facet.statistics
    if stats is not None:
        encoded["statistics"] = {
            "min": stats.minimum,
            "max": stats.maximum,
            "average": stats.average,
            "sum": stats.total,
            "count": stats.count,
        }
    if facet.request.ranges:
        encoded["ranges"] = [
            {"from": _open(wanted.low), "to": _open(wanted.high), "count": count}
            for wanted, count in zip(facet.request.ranges, facet.counts, strict=True)
        ]
    return encoded


def _open(bound: float) -> float | None:
    return None if math.isinf(bound) else bound


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    """The same with numbers as exact as they are, also in the objects of its lists."""
    return {name: _rounded_value(value) for name, value in values.items()}


def _rounded_value(value: object) -> object:
    if isinstance(value, float):
        return round(value, _SCORE_DIGITS)
    if isinstance(value, tuple) and all(isinstance(part, dict) for part in value):
        return [_rounded(part) for part in value]
    return value
