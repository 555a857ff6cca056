"""Hits in the form of Algolia's answers."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from searchsvc.http.algolia.marking import Marker
from searchsvc.http.algolia.record import Record, read_record, select
from searchsvc.query.slot import StepKind

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot
    from searchsvc.answer import Group, Hit
    from searchsvc.http.algolia.parameters import Parameters
    from searchsvc.query.understanding import Understanding

_USER_SCORE = 1_000


class HitEncoder:
    """Encodes the hits of one answer."""

    def __init__(
        self, parameters: Parameters, snapshot: Snapshot, understood: Understanding
    ) -> None:
        self._parameters = parameters
        self._snapshot = snapshot
        place = parameters.around_lat_lng if parameters.get_ranking_info else None
        self._distances = None if place is None else snapshot.columns.locations.distances(place)
        self._marker = Marker(parameters, understood, snapshot.analyzer)
        self._misspelt = {
            step.typed.casefold() for step in understood.steps if step.kind is StepKind.CORRECTED
        }

    def encode(self, hit: Hit) -> Record:
        """One hit."""
        record = read_record(hit.product)
        encoded = select(record, self._parameters.attributes_to_retrieve)
        encoded["_highlightResult"] = self._marker.highlights(record)
        if self._parameters.attributes_to_snippet:
            encoded["_snippetResult"] = self._marker.snippets(record)
        if hit.group is not None:
            encoded["_distinctSeqID"] = 0
            encoded["_searchsvc"] = {"group": self._group(hit.group)}
        if self._parameters.get_ranking_info:
            encoded["_rankingInfo"] = self._ranking(hit, record)
        return encoded

    def _group(self, group: Group) -> dict[str, Any]:
        wanted = self._parameters.attributes_to_retrieve
        others = [select(read_record(member.product), wanted) for member in group.others]
        return {"value": group.value, "count": group.count, "others": others}

    def _ranking(self, hit: Hit, record: Record) -> dict[str, Any]:
        """What is known of a hit's place; Algolia's ranking has parts that ours has not."""
        words = self._marker.matched_words(record)
        typos = len(words & self._misspelt)
        return {
            "nbTypos": typos,
            "nbExactWords": len(words) - typos,
            "words": len(words),
            "firstMatchedWord": 0,
            "proximityDistance": 0,
            "geoDistance": self._metres(hit.id),
            "geoPrecision": 1,
            "filters": 0,
            "userScore": round(hit.score * _USER_SCORE),
            "promoted": False,
            "personalization": _personalization(hit),
            "searchsvc": asdict(hit.explanation) if hit.explanation else None,
        }

    def _metres(self, product_id: str) -> int:
        """How far away the product is; 0 where nobody asked or nobody knows."""
        row = self._snapshot.products.row(product_id)
        if self._distances is None or row is None:
            return 0
        metres = float(self._distances[row])
        return 0 if math.isnan(metres) else round(metres)


def _personalization(hit: Hit) -> dict[str, int]:
    """What preferences changed of the score, in the unit of `userScore`."""
    gained = hit.explanation.boost if hit.explanation else 0.0
    score, change = round(hit.score * _USER_SCORE), round(gained * _USER_SCORE)
    return {"filtersScore": change, "rankingScore": score - change, "score": score}
