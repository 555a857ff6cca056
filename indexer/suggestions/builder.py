"""What turns products into suggestions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from indexer.storage import write_arrays
from indexer.suggestions.beginnings import beginning_arrays, word_weights
from indexer.suggestions.miner import PhraseMiner
from indexer.suggestions.table import Phrase, key_words, phrase_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from indexer.analysis.analyzer import Analyzer
    from indexer.product import Product

MOST_PHRASES = 100_000
_MOST_PER_PRODUCT = 5
_FEW = 1_000  # phrases that a small catalogue may have all the same
_LONGEST = 64  # characters
_MOST_WORDS = 6
_SMALL = 1_000  # products; among fewer, two with a brand in a category are worth a phrase
_PATH = " > "


class SuggestionsBuilder:
    """Counts what products are called, then writes the suggestions.

    They are the phrases of titles (see `PhraseMiner`), brands, the last parts of category paths,
    and brands with those where enough products have both. Each weighs as much as products have
    it, and is suggested in the spelling that most of them use.
    """

    def __init__(self) -> None:
        self._products = 0
        self._miner = PhraseMiner()
        self._names: Counter[str] = Counter()
        self._pairs: Counter[str] = Counter()

    def add(self, product: Product) -> None:
        """Count the next product."""
        self._products += 1
        self._miner.add(product.title)
        leaves = {path.rpartition(_PATH)[2] for path in product.product_types} - {""}
        self._names.update(leaves)
        if product.brand:
            self._names[product.brand] += 1
            self._pairs.update(f"{product.brand} {leaf}" for leaf in leaves)

    def write(self, path: Path, analyzer: Analyzer) -> None:
        """Write the suggestions of all products so far; see `Suggestions`."""
        phrases = _heaviest(self._phrases(analyzer), self._limit())
        words = word_weights((key_words(phrase.text), phrase.weight) for phrase in phrases)
        write_arrays(path, {**phrase_arrays(phrases), **beginning_arrays(words)})

    def _limit(self) -> int:
        return min(MOST_PHRASES, max(_FEW, _MOST_PER_PRODUCT * self._products))

    def _phrases(self, analyzer: Analyzer) -> Iterator[Phrase]:
        for mined in self._miner.phrases(analyzer):
            if _is_suggestible(mined.text):
                yield mined
        yield from _named(self._names, 1, analyzer)
        yield from _named(self._pairs, 2 if self._products < _SMALL else 3, analyzer)


def _named(names: Counter[str], least: int, analyzer: Analyzer) -> Iterator[Phrase]:
    """A phrase for each of `names` that so many products have; those of one stem are one."""
    best: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for name, count in sorted(names.items(), key=lambda it: (-it[1], it[0])):
        term = " ".join(analyzer.terms(name))
        if _is_suggestible(name) and _repeats_nothing(term):
            best.setdefault(term, name)
            counts[term] += count
    for term, name in best.items():
        if counts[term] >= least:
            yield Phrase(name, term, counts[term])


def _is_suggestible(text: str) -> bool:
    words = key_words(text)
    has_letter = any(letter.isalpha() for letter in text)
    return has_letter and len(text) <= _LONGEST and 0 < len(words) <= _MOST_WORDS


def _repeats_nothing(term: str) -> bool:
    """Not "Nike Nike Shoes": the brand is often a part of the category's name."""
    terms = term.split()
    return len(set(terms)) == len(terms)


def _heaviest(phrases: Iterable[Phrase], limit: int) -> list[Phrase]:
    """The heaviest of `phrases`, one for each term."""
    by_term: dict[str, Phrase] = {}
    for phrase in phrases:
        other = by_term.get(phrase.term)
        if other is None or phrase.weight > other.weight:
            by_term[phrase.term] = phrase
    ranked = sorted(by_term.values(), key=lambda it: (-it.weight, it.text.encode()))
    return ranked[:limit]
