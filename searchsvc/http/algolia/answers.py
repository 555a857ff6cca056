"""Answers: the results of a search in the form that InstantSearch reads."""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import orjson

from searchsvc.http.algolia.facets import (
    encode_found_values,
    encode_statistics,
    encode_values,
    order_of_use,
)
from searchsvc.http.algolia.hits import HitEncoder
from searchsvc.http.algolia.marking import tags_of
from searchsvc.query.query import MAX_OFFSET
from searchsvc.response import encode_personalization
from searchsvc.widening import Widening

if TYPE_CHECKING:
    from collections.abc import Mapping

    from searchsvc.answer import SearchResult
    from searchsvc.http.algolia.parameters import Parameters
    from searchsvc.http.algolia.question import Question
    from searchsvc.http.algolia.record import Record
    from searchsvc.personalizing.answered import Answered

_ALL = "*"
_PERCENT = 100
_NOT_ECHOED = frozenset({"indexName", "type", "facet"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One search of a request.

    Attributes:
        name: of the index, as asked.
        flat: the parameters as sent, by name.
        parameters: the same, read.
        question: that they put to the snapshot.
        query_id: of this search, for events.
    """

    name: str
    flat: Mapping[str, Any]
    parameters: Parameters
    question: Question
    query_id: str


def encode_facet_search(asked: Asked, answered: Answered, took_ms: float) -> dict[str, Any]:
    """The values of a facet that a shopper searched for.

    Args:
        asked: the search, of one facet.
        answered: its result.
        took_ms: milliseconds that it took.
    """
    (facet,) = answered.result.facets
    typed, tags = asked.parameters.facet_query, tags_of(asked.parameters)
    return {
        "facetHits": encode_found_values(facet, typed, tags),
        "exhaustiveFacetsCount": facet.exhaustive,
        "processingTimeMS": round(took_ms),
    }


def encode_answer(asked: Asked, answered: Answered, took_ms: float) -> dict[str, Any]:
    """A page of hits with its facets.

    Args:
        asked: the search.
        answered: its result.
        took_ms: milliseconds that it took.
    """
    result = answered.result
    answer = {
        "hits": _hits(asked, answered),
        "nbHits": result.total,
        **_page(asked.parameters, result.total),
        **_facets(asked, result),
        "exhaustiveNbHits": True,
        "exhaustiveTypo": True,
        "query": asked.parameters.query,
        "params": _echo(asked.flat),
        "index": asked.name,
        "indexUsed": answered.snapshot.index,
        "processingTimeMS": round(took_ms),
        "serverTimeMS": round(took_ms),
        "userData": [],
        "appliedRules": [],
        **_understood(asked, answered),
    }
    if result.relevant is not None:
        strictness = asked.parameters.relevancy_strictness
        default = round(answered.personalization.policy.sort_relevance * _PERCENT)
        answer["nbSortedHits"] = result.relevant
        answer["appliedRelevancyStrictness"] = default if strictness is None else strictness
    if asked.parameters.click_analytics:
        answer["queryID"] = asked.query_id
    wanted = asked.parameters.response_fields
    if _ALL in wanted:
        return answer
    return {name: value for name, value in answer.items() if name in wanted}


def _hits(asked: Asked, answered: Answered) -> list[Record]:
    result = answered.result
    if not result.hits:  # a search that only counts needs nothing to mark by
        return []
    encoder = HitEncoder(asked.parameters, answered.snapshot, result.understood)
    return [encoder.encode(hit) for hit in result.hits]


def _page(parameters: Parameters, total: int) -> dict[str, int]:
    if parameters.length is not None or parameters.offset is not None:
        length = parameters.hits_per_page if parameters.length is None else parameters.length
        return {"offset": parameters.offset or 0, "length": length}
    size = parameters.hits_per_page
    reachable = min(total, MAX_OFFSET + size)
    pages = -(-reachable // size) if size else 0
    return {"page": parameters.page, "nbPages": pages, "hitsPerPage": size}


def _facets(asked: Asked, result: SearchResult) -> dict[str, Any]:
    facets = dict(zip(asked.question.names, result.facets, strict=True))
    counted = all(facet.exhaustive for facet in facets.values())
    listed = all(len(facet.values) == facet.distinct for facet in facets.values())
    encoded: dict[str, Any] = {
        "exhaustiveFacetsCount": counted,
        "exhaustive": {
            "nbHits": True,
            "facetsCount": counted,
            "facetValues": listed,
            "typo": True,
            "rulesMatch": True,
        },
        "renderingContent": {},
    }
    if facets:
        order = order_of_use(facets, result.total)
        encoded["facets"] = encode_values(facets)
        encoded["facets_stats"] = encode_statistics(facets)
        encoded["renderingContent"] = {"facetOrdering": {"facets": {"order": order}, "values": {}}}
    return encoded


def _understood(asked: Asked, answered: Answered) -> dict[str, Any]:
    """What was answered instead of what was typed, and whom it was made for."""
    result = answered.result
    corrected, relaxed = result.understood.corrected, result.relaxed
    encoded: dict[str, Any] = {
        "extensions": {
            "searchsvc": {
                "corrected_query": corrected,
                "relaxed": asdict(relaxed) if relaxed else None,
                "degraded": list(result.degraded),
                "degraded_reasons": list(result.degraded_reasons),
                "counted": "groups" if result.counts_groups else "items",
                "unfiltered_total": result.unfiltered_total,
                "personalization": encode_personalization(answered, asked.question.query),
            }
        }
    }
    if corrected is not None:
        encoded["parsedQuery"] = corrected
    if relaxed is not None and relaxed.kind is Widening.WORDS:
        encoded["queryAfterRemoval"] = _struck(asked.parameters.query, relaxed.dropped)
    if result.degraded:
        encoded["message"] = "; ".join(result.degraded)
    return encoded


def _struck(query: str, dropped: tuple[str, ...]) -> str:
    """The query as HTML, with the words that were left out emphasized."""
    left_out = {word.casefold() for word in dropped}
    return " ".join(
        f"<em>{html.escape(word)}</em>" if word.casefold() in left_out else html.escape(word)
        for word in query.split()
    )


def _echo(flat: Mapping[str, Any]) -> str:
    """The parameters in URL encoding."""
    texts = {name: value for name, value in flat.items() if name not in _NOT_ECHOED}
    return urlencode({name: _as_text(value) for name, value in texts.items()}, quote_via=quote)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
