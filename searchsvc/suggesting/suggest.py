"""Suggestions for what is being typed; nothing of it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from indexer.analysis.words import has_digit
from indexer.columns import PATH_SEPARATOR
from indexer.hits import Hits
from indexer.suggestions.table import key_words
from searchsvc.degradation import of_parts
from searchsvc.query.query import FacetRequest
from searchsvc.query.understanding import understand
from searchsvc.results.counting import count_facets
from searchsvc.suggesting.completing import Completer
from searchsvc.suggesting.correction import corrected
from searchsvc.suggesting.typed import Typed
from searchsvc.visible import Visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from indexer.snapshot import Part, Snapshot
    from searchsvc.degradation import Reason
    from searchsvc.policy import RankingPolicy
    from searchsvc.query.filters import Filter
    from searchsvc.suggesting.completing import Completion, Source
    from searchsvc.suggesting.curation import Curation

MAX_SUGGESTIONS = 50
"""Of each kind."""
_SHOWN = (
    "id", "title", "link", "image_link", "brand", "price", "sale_price", "availability",
)  # fmt: skip
_NEXT_TO_NOTHING = 2  # products that have what was typed by accident, as others misspell it
_FAR_MORE = 50  # times as many have what may have been meant
_SPARE = 4  # times as many values and products as are shown are looked at: some are left out
_ALL_WORDS = 1.0  # as many as the best product has
_NEEDED: Final[tuple[Part, ...]] = ("lexical", "spelling", "suggestions")
_CATEGORIES = ("product_type", "google_product_category")


@dataclass(frozen=True, slots=True)
class SuggestionRequest:
    """What is asked for at a keystroke.

    Attributes:
        text: as typed so far.
        limit: most queries, 0 to `MAX_SUGGESTIONS`.
        products: most products.
        categories: most categories.
        brands: most brands.
    """

    text: str
    limit: int = 8
    products: int = 3
    categories: int = 3
    brands: int = 3


@dataclass(frozen=True, slots=True)
class SuggestedQuery:
    """A query to ask instead.

    Attributes:
        highlighted: the text as HTML, what was not typed within ``<mark>``.
    """

    text: str
    highlighted: str
    source: Source


@dataclass(frozen=True, slots=True)
class SuggestedValue:
    """A category or brand, and how many of the products in question have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The answer to a keystroke.

    Attributes:
        corrected: what was completed instead of what was typed, ``None`` where that was.
        products: what is shown of each: some of the public fields, absent ones left out.
        degraded: what could not be asked, in words for programs.
    """

    corrected: str | None
    queries: tuple[SuggestedQuery, ...]
    categories: tuple[SuggestedValue, ...]
    brands: tuple[SuggestedValue, ...]
    products: tuple[dict[str, Any], ...]
    degraded: tuple[Reason, ...] = ()


def suggest(
    request: SuggestionRequest,
    snapshot: Snapshot,
    policy: RankingPolicy,
    curation: Curation,
    scope: Filter | None = None,
) -> Suggestions:
    """What to show below the search box while `request` is being typed.

    Categories, brands and products are those of the best completion, by its words alone: no
    model runs for a keystroke. Without anything typed, all products are counted and none shown.
    Nothing is suggested for a blocked word itself.

    With a `scope`, only products that fulfil it are counted and shown, and only queries and
    corrections are suggested of which one of them has all words.

    Raises:
        ForbiddenError: the scope does not fit the snapshot's columns.
    """
    visible = Visible.of(snapshot, scope)
    snapshot = visible.snapshot
    typed = Typed.of(request.text)
    if _is_blocked(request.text, snapshot, curation):
        return Suggestions(None, (), (), (), ())
    meant, completions = _complete(typed, max(request.limit, 1), visible, policy, curation)
    matched = _Matched.of(meant, completions, visible, policy)
    return Suggestions(
        corrected=None if meant is typed else meant.text.strip(),
        queries=tuple(
            SuggestedQuery(it.text, meant.mark_rest(it.text), it.source)
            for it in completions[: request.limit]
        ),
        categories=_categories(matched, request.categories, snapshot, curation),
        brands=_values("brand", matched, request.brands, snapshot, curation),
        products=_products(matched, request.products, snapshot, curation),
        degraded=tuple(it.reason for it in of_parts(snapshot.missing, *_NEEDED)),
    )


@dataclass(frozen=True, slots=True)
class _Matched:
    """The products that a query matches by its words.

    Attributes:
        rows: int64 ``(n,)``, ascending.
        scores: float32 ``(n,)``; ``None`` where everything matches.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32] | None

    @classmethod
    def of(
        cls,
        typed: Typed,
        completions: Sequence[Completion],
        visible: Visible,
        policy: RankingPolicy,
    ) -> _Matched:
        if not typed.key:
            return cls(visible.rows, None)
        snapshot = visible.snapshot
        text = _complete_text(typed, completions)
        # To look for every word with a beginning that nothing completes would cost the most.
        is_number = not text and has_digit(typed.prefix)
        understood = understand(text or typed.text, snapshot, policy, typing=is_number)
        matches = snapshot.lexical.match(understood.clauses, coverage=_ALL_WORDS)
        if visible.mask is not None:
            matches = matches.within(visible.mask)
        return cls(matches.rows, matches.scores)


