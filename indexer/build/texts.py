"""The texts of a product that are searched and embedded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.analysis.text import fold
from indexer.lexical.builder import FieldTerms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.analysis.analyzer import Analysis, Analyzer
    from indexer.product import Product
    from indexer.settings import EmbeddingSettings, TextField

_NAMES = ("title", "category")
_CAREFUL = ("title", "brand", "category")


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
    return set(map(fold, careful)), set(map(fold, other))


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
