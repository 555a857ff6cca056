"""Calls of a search page: what it sends at a keystroke, for its hits and for refined facets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson

from benchmarks.application import Call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from searchsvc.http.algolia.attributes import Attribute

_REFINED = 2
_HITS = 20
_TAGS = {"highlightPreTag": "__ais-highlight__", "highlightPostTag": "__/ais-highlight__"}


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A search page of one index with these facets."""

    index: str
    facets: Sequence[Attribute]

    def suggestion(self, typed: str) -> Call:
        """A keystroke."""
        return Call(f"/v1/indexes/{self.index}/suggest", urlencode({"q": typed}))

    def native(self, text: str) -> Call:
        """A search with facets, marked titles and grouped variants."""
        body = {
            "query": text,
            "limit": _HITS,
            "facets": [attribute.field for attribute in self.facets],
            "highlight": ["title"],
            "group_by": "item_group_id",
        }
        return Call.post(f"/v1/indexes/{self.index}/search", body)

    def hits(self, text: str, chosen: Mapping[str, str] | None = None, **more: Any) -> Call:  # noqa: ANN401 - whatever JSON can say
        """What InstantSearch sends for its hits; with `more` parameters."""
        return self._searches([{**self._hits(text, chosen or {}), **more}])

    def refined(self, text: str, chosen: Mapping[str, str]) -> Call:
        """The same, and a search for each facet that a shopper has `chosen` a value of.

        Such a search counts the one facet as if nothing of it were chosen.
        """
        counting = [
            {
                "indexName": self.index,
                "query": text,
                "hitsPerPage": 0,
                "facets": name,
                "facetFilters": _filters({k: v for k, v in chosen.items() if k != name}),
                **_TAGS,
            }
            for name in chosen
        ]
        return self._searches([self._hits(text, chosen), *counting])

    def to_choose(self, answer: bytes) -> dict[str, str]:
        """The most frequent values of the first facets of an answer that are lists of texts."""
        (result,) = orjson.loads(answer)["results"]
        plain = [it.name for it in self.facets if it.column.kind == "text" and it.level is None]
        offered = [name for name in plain if name in result.get("facets", {})][:_REFINED]
        return {name: max(values := result["facets"][name], key=values.get) for name in offered}

    def _hits(self, text: str, chosen: Mapping[str, str]) -> dict[str, Any]:
        return {
            "indexName": self.index,
            "query": text,
            "hitsPerPage": _HITS,
            "facets": [attribute.name for attribute in self.facets],
            "facetFilters": _filters(chosen),
            **_TAGS,
        }

    @staticmethod
    def _searches(requests: list[dict[str, Any]]) -> Call:
        return Call.post("/1/indexes/*/queries", {"requests": requests})


def _filters(chosen: Mapping[str, str]) -> list[list[str]]:
    return [[f"{name}:{_escaped(value)}"] for name, value in chosen.items()]


def _escaped(value: str) -> str:
    return f"\\{value}" if value.startswith("-") else value