def _complete(
    typed: Typed, limit: int, visible: Visible, policy: RankingPolicy, curation: Curation
) -> tuple[Typed, list[Completion]]:
    """The completions of what was typed, or of what was meant where it has next to none."""
    completer = Completer(visible, policy, curation)
    found = completer.complete(typed, limit)
    if not policy.correct_spelling or any(it.weight > _NEXT_TO_NOTHING for it in found):
        return typed, found
    meant = corrected(typed, visible)
    if meant is None or curation.blocks(visible.snapshot.analyzer.terms(meant.text)):
        return typed, found
    better = completer.complete(meant, limit)
    needed = _FAR_MORE * max((it.weight for it in found), default=0)
    if any(it.weight >= needed for it in better):
        return meant, better
    return typed, found


def _complete_text(typed: Typed, completions: Sequence[Completion]) -> str:
    """What was typed, if it is complete, else the best completion; ``""`` for none."""
    for completion in completions:
        if tuple(key_words(completion.text)) == typed.every_word:
            return completion.text
    return completions[0].text if completions else ""


def _categories(
    matched: _Matched, limit: int, snapshot: Snapshot, curation: Curation
) -> tuple[SuggestedValue, ...]:
    """The most frequent categories; of paths that lie on each other, only the longest."""
    for field in _CATEGORIES:
        found = _values(field, matched, _SPARE * limit, snapshot, curation)
        parents = {value.value.rpartition(PATH_SEPARATOR)[0] for value in found}
        leaves = [value for value in found if value.value not in parents]
        if leaves:
            return tuple(leaves[:limit])
    return ()


def _values(
    field: str, matched: _Matched, limit: int, snapshot: Snapshot, curation: Curation
) -> tuple[SuggestedValue, ...]:
    column = snapshot.columns.get(field)
    if not limit or not len(matched.rows) or column is None or not len(column.values):
        return ()
    request = FacetRequest(field, limit=_SPARE * limit)
    (facet,) = count_facets([request], matched.rows, snapshot.columns, snapshot.derived)
    found = [
        SuggestedValue(value.value, value.count)
        for value in facet.values
        if isinstance(value.value, str) and not _is_blocked(value.value, snapshot, curation)
    ]
    return tuple(found[:limit])


def _products(
    matched: _Matched, limit: int, snapshot: Snapshot, curation: Curation
) -> tuple[dict[str, Any], ...]:
    if matched.scores is None or not limit:
        return ()
    shown: list[dict[str, Any]] = []
    groups: set[str] = set()  # variants read the same in a line
    for row in Hits.best(matched.rows, matched.scores, _SPARE * limit).rows.tolist():
        product = orjson.loads(snapshot.products.json(row))
        group = product.get("item_group_id", product["id"])
        if group not in groups and not _is_blocked(product["title"], snapshot, curation):
            groups.add(group)
            shown.append({name: product[name] for name in _SHOWN if name in product})
        if len(shown) == limit:
            break
    return tuple(shown)


def _is_blocked(text: str, snapshot: Snapshot, curation: Curation) -> bool:
    return bool(curation.blocked) and curation.blocks(snapshot.analyzer.terms(text))
