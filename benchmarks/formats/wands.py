"""WANDS as Wayfair publishes it: ``query.csv``, ``product.csv`` and ``label.csv`` with tabs.

Chen et al., WANDS: Dataset for Product Search Relevance Assessment, ECIR 2022.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from benchmarks.errors import CollectionError
from benchmarks.formats.qrels import Qrels
from benchmarks.formats.record import free_attributes, title
from benchmarks.formats.source import Choice, Corpus, Format, Source
from benchmarks.formats.table import read_table
from searchsvc.relevance.judgments import JudgedQuery, Judgments
from searchsvc.relevance.labels import LabelScale

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.formats.source import FeedRecord

FILES = ("query.csv", "product.csv", "label.csv")

LABELS = MappingProxyType({"Irrelevant": 0, "Partial": 1, "Exact": 2})
SCALE = LabelScale(MappingProxyType({0: 0.0, 1: 0.5, 2: 1.0}))
"""The linear gains of the publication."""

_NUMBERS = ("rating_count", "average_rating", "review_count")
_PRODUCT_COLUMNS = (
    "product_id",
    "product_name",
    "product_class",
    "category hierarchy",
    "product_description",
    "product_features",
    *_NUMBERS,
)
_LEVEL = " / "
_PRODUCT_FIELDS = ("brand", "color", "material", "pattern")


def _records(path: Path) -> Iterator[FeedRecord]:
    for line, row in read_table(path, _PRODUCT_COLUMNS):
        product_id = row["product_id"]
        if not product_id:
            raise CollectionError(f"{path}:{line}: expected a product_id, found none")
        yield _record(product_id, row)


def _record(product_id: str, row: dict[str, str]) -> FeedRecord:
    attributes = free_attributes(
        [
            *_features(row["product_features"]),
            *(("product_class", name) for name in row["product_class"].split("|")),
            *((name, row[name]) for name in _NUMBERS),
        ]
    )
    record: FeedRecord = {
        "id": product_id,
        "title": title(row["product_name"], row["product_description"], product_id),
        "description": row["product_description"],
        "product_type": " > ".join(row["category hierarchy"].split(_LEVEL)),
    }
    for name in _PRODUCT_FIELDS:
        if name in attributes:
            record[name] = attributes.pop(name)
    return record | {"attributes": attributes}


def _features(text: str) -> Iterator[tuple[str, str]]:
    """The pairs of ``name : value|name:value``; a value may have colons of its own."""
    for pair in text.split("|"):
        name, colon, value = pair.partition(":")
        if colon:
            yield name, value


def _queries(path: Path) -> tuple[JudgedQuery, ...]:
    queries: dict[str, JudgedQuery] = {}
    for line, row in read_table(path, ("query_id", "query", "query_class")):
        query_id, text = row["query_id"], row["query"]
        if not query_id or not text or query_id in queries:
            raise CollectionError(
                f"{path}:{line}: query id {query_id!r}, query {text[:80]!r}; expected both, and "
                "an id only once"
            )
        queries[query_id] = JudgedQuery(query_id, text, row["query_class"])
    return tuple(queries.values())


def _fits(directory: Path) -> bool:
    return all((directory / name).is_file() for name in FILES)


def _open(directory: Path, _choice: Choice) -> Source:
    query_path, product_path, label_path = (directory / name for name in FILES)
    queries = _queries(query_path)
    qrels = Qrels(label_path, {query.id for query in queries})
    for line, row in read_table(label_path, ("query_id", "product_id", "label")):
        if row["label"] not in LABELS:
            raise CollectionError(
                f"{label_path}:{line}: label {row['label']!r}; expected one of {', '.join(LABELS)}"
            )
        qrels.add(row["query_id"], row["product_id"], LABELS[row["label"]], line)
    return Source(
        corpus=Corpus((product_path,), records=partial(_records, product_path)),
        judgments=Judgments(queries, qrels.build()),
        judgment_files=(query_path, label_path),
        scale=SCALE,
    )


WANDS = Format("WANDS", ", ".join(FILES), _fits, _open)
