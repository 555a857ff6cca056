"""Marks in records: what matched, in the form of ``_highlightResult`` and ``_snippetResult``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from searchsvc.http.algolia.attributes import CATEGORIES
from searchsvc.results.highlight import Highlighter
from searchsvc.results.highlighted import Level, Tags
from searchsvc.results.shape import shaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from indexer.analysis.analyzer import Analyzer
    from searchsvc.http.algolia.parameters import Parameters
    from searchsvc.http.algolia.record import Record
    from searchsvc.query.understanding import Understanding
    from searchsvc.results.highlighted import Highlighted
    from searchsvc.results.shape import Mark, Shape

_ALL = "*"
_WORDS = 10
_MOST_WORDS = 200
_STANDARD = frozenset(
    {"title", "brand", "description", "product_highlights", "product_types", CATEGORIES}
    | {"google_product_category", "color", "size", "material", "pattern", "gender", "age_group"}
    | {"item_group_title", "mpn", "gtin", "id"}
)
"""Of the standard fields those whose words are searched."""
_OBJECT = "attributes"

Json = dict[str, Any]
"""A marked text, as it is answered."""


def tags_of(parameters: Parameters) -> Tags:
    """The tags of a request.

    HTML tags are put into HTML, so that the text between them is escaped; placeholders are
    replaced by the page, which escapes the text itself.
    """
    before = parameters.highlight_pre_tag
    return Tags(
        before,
        parameters.highlight_post_tag,
        escape="<" in before,
        ellipsis=parameters.snippet_ellipsis_text,
    )


class Marker:
    """Marks the records of one answer."""

    def __init__(
        self, parameters: Parameters, understood: Understanding, analyzer: Analyzer
    ) -> None:
        self._highlighter = Highlighter(understood, analyzer, tags_of(parameters))
        self._highlights = parameters.attributes_to_highlight
        self._snippets = dict(_with_words(name) for name in parameters.attributes_to_snippet)
        self._only_matches = parameters.restrict_highlight_and_snippet_arrays
        self._known: dict[tuple[str, str, int], Json] = {}

    def highlights(self, record: Record) -> dict[str, Any]:
        """``_highlightResult``."""
        marking = self._marking(record, 0)
        return self._shown(
            shaped(record, dict.fromkeys(_named(record, self._highlights), marking))
        )

    def snippets(self, record: Record) -> dict[str, Any]:
        """``_snippetResult``."""
        words = self._snippets
        marks = {
            name: self._marking(record, words.get(name, words.get(_ALL, _WORDS)))
            for name in _named(record, tuple(words))
        }
        return self._shown(shaped(record, marks))

    def matched_words(self, record: Record) -> set[str]:
        """The words of the query that the record has, in lower case."""
        found: set[str] = set()

        def note(text: str, name: str) -> None:
            marked = self._highlighter.highlight(text, _field(record, name))
            found.update(word.casefold() for word in marked.matched_words)

        shaped(record, dict.fromkeys(_named(record, (_ALL,)), note))
        return found

    def _marking(self, record: Record, words: int) -> Mark[Json]:
        """Marks a text of a record; a snippet of so many words, or 0 for the whole."""
        known, highlighter = self._known, self._highlighter

        def mark(text: str, name: str) -> Json:
            key = (text, name, words)  # hits share brands and categories
            found = known.get(key)
            if found is None:
                field = _field(record, name)
                if words:
                    found = _snippet(highlighter.snippet(text, words, field))
                else:
                    found = _highlight(highlighter.highlight(text, field))
                known[key] = found
            return found

        return mark

    def _shown(self, marked: Mapping[str, Shape[Json]]) -> dict[str, Any]:
        """What is marked, perhaps without the items of lists that match nothing."""
        if not self._only_matches:
            return dict(marked)
        return {name: _without_misses(value) for name, value in marked.items()}


def _highlight(marked: Highlighted) -> Json:
    encoded: Json = {
        "value": marked.value,
        "matchLevel": str(marked.level),
        "matchedWords": list(marked.matched_words),
    }
    if marked.level is not Level.NONE:
        encoded["fullyHighlighted"] = marked.fully
    return encoded


def _snippet(marked: Highlighted) -> Json:
    return {"value": marked.value, "matchLevel": str(marked.level)}


def _without_misses(value: Shape[Json]) -> Any:  # noqa: ANN401 - JSON in the record's own shape
    if isinstance(value, list):
        return [_without_misses(part) for part in value if _level(part) != Level.NONE]
    if _level(value) is None:
        return {name: _without_misses(part) for name, part in value.items()}
    return value


def _level(value: Shape[Json]) -> str | None:
    """How much a marked text matches; ``None`` of what has such texts inside."""
    level = value.get("matchLevel") if isinstance(value, dict) else None
    return level if isinstance(level, str) else None  # a field may be called that, too


def _with_words(name: str) -> tuple[str, int]:
    """``description`` and 20 of ``description:20``."""
    attribute, found, words = name.rpartition(":")
    if not found or not words.isdecimal():
        return name, _WORDS
    return attribute, min(max(int(words[:4]), 1), _MOST_WORDS)


def _named(record: Record, names: Iterable[str]) -> list[str]:
    """The fields to mark; ``*`` names those that are searched."""
    named = list(dict.fromkeys(names))
    if _ALL not in named:
        return named
    free: Mapping[str, Any] = record.get(_OBJECT, {})
    standard = [name for name in record if name in _STANDARD or name in free]
    return [*standard, *(name for name in named if name != _ALL)]


def _field(record: Record, name: str) -> str:
    """What the product calls a field of its record."""
    if name.partition(".")[0] == CATEGORIES:
        return "product_types"
    if name in record.get(_OBJECT, {}) and name not in _STANDARD:
        return f"{_OBJECT}.{name}"
    return name
