"""The corpus and the questions of a subject, as every peer gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.protocol import Corpus, Question, Range
from benchmarks.truth import read_vectors
from benchmarks.workload import draw_narrowings
from indexer.build.texts import searchable_texts
from indexer.product import Product

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.subject import Subject
    from searchsvc.routing import QueryEmbedder

PRICE = "effective_price"
"""The column that filters are about."""
SHARES = (0.5, 0.02)
"""Of the products, what filters let through."""


def corpus_of(subject: Subject) -> Corpus:
    """The products of `subject`: their searchable texts joined, their vectors, their prices."""
    snapshot = subject.snapshot
    rows = range(len(snapshot.products))
    texts = [
        " ".join(searchable_texts(Product.from_json(snapshot.products.json(row))).values())
        for row in rows
    ]
    prices = np.full(len(rows), np.nan)
    column = snapshot.columns.get(PRICE)
    if column is not None:
        prices[slice(None) if column.rows is None else column.rows] = column.values
    directory = subject.layout.generation_dir(snapshot.generation)
    return Corpus(texts, read_vectors(directory).astype(np.float32), prices)


def questions_of(texts: Sequence[str], embedder: QueryEmbedder) -> list[Question]:
    """The queries `texts` with their vectors."""
    return [Question(text, np.asarray(embedder.embed_query(text), np.float32)) for text in texts]


def ranges_of(subject: Subject) -> list[tuple[float, Range]]:
    """Windows of prices, each with the share of the products that it lets through.

    Raises:
        BenchmarkError: the products have no prices.
    """
    snapshot = subject.snapshot
    narrowings = draw_narrowings(snapshot.columns, len(snapshot.products), SHARES)
    found = []
    for narrowing in narrowings:
        (condition,) = narrowing.filter["and"]
        found.append((narrowing.share, Range(condition["gte"], condition["lte"])))
    return found
