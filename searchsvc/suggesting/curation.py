"""The curation: a suggestions document as a keystroke looks it up."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from indexer.storage import ArrayFile
from indexer.suggestions.table import Phrase, PhraseTable, key_words, phrase_arrays
from searchsvc.errors import BadLiveSettingsError
from searchsvc.suggesting.document import SuggestionsDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Key = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True)
class Curation:
    """What a shop itself wants suggested, and what never.

    Attributes:
        document: that it is made of.
        popular: its queries that are not blocked, by how often they are asked.
        blocked: the stems of each blocked text, in their order; also as one word (``tshirt`` for
            ``t-shirt``).
    """

    document: SuggestionsDocument
    popular: PhraseTable = field(compare=False, repr=False)
    blocked: frozenset[tuple[str, ...]] = field(compare=False, repr=False)

    @classmethod
    def none(cls) -> Curation:
        """Nothing but the catalogue."""
        return cls.compile(SuggestionsDocument(), lambda text: tuple(key_words(text)))

    @classmethod
    def compile(cls, document: SuggestionsDocument, key: Key) -> Curation:
        """The curation that `document` asks for.

        Args:
            document: as written.
            key: the analysed terms of a text in their order; texts with equal keys are the same.

        Raises:
            BadLiveSettingsError: a text has no words, or a query stands twice; the message names
                the place.
        """
        blocked = frozenset(
            writing
            for number, text in enumerate(document.blocked)
            for writing in _writings(_terms(text, f"blocked[{number}]", key))
        )
        phrases = [
            phrase
            for phrase in _popular(document, key)
            if not _has_any(phrase.term.split(), blocked)
        ]
        return cls(document, PhraseTable(ArrayFile(phrase_arrays(phrases), {})), blocked)

    def blocks(self, terms: Sequence[str]) -> bool:
        """Whether a text of the stems `terms` has a blocked word or phrase in it."""
        return _has_any(terms, self.blocked)

    @cached_property
    def identity(self) -> str:
        """Equal for documents that block the same, to keep what was computed from that."""
        return "\n".join(sorted(" ".join(terms) for terms in self.blocked))


def _popular(document: SuggestionsDocument, key: Key) -> Iterator[Phrase]:
    seen: dict[tuple[str, ...], int] = {}
    for number, query in enumerate(document.queries):
        terms = _terms(query.text, f"queries[{number}].text", key)
        first = seen.setdefault(tuple(key_words(query.text)), number)
        if first != number:
            raise BadLiveSettingsError(
                f"queries[{number}].text: {query.text!r} is queries[{first}] already; add the "
                "counts and remove one of them"
            )
        yield Phrase(query.text, " ".join(terms), query.count)


def _terms(text: str, place: str, key: Key) -> tuple[str, ...]:
    terms = key(text)
    if not terms:
        raise BadLiveSettingsError(
            f"{place}: {text!r} has no word that could be searched for; remove it"
        )
    return terms


def _writings(terms: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield terms
    yield ("".join(terms),)


def _has_any(terms: Sequence[str], texts: frozenset[tuple[str, ...]]) -> bool:
    words = tuple(terms)
    return any(
        words[begin : begin + length] in texts
        for length in {len(text) for text in texts}
        for begin in range(len(words) - length + 1)
    )
