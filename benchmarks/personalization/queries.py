"""Queries that a bought product answers, made of the catalogue's own texts without a word list."""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from indexer.product import Product

MIN_ENDINGS = 5
"""So many titles must end with a word for it to name things."""
WHOLE_SHARE = 0.05
"""In this share of its titles a phrase's first word begins the title, and its last one ends it."""
MIN_PHRASE = 3
"""So many products must have a phrase for it to be something that people ask for."""
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_LETTERS = 2


class QueryKind(StrEnum):
    """How the query of a product is made."""

    HEAD = "head noun"
    PHRASE = "phrase"
    CATEGORY = "category"


def product_queries(products: Sequence[Product]) -> dict[QueryKind, list[str | None]]:
    """A query of each kind for each product, ``None`` where it has none.

    Kinds that no product has are left out.
    """
    titles = [title_words(product.title) for product in products]
    queries: dict[QueryKind, list[str | None]] = {
        QueryKind.HEAD: head_nouns(titles),
        QueryKind.PHRASE: phrases(titles),
        QueryKind.CATEGORY: [_category(product) for product in products],
    }
    return {kind: texts for kind, texts in queries.items() if any(texts)}


def title_words(title: str) -> list[str]:
    """The words of a title in lower case; numbers and single letters are none."""
    return [word for word in _WORD.findall(title.lower()) if len(word) >= _LETTERS]


def head_nouns(titles: Sequence[Sequence[str]]) -> list[str | None]:
    """The word of each title that most probably says what the thing is.

    Where modifiers come first, that is the word which ends many titles and stands elsewhere in
    few: the one of the greatest ``ends(w)² / titles(w)`` among those that end at least
    `MIN_ENDINGS` titles.
    """
    ends = Counter(words[-1] for words in titles if words)
    having = Counter(word for words in titles for word in set(words))
    return [
        _best(words, lambda word: ends[word] ** 2 / having[word] * (ends[word] >= MIN_ENDINGS))
        for words in titles
    ]


def phrases(titles: Sequence[Sequence[str]]) -> list[str | None]:
    """The two neighbouring words of each title that most products have together.

    At least `MIN_PHRASE` products must have them. What stands at neither end of a title is no
    whole phrase, such as ``set of`` and ``in tin``: see `WHOLE_SHARE`.
    """
    begins = Counter(words[0] for words in titles if words)
    ends = Counter(words[-1] for words in titles if words)
    having = Counter(word for words in titles for word in set(words))
    paired = Counter(" ".join(pair) for words in titles for pair in set(pairwise(words)))

    def chosen(words: Sequence[str]) -> str | None:
        whole = [
            f"{first} {last}"
            for first, last in pairwise(words)
            if begins[first] >= WHOLE_SHARE * having[first]
            and ends[last] >= WHOLE_SHARE * having[last]
        ]
        return _best(whole, lambda phrase: paired[phrase] * (paired[phrase] >= MIN_PHRASE))

    return [chosen(words) for words in titles]


def _category(product: Product) -> str | None:
    """The last name of the product's first category."""
    if not product.product_types:
        return None
    return product.product_types[0].rpartition(">")[2].strip() or None


def _best(candidates: Sequence[str], score: Callable[[str], float]) -> str | None:
    """The candidate of the greatest score above 0; the first in the alphabet of equal ones."""
    scores: Mapping[str, float] = {it: score(it) for it in candidates}
    best = min(scores, key=lambda it: (-scores[it], it), default=None)
    return best if best is not None and scores[best] > 0 else None
