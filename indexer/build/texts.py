"""The texts of a product that are searched and embedded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from indexer.analysis.text import fold
from indexer.lexical.builder import FieldTerms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.analysis.analyzer import Analysis, Analyzer
    from indexer.product import Product
    from indexer.settings import EmbeddingSettings, TextField

_NAMES = ("title", "category")
_CAREFUL = ("title", "brand", "category")
_SHARED = ("brand", "category")  # nearly all attributes have a part number among them
_LONGEST_SHARED = 200  # characters
_MOST_SHARED = 1 << 15


def searchable_texts(product: Product) -> dict[TextField, str]:
    """The text of each field; numbers and switches are columns, not words."""
    category = " ".join(product.product_types)
    if not product.google_product_category.isdigit():
        category = f"{category} {product.google_product_category}"
    return {
        "title": product.title,
        "brand": product.brand,
        "category": category.replace(" > ", " ").strip(),
        "attributes": _attributes(product),
        "description": " ".join((product.description, *product.product_highlights)).strip(),
    }


def field_terms(field: TextField, analysis: Analysis, analyzer: Analyzer) -> FieldTerms:
    """What a field can be found by.

    Names of products hold compounds and model numbers in every spelling; in prose, to join every
    two words would only make the index larger.
    """
    is_name = field in _NAMES
    return FieldTerms(
        analysis.terms,
        extra=[
            *analyzer.joined(analysis.words, is_name=is_name),
            *analyzer.unaccented(analysis.words.texts),
            *(quantity.term for quantity in analysis.quantities),
        ],
        unproven=analyzer.neighbours(analysis.words) if is_name else (),
    )


def spelled_words(
    analyses: Mapping[TextField, Analysis],
) -> tuple[set[str], set[str]]:
    """The words of what shops write with care, and those of everything else."""
    careful: set[str] = set()
    other: set[str] = set()
    for field, analysis in analyses.items():
        words = careful if field in _CAREFUL else other
        words.update(analysis.words.texts)
    return _folded(careful), _folded(other)


class TextReader:
    """Analyses the texts of products; what many of them share is analysed once.

    Brands and categories are the same in thousands of products, and short.
    """

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._remembered: dict[tuple[TextField, str], _Reading] = {}

    def read(
        self, texts: Mapping[TextField, str]
    ) -> tuple[dict[str, FieldTerms], set[str], set[str]]:
        """What one product can be found by, and its words as `spelled_words` gives them.

        Args:
            texts: of its fields, from `searchable_texts`.

        Returns:
            The terms of each field, the words of what is written with care, and the others.
        """
        terms: dict[str, FieldTerms] = {}
        careful: set[str] = set()
        other: set[str] = set()
        for field, text in texts.items():
            reading = self._reading(field, text)
            terms[field] = reading.terms
            (careful if field in _CAREFUL else other).update(reading.words)
        return terms, careful, other

    def _reading(self, field: TextField, text: str) -> _Reading:
        key = (field, text)
        known = self._remembered.get(key)
        if known is not None:
            return known
        analysis = self._analyzer.analyse(text)
        terms = field_terms(field, analysis, self._analyzer)
        reading = _Reading(terms, _folded(set(analysis.words.texts)))
        if field in _SHARED and len(text) <= _LONGEST_SHARED:
            if len(self._remembered) >= _MOST_SHARED:
                self._remembered.clear()
            self._remembered[key] = reading
        return reading


class _Reading(NamedTuple):
    terms: FieldTerms
    words: set[str]


def _folded(words: set[str]) -> set[str]:
    """Caseless `words` without accents."""
    return words if "".join(words).isascii() else set(map(fold, words))


def embedding_text(texts: dict[TextField, str], settings: EmbeddingSettings) -> str:
    """What the model reads of a product: the chosen texts as sentences."""
    chosen = (texts[field] for field in settings.fields if texts[field])
    return ". ".join(chosen)[: settings.max_characters]


def _attributes(product: Product) -> str:
    words = [
        product.color, product.size, product.material, product.pattern, product.gender,
        product.age_group, product.mpn, product.gtin,
    ]  # fmt: skip
    for value in product.attributes.values():
        if isinstance(value, str):
            words.append(value)
        elif isinstance(value, tuple):
            words.extend(value)
    return " ".join(word for word in words if word)
