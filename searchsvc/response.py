"""The JSON answer to a search, the same over HTTP and from the shell."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot
    from searchsvc.query.query import Query
    from searchsvc.search import Hit, SearchResult

_SCORE_DIGITS = 6  # what float32 holds


def encode_response(
    result: SearchResult, query: Query, snapshot: Snapshot, took_ms: float
) -> bytes:
    """The answer as JSON; stored products go in as they are, unparsed.

    Args:
        result: of the search.
        query: that was asked.
        snapshot: that was searched.
        took_ms: milliseconds from the request's arrival.
    """
    body: dict[str, Any] = {
        "index": snapshot.index,
        "generation": snapshot.generation,
        "query": query.text,
        "corrected_query": result.understood.corrected,
        "query_id": uuid4().hex,
        "total": result.total,
        "offset": query.offset,
        "limit": query.limit,
        "hits": [_encode_hit(hit) for hit in result.hits],
        "degraded": list(result.degraded),
        "took_ms": round(took_ms, 3),
    }
    if query.explain:
        body["understood"] = {
            "steps": [_rounded(asdict(step)) for step in result.understood.steps],
            "embedded": [result.understood.text, *result.understood.readings],
        }
        body["stages_ms"] = {name: round(ms, 3) for name, ms in result.stage_ms.items()}
    return orjson.dumps(body)


def _encode_hit(hit: Hit) -> dict[str, Any]:
    encoded: dict[str, Any] = {
        "id": hit.id,
        "score": round(hit.score, _SCORE_DIGITS),
        "product": orjson.Fragment(hit.product),
    }
    if hit.explanation is not None:
        encoded["explain"] = _rounded(asdict(hit.explanation))
    return encoded


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, _SCORE_DIGITS) if isinstance(value, float) else value
        for name, value in values.items()
    }
