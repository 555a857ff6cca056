"""The previewer: answers one query for several shoppers, and says how far each moves what."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from searchsvc.personalizing.answered import Answered
from searchsvc.query.query import MAX_LIMIT
from searchsvc.response import encode_personalization
from searchsvc.search import Memory, search
from searchsvc.segments.shopper import Shopper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from searchsvc.answer import Hit, SearchResult
    from searchsvc.personalizing.audience import Audience
    from searchsvc.personalizing.personalization import Personalization
    from searchsvc.personalizing.personalizer import Personalizer
    from searchsvc.query.query import Query
    from searchsvc.routing import QueryEmbedder

_NOBODY = Shopper()
_SCORE_DIGITS = 6
_SHOWN_FIELDS = (
    "title",
    "brand",
    "image_link",
    "price",
    "sale_price",
    "sale_price_effective_date",
)


class Previewer:
    """Answers one query as an index does, for whoever it is told."""

    def __init__(
        self,
        query: Query,
        audience: Audience,
        personalizer: Personalizer,
        embedder: QueryEmbedder,
    ) -> None:
        """Make a previewer.

        Args:
            query: to answer, explained.
            audience: of the index, perhaps with other segments than those that are published.
            personalizer: of the service.
            embedder: of the snapshot's model.
        """
        self._query = query
        self._audience = audience
        self._personalizer = personalizer
        self._embedder = embedder
        self._memory = Memory()

    def column(self, shopper: Shopper) -> dict[str, Any]:
        """What `shopper` would see, as JSON has it.

        Raises:
            BadFilterError: the filter does not fit the index.
        """
        personal = self._personalizer.personalize(shopper, self._audience, self._query)
        result = self._search(self._query, personal)
        return {
            "personalization": encode_personalization(
                Answered(self._audience.snapshot, result, personal), self._query
            ),
            "total": result.total,
            "hits": [
                _encode(hit, rank, self._ranks_before.get(_group_of(hit)))
                for rank, hit in enumerate(result.hits, 1)
            ],
        }

    @cached_property
    def _ranks_before(self) -> Mapping[object, int]:
        """The ranks that everybody sees, from 1, as far as one page reaches."""
        everything = replace(self._query, limit=MAX_LIMIT, explain=False)
        nobody = self._personalizer.personalize(_NOBODY, self._audience, everything)
        hits = self._search(everything, nobody).hits
        return {_group_of(hit): rank for rank, hit in enumerate(hits, 1)}

    def _search(self, query: Query, personal: Personalization) -> SearchResult:
        # What was found by one policy, an arm of an experiment with another does not find.
        usual = personal.policy is self._audience.policy
        return search(
            query,
            self._audience.snapshot,
            self._embedder,
            personal.policy,
            personal.preferences,
            self._memory if usual else None,
        )


def _group_of(hit: Hit) -> object:
    """What stays the same whichever variant of a product comes first."""
    value = None if hit.group is None else hit.group.value
    return ("product", hit.id) if value is None else ("group", value)


def _encode(hit: Hit, rank: int, before: int | None) -> dict[str, Any]:
    product = orjson.loads(hit.product)
    reasons = hit.explanation.preferences if hit.explanation else ()
    return {
        "id": hit.id,
        "product": {name: product[name] for name in _SHOWN_FIELDS if name in product},
        "rank": rank,
        "rank_before": before,
        "score": round(hit.score, _SCORE_DIGITS),
        "preferences": [
            {**asdict(reason), "gain": round(reason.gain, _SCORE_DIGITS)} for reason in reasons
        ],
    }
