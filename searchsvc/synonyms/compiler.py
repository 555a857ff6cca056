"""The compiler of synonyms: checks what a document says against the analyzer it will meet."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

from searchsvc.errors import BadLiveSettingsError
from searchsvc.synonyms.document import MAX_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from searchsvc.synonyms.document import SynonymsDocument

Key = tuple[str, ...]
"""The analysed terms of a text, in its order."""

_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text as it is written in the document, and its key."""

    text: str
    key: Key


@dataclass(frozen=True, slots=True)
class Rule:
    """What the words of `key` may, or must never, be taken for."""

    key: Key
    phrases: tuple[Phrase, ...]


def plain_key(text: str) -> Key:
    """The words of `text` without case and compatibility forms: a key where no analyzer is."""
    return tuple(_WORDS.findall(unicodedata.normalize("NFKC", text).casefold()))


def compile_rules(
    document: SynonymsDocument, key: Callable[[str], Key]
) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """Synonyms and prohibitions, each with one rule for a key, sorted by key.

    Texts that are written alike in one place are a mistake. Texts that merely have equal keys
    ("sneaker", "sneakers") are not, since that depends on the analyzer: they are taken together.

    Raises:
        BadLiveSettingsError: see `Synonyms.compile`.
    """
    compiler = _Compiler(key)
    compiler.read_sets(document)
    compiler.read_one_way(document)
    compiler.read_never(document)
    return compiler.synonyms.rules(), compiler.prohibitions.rules()


class _Relation:
    """Directed pairs of phrases by key, each with the place that first stated it."""

    def __init__(self) -> None:
        self._pairs: dict[Key, dict[Key, tuple[Phrase, str]]] = {}

    def add(self, source: Phrase, target: Phrase, place: str) -> None:
        if source.key != target.key:
            self._pairs.setdefault(source.key, {}).setdefault(target.key, (target, place))

    def place_of(self, source: Phrase, target: Phrase) -> str | None:
        stated = self._pairs.get(source.key, {}).get(target.key)
        return stated[1] if stated else None

    def rules(self) -> tuple[Rule, ...]:
        return tuple(
            Rule(key, tuple(phrase for phrase, _ in targets.values()))
            for key, targets in sorted(self._pairs.items())
        )


class _Compiler:
    def __init__(self, key: Callable[[str], Key]) -> None:
        self._key = key
        self.synonyms = _Relation()
        self.prohibitions = _Relation()

    def read_sets(self, document: SynonymsDocument) -> None:
        seen: dict[frozenset[Key], str] = {}
        for number, texts in enumerate(document.sets):
            place = f"sets[{number}]"
            phrases = self._phrases(place, texts)
            words = frozenset(map(plain_key, texts))
            if words in seen:
                raise BadLiveSettingsError(
                    f"{place}: has the same texts as {seen[words]}; remove one of them"
                )
            seen[words] = place
            for source, target in permutations(phrases, 2):
                self.synonyms.add(source, target, place)

    def read_one_way(self, document: SynonymsDocument) -> None:
        seen: dict[Key, str] = {}
        for number, rule in enumerate(document.one_way):
            place = f"one_way[{number}]"
            source = self._phrase(f"{place}.from", rule.source)
            first = seen.setdefault(plain_key(rule.source), place)
            if first != place:
                raise BadLiveSettingsError(
                    f"{place}.from: {rule.source!r} has its rule at {first} already; "
                    "put all texts into that one's 'to'"
                )
            targets = self._phrases(f"{place}.to", rule.to)
            for index, text in enumerate(rule.to):
                if plain_key(text) == plain_key(rule.source):
                    raise BadLiveSettingsError(
                        f"{place}.to[{index}]: {text!r} is what the rule is from; remove it"
                    )
            for target in targets:
                self.synonyms.add(source, target, place)

    def read_never(self, document: SynonymsDocument) -> None:
        seen: dict[tuple[Key, Key], str] = {}
        for number, pair in enumerate(document.never):
            place = f"never[{number}]"
            source, target = (self._phrase(f"{place}[{n}]", text) for n, text in enumerate(pair))
            first = seen.setdefault((plain_key(pair[0]), plain_key(pair[1])), place)
            if first != place:
                raise BadLiveSettingsError(f"{place}: repeats {first}; remove one of them")
            self._check_prohibition(place, source, target)
            self.prohibitions.add(source, target, place)

    def _check_prohibition(self, place: str, source: Phrase, target: Phrase) -> None:
        if source.key == target.key:
            raise BadLiveSettingsError(
                f"{place}: {source.text!r} and {target.text!r} are the same words to this index "
                f"(both are searched for as {' '.join(source.key)!r}), so that the one cannot be "
                "kept from the other; remove the pair"
            )
        contrary = self.synonyms.place_of(source, target)
        if contrary is not None:
            raise BadLiveSettingsError(
                f"{place}: {source.text!r} must never be taken for {target.text!r}, but "
                f"{contrary} makes it a synonym; remove one of the two"
            )

    def _phrases(self, place: str, texts: Iterable[str]) -> list[Phrase]:
        """The phrases of one list, in which no text occurs twice."""
        seen: dict[Key, int] = {}
        phrases = []
        for number, text in enumerate(texts):
            phrases.append(self._phrase(f"{place}[{number}]", text))
            first = seen.setdefault(plain_key(text), number)
            if first != number:
                raise BadLiveSettingsError(
                    f"{place}[{number}]: {text!r} is {place}[{first}] already; remove one of them"
                )
        return phrases

    def _phrase(self, place: str, text: str) -> Phrase:
        key = self._key(text)
        if not key:
            raise BadLiveSettingsError(
                f"{place}: {text!r} has no word that could be searched for; remove it"
            )
        if len(key) > MAX_WORDS:
            raise BadLiveSettingsError(
                f"{place}: {text!r} has {len(key)} words, expected at most {MAX_WORDS}; shorten it"
            )
        return Phrase(text, key)
