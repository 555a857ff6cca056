"""Highlights: a product's texts with what matched in them marked."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from indexer.analysis.text import normalize_identifier
from searchsvc.results.highlighted import Highlighted, Level, Tags
from searchsvc.results.matching import Matching
from searchsvc.results.offsets import Offsets, combines
from searchsvc.results.shape import shaped
from searchsvc.results.snippet import snippet_span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from indexer.analysis.analyzer import Analyzer
    from searchsvc.query.understanding import Understanding
    from searchsvc.results.highlighted import Shaped
    from searchsvc.results.matching import Matched
    from searchsvc.results.shape import Mark

MAX_CHARACTERS = 5_000
"""Of a text, in which is looked for matches; what follows is shown unmarked."""
SNIPPET_WORDS = 20
"""Words of a snippet, unless asked otherwise."""

_NAMES = frozenset({"title", "product_types", "google_product_category"})
_IDENTIFIERS = frozenset({"id", "gtin", "mpn", "attributes.sku"})
_WORD_CHARACTER = re.compile(r"[^\W_]")
_UP_TO_A_SPACE = re.compile(r".*(?=\s)", re.DOTALL)


class Highlighter:
    """Marks in products what a query matched by; made once for each query.

    What is marked is what the lexical leg finds: words of the same term as one that was typed or
    that was read into the query (corrections, synonyms, completions), joined forms, quantities
    in other units. Of a word that only begins as the last one typed, that beginning is marked.
    """

    def __init__(
        self, understood: Understanding, analyzer: Analyzer, tags: Tags | None = None
    ) -> None:
        self._matching = Matching(understood, analyzer)
        self._words = understood.words
        self._identifier = normalize_identifier("-".join(understood.words))
        self._tags = tags or Tags()
        self._known: dict[tuple[str, bool], Matched] = {}  # a text may be shown in two ways
        self._told: dict[int, tuple[Level, tuple[str, ...]]] = {}

    def highlight(self, text: str, field: str = "") -> Highlighted:
        """`text` as a whole.

        Args:
            text: of a product.
            field: where it is from, as in `highlight_product`: names and identifiers match in
                more ways than other texts.
        """
        if self._is_identifier(text, field):
            return self._identified(text)
        matched = self._read(text, field)
        if not matched.occurrences:
            return Highlighted(self._text(text), Level.NONE, (), fully=False)
        return self._rendered(text, self._marks(text, matched), (0, len(text)))

    def snippet(self, text: str, words: int = SNIPPET_WORDS, field: str = "") -> Highlighted:
        """The part of `text` that matches most words of the query, or else its beginning.

        Args:
            text: of a product.
            words: of the part, at least 1; a text without more is shown as a whole.
            field: as in `highlight`.

        Raises:
            ValueError: `words` is below 1.
        """
        if words < 1:
            raise ValueError(f"a snippet of {words} words shows nothing; ask for at least 1")
        if self._is_identifier(text, field):
            return self._identified(text)
        matched = self._read(text, field)
        shown = (0, len(text))
        if len(matched.words) > words:
            shown = Offsets(text).span(*snippet_span(matched, words))
        return self._rendered(text, self._marks(text, matched), shown)

    def highlight_product(
        self, product: Mapping[str, Any], fields: Iterable[str]
    ) -> dict[str, Shaped]:
        """The highlighted texts of a product, in the shape of its JSON.

        Args:
            product: its JSON.
            fields: of it, those inside another one with a dot (``attributes.colour``); those that
                it does not have are left out.
        """
        return shaped(product, dict.fromkeys(fields, self.highlight))

    def snippet_product(
        self, product: Mapping[str, Any], fields: Mapping[str, int]
    ) -> dict[str, Shaped]:
        """Snippets of a product's texts, in the shape of its JSON.

        Args:
            product: its JSON.
            fields: how many words of each are shown; named as in `highlight_product`.
        """

        def of(words: int) -> Mark[Highlighted]:
            return lambda text, field: self.snippet(text, words, field)

        return shaped(product, {field: of(words) for field, words in fields.items()})

    def _is_identifier(self, text: str, field: str) -> bool:
        return (
            self._identifier != ""
            and field.casefold() in _IDENTIFIERS
            and normalize_identifier(text) == self._identifier
        )

    def _identified(self, text: str) -> Highlighted:
        whole = (0, len(text))
        return self._rendered(text, [(*whole, self._matching.every)], whole)

    def _read(self, text: str, field: str) -> Matched:
        key = (text, field.partition(".")[0] in _NAMES)
        matched = self._known.get(key)
        if matched is None:
            matched = self._matching.read(text[: _readable(text)], is_name=key[1])
            self._known[key] = matched
        return matched

    def _marks(self, text: str, matched: Matched) -> list[tuple[int, int, int]]:
        """Spans of `text` with the clauses that each matches, parted and in order."""
        span = None if text.isascii() else Offsets(text).span
        marks: list[tuple[int, int, int]] = []
        for occurrence in matched.occurrences:
            begin, end, clauses = occurrence.begin, occurrence.end, occurrence.clauses
            if span is not None:
                begin, end = span(begin, end)
            if marks and begin <= marks[-1][1]:
                before = marks.pop()
                begin, end, clauses = before[0], max(end, before[1]), clauses | before[2]
            marks.append((begin, end, clauses))
        return marks

    def _rendered(
        self, text: str, marks: Sequence[tuple[int, int, int]], shown: tuple[int, int]
    ) -> Highlighted:
        """The part of `text` that is shown, with its marks."""
        tags = self._tags
        reached, end = shown
        if end - reached < len(text):
            marks = [
                (max(mark[0], reached), min(mark[1], end), mark[2])
                for mark in marks
                if mark[0] < end and mark[1] > reached
            ]
        value = [tags.ellipsis] if reached > 0 else []
        fully = len(marks) > 0
        for begin, behind, _ in marks:
            fully = fully and not _WORD_CHARACTER.search(text, reached, begin)
            value += (self._text(text[reached:begin]), tags.before)
            value += (self._text(text[begin:behind]), tags.after)
            reached = behind
        fully = fully and not _WORD_CHARACTER.search(text, reached, end)
        value.append(self._text(text[reached:end]))
        if end < len(text):
            value.append(tags.ellipsis)
        return Highlighted("".join(value), *self._tell(marks), fully)

    def _text(self, text: str) -> str:
        return html.escape(text) if self._tags.escape else text

    def _tell(self, marks: Sequence[tuple[int, int, int]]) -> tuple[Level, tuple[str, ...]]:
        """How much of the query `marks` are, and which of its words."""
        clauses = 0
        for mark in marks:
            clauses |= mark[2]
        told = self._told.get(clauses)
        if told is None:
            told = self._told[clauses] = self._level(clauses), self._typed(clauses)
        return told

    def _level(self, clauses: int) -> Level:
        if not clauses:
            return Level.NONE
        asked = self._matching.asked
        return Level.FULL if clauses & asked == asked else Level.PARTIAL

    def _typed(self, clauses: int) -> tuple[str, ...]:
        found = (word for place, word in enumerate(self._words) if clauses >> place & 1)
        return tuple(dict.fromkeys(found))


def _readable(text: str) -> int:
    """How much of `text` is looked at: whole words, if it has spaces."""
    if len(text) <= MAX_CHARACTERS:
        return len(text)
    border = _UP_TO_A_SPACE.match(text, 0, MAX_CHARACTERS)
    end = border.end() if border else MAX_CHARACTERS
    while end and combines(text[end]):
        end -= 1
    return end
