"""Marks in records: what matched, in the form of ``_highlightResult`` and ``_snippetResult``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from searchsvc.http.algolia.attributes import CATEGORIES
from searchsvc.results.highlight import Highlighter
from searchsvc.results.highlighted import Highlighted, Level, Tags
from searchsvc.results.shape import shaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from indexer.analysis.analyzer import Analyzer
    from searchsvc.http.algolia.parameters import Parameters
    from searchsvc.http.algolia.record import Record
    from searchsvc.query.understanding import Understanding
    from searchsvc.results.highlighted import Shaped

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
        self._known: dict[tuple[str, str, int], Highlighted] = {}

    def highlights(self, record: Record) -> dict[str, Any]:
        """``_highlightResult``."""
        names = _named(record, self._highlights)
        marked = shaped(record, dict.fromkeys(names, self._marking(record, 0)))
        return {name: self._encode(value, _highlight) for name, value in marked.items()}

    def snippets(self, record: Record) -> dict[str, Any]:
        """``_snippetResult``."""
        words = self._snippets
        marks = {
            name: self._marking(record, words.get(name, words.get(_ALL, _WORDS)))
            for name in _named(record, tuple(words))
        }
        found = shaped(record, marks)
        return {name: self._encode(value, _snippet) for name, value in found.items()}

    def matched_words(self, record: Record) -> set[str]:
        """The words of the query that the record has, in lower case."""
        marked = shaped(record, dict.fromkeys(_named(record, (_ALL,)), self._marking(record, 0)))
        return {word for value in marked.values() for word in _words(value)}

    def _marking(self, record: Record, words: int) -> Callable[[str, str], Highlighted]:
        """Marks a text of a record; a snippet of so many words, or 0 for the whole."""

        def mark(text: str, name: str) -> Highlighted:
            field = _field(record, name)
            key = (text, field, words)
            found = self._known.get(key)
            if found is None:
                found = (
                    self._highlighter.snippet(text, words, field)
                    if words
                    else self._highlighter.highlight(text, field)
                )
                self._known[key] = found
            return found

        return mark

    def _encode(self, value: Shaped, encode: Callable[[Highlighted], dict[str, Any]]) -> Any:  # noqa: ANN401 - JSON in the record's own shape
        if isinstance(value, Highlighted):
            return encode(value)
        if isinstance(value, dict):
            return {name: self._encode(part, encode) for name, part in value.items()}
        parts = value
        if self._only_matches:
            parts = [part for part in value if _matches(part)]
        return [self._encode(part, encode) for part in parts]


def _highlight(marked: Highlighted) -> dict[str, Any]:
    encoded: dict[str, Any] = {
        "value": marked.value,
        "matchLevel": marked.level.value,
        "matchedWords": list(marked.matched_words),
    }
    if marked.level is not Level.NONE:
        encoded["fullyHighlighted"] = marked.fully
    return encoded


def _snippet(marked: Highlighted) -> dict[str, Any]:
    return {"value": marked.value, "matchLevel": marked.level.value}


def _matches(value: Shaped) -> bool:
    return not isinstance(value, Highlighted) or value.level is not Level.NONE


def _words(value: Shaped) -> Iterable[str]:
    if isinstance(value, Highlighted):
        return (word.casefold() for word in value.matched_words)
    parts = value.values() if isinstance(value, dict) else value
    return (word for part in parts for word in _words(part))


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
