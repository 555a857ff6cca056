"""The synonym table: a synonyms document as the hot path looks it up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from searchsvc.synonyms.compiler import compile_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from searchsvc.synonyms.compiler import Key, Phrase, Rule
    from searchsvc.synonyms.document import SynonymsDocument


@dataclass(frozen=True, slots=True)
class Expansion:
    """A span of a query's words, and what else to look for in its place.

    Attributes:
        begin: the span's first word, from 0.
        end: the word behind its last one.
        texts: the alternatives as they are written in the document, at least one.
    """

    begin: int
    end: int
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Synonyms:
    """The compiled synonyms of one index under one analyzer.

    Attributes:
        rules: a key, and the phrases that products may have in its place; sorted by key.
        prohibitions: a key, and the phrases that it must never be taken for; sorted by key.
    """

    rules: tuple[Rule, ...] = ()
    prohibitions: tuple[Rule, ...] = ()

    @classmethod
    def none(cls) -> Synonyms:
        """No synonyms."""
        return cls()

    @classmethod
    def compile(
        cls, document: SynonymsDocument, key: Callable[[str], tuple[str, ...]]
    ) -> Synonyms:
        """The table of `document`.

        Args:
            document: as written.
            key: the analysed terms of a text in their order; texts with equal keys are the same.

        Raises:
            BadLiveSettingsError: the document contradicts or repeats itself, or has a text
                without words or with too many; the message names the place.
        """
        return cls(*compile_rules(document, key))

    def expansions(self, keys: Sequence[str]) -> list[Expansion]:
        """What else to look for, by span; of spans that overlap the leftmost and longest one.

        A text that the span or a wider one must never be taken for is left out: where "moving
        van" is never a "minivan", "van" is none in it.

        Args:
            keys: the analysed terms of the query's words, one each.
        """
        found: list[Expansion] = []
        if not self.rules:
            return found
        words = tuple(keys)
        forbidden = list(_matches(words, self._forbidden))
        reached = 0
        for begin, end, phrases in _matches(words, self._allowed):
            if begin < reached:
                continue
            reached = end
            banned = {
                phrase.key
                for first, last, others in forbidden
                if first <= begin and end <= last
                for phrase in others
            }
            texts = tuple(phrase.text for phrase in phrases if phrase.key not in banned)
            if texts:
                found.append(Expansion(begin, end, texts))
        return found

    def never(self, keys: Sequence[str]) -> tuple[tuple[int, int, str], ...]:
        """What spans must not be taken for: all of them, for no prohibition lifts another one.

        Args:
            keys: the analysed terms of the query's words, one each.

        Returns:
            A span's first word, the word behind its last one, and the forbidden text, once for
            each; from left to right, longer spans first.
        """
        if not self.prohibitions:
            return ()
        return tuple(
            (begin, end, phrase.text)
            for begin, end, phrases in _matches(tuple(keys), self._forbidden)
            for phrase in phrases
        )

    # Built at the first look-up rather than kept in fields: a policy is compared and printed.

    @cached_property
    def _allowed(self) -> _Lookup:
        return _Lookup(self.rules)

    @cached_property
    def _forbidden(self) -> _Lookup:
        return _Lookup(self.prohibitions)


class _Lookup:
    """Rules by key, and how long the longest key is."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.phrases: Mapping[Key, tuple[Phrase, ...]] = {rule.key: rule.phrases for rule in rules}
        self.longest = max((len(rule.key) for rule in rules), default=0)


def _matches(words: Key, lookup: _Lookup) -> Iterator[tuple[int, int, tuple[Phrase, ...]]]:
    """All spans of `words` that are a key, from left to right, longer ones first."""
    count, phrases = len(words), lookup.phrases
    for begin in range(count):
        for end in range(min(begin + lookup.longest, count), begin, -1):
            found = phrases.get(words[begin:end])
            if found is not None:
                yield begin, end, found
