"""The texts of a product that are searched and embedded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.product import Product
    from indexer.settings import EmbeddingSettings, TextField


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
