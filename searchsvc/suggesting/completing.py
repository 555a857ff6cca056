"""Completions of what is being typed: the shop's popular queries, then the catalogue's phrases."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from indexer.analysis.function_words import is_function_word
from searchsvc.query.understanding import understand

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from indexer.suggestions.table import PhraseTable
    from searchsvc.policy import RankingPolicy
    from searchsvc.suggesting.curation import Curation
    from searchsvc.suggesting.typed import Typed
    from searchsvc.visible import Visible

_CANDIDATES = 16
"""Completions of the last words that are tried behind the words before them."""
_SAMPLE = 4_000
"""Products with the words before that are looked at; of more, an evenly spaced choice."""
_MOST_WORDS = 8
"""Of a query; a longer text is only completed as it stands."""
_FURTHER = 8
"""Times as many phrases are looked at where some are of hidden products, and once more."""
_EVERY_WORD = 1 - 1e-4  # coverage is a sum of rounded shares
_KEPT_BYTES = 200  # for an answer in the cache of a snapshot, with its key


class Source(StrEnum):
    """Where a completion comes from."""

    POPULAR = "popular"
    CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True)
class Completion:
    """A query that is suggested.

    Attributes:
        text: as it is shown.
        term: the stems of its words, parted by spaces; equal ones are one suggestion.
        weight: searches of a popular one, products of one of the catalogue.
    """

    text: str
    term: str
    source: Source
    weight: int


@dataclass(frozen=True, slots=True)
class Completer:
    """Completes for one index as it is served."""

    visible: Visible
    policy: RankingPolicy
    curation: Curation

    @property
    def snapshot(self) -> Snapshot:
        """Whose phrases complete."""
        return self.visible.snapshot

    def complete(self, typed: Typed, limit: int) -> list[Completion]:
        """The completions of `typed`, best first, one for each term.

        Popular queries come first. Within each source, those that begin with what was typed come
        before those with the words elsewhere, and these before those with them in another order;
        then what frequently stands behind the words before the last ones. All of them are found
        in some visible product, and none is blocked.
        """
        found: dict[str, Completion] = {}
        for completion in self._candidates(typed, limit):
            found.setdefault(completion.term, completion)
            if len(found) >= limit:
                break
        return list(found.values())[:limit]

    def _candidates(self, typed: Typed, limit: int) -> Iterator[Completion]:
        yield from self._popular(typed, limit)
        if not typed.key:
            return
        phrases = self.snapshot.suggestions.phrases
        banned = self._banned()
        for number in self._phrases(typed, 2 * limit, banned):
            yield _completion(phrases, number, Source.CATALOGUE)
        if 0 < len(typed.words) <= _MOST_WORDS:
            yield from self._continued(typed)

    def _phrases(
        self, typed: Typed, limit: int, banned: NDArray[np.bool_] | None
    ) -> Iterator[int]:
        """The catalogue's phrases, at least `limit` of them if there are so many.

        Where products are hidden, most phrases may be theirs: more are looked at as they are
        needed, as far as a keystroke has the time.
        """
        phrases = self.snapshot.suggestions.phrases
        if self.visible.mask is None:
            yield from _numbers(phrases, typed, limit, banned)
            return
        seen: set[int] = set()
        for looked_at in (limit, _FURTHER * limit, _FURTHER * _FURTHER * limit):
            found = _numbers(phrases, typed, looked_at, banned)
            for number in found:
                if number not in seen and self.visible.has(phrases.term(number).split()):
                    yield number
                seen.add(number)
            if len(found) < looked_at:
                return

    def _popular(self, typed: Typed, limit: int) -> Iterator[Completion]:
        popular = self.curation.popular
        if not len(popular):
            return
        # Some may find nothing any more.
        for number in _numbers(popular, typed, 2 * limit, None):
            completion = _completion(popular, number, Source.POPULAR)
            if self._finds_something(completion.text):
                yield completion

    def _continued(self, typed: Typed) -> Iterator[Completion]:
        """What was typed with its last words completed, by about how many products have it."""
        analyzer = self.snapshot.analyzer
        phrases = self.snapshot.suggestions.phrases
        for place in range(1, len(typed.words) + bool(typed.prefix)):
            before = [w for w in typed.words[:place] if not is_function_word(w, analyzer.language)]
            if not before:
                continue
            first, *others = analyzer.stems(before)
            context = self._within(self._visible_rows(first), others)
            if not len(context):
                return
            step = 1 + len(context) // _SAMPLE
            context = context[::step]
            head = " ".join(typed.words[:place])
            tail = typed.from_word(place)
            ranked = []
            for number in phrases.complete(tail.key, _CANDIDATES, self._banned()):
                both = step * len(self._within(context, phrases.term(number).split()))
                text = f"{head} {phrases.text(number)}"
                term = " ".join(analyzer.terms(text))
                if both and not self.curation.blocks(term.split()) and _repeats_nothing(term):
                    ranked.append(Completion(text, term, Source.CATALOGUE, both))
            yield from sorted(ranked, key=lambda it: -it.weight)

    def _visible_rows(self, term: str) -> NDArray[np.int32]:
        rows, mask = self.snapshot.lexical.rows(term), self.visible.mask
        return rows if mask is None else rows[mask[rows]]

    def _within(self, rows: NDArray[np.int32], terms: Sequence[str]) -> NDArray[np.int32]:
        """Those of `rows` that have all of `terms`."""
        for term in terms:
            rows = self.snapshot.lexical.among(rows, term)
        return rows

    def _finds_something(self, text: str) -> bool:
        """Whether a product matches; of a catalogue with hidden ones, one that has every word."""

        def compute() -> bool:
            clauses = understand(text, self.snapshot, self.policy).clauses
            matches = self.snapshot.lexical.match(clauses)
            if self.visible.mask is None:
                return len(matches) > 0
            seen = matches.within(self.visible.mask)
            return bool((seen.coverage >= _EVERY_WORD).any())

        key = ("suggesting finds", text, self.visible.extent)
        return self.snapshot.derived.get(key, compute, lambda _: _KEPT_BYTES + len(text))

    def _banned(self) -> NDArray[np.bool_] | None:
        if not self.curation.blocked:
            return None
        phrases = self.snapshot.suggestions.phrases
        key = ("suggesting banned", self.curation.identity)
        return self.snapshot.derived.get(
            key, lambda: phrases.with_terms(self.curation.blocked), lambda mask: mask.nbytes
        )


def _numbers(
    phrases: PhraseTable, typed: Typed, limit: int, banned: NDArray[np.bool_] | None
) -> list[int]:
    numbers = phrases.complete(typed.key, limit, banned)
    if 0 < len(typed.words) <= _MOST_WORDS and len(numbers) < limit:
        numbers += phrases.complete_any_order(typed.words, typed.prefix, limit, banned)
    return numbers


def _completion(phrases: PhraseTable, number: int, source: Source) -> Completion:
    return Completion(phrases.text(number), phrases.term(number), source, phrases.weight(number))


def _repeats_nothing(term: str) -> bool:
    terms = term.split()
    return len(set(terms)) == len(terms)
