"""The commands that write a catalogue: a whole test collection, or one feed."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

import orjson

from benchmarks.catalogue.query import make_queries
from benchmarks.catalogue.record import iter_records, iter_variants
from benchmarks.catalogue.writer import SMALLEST, write_delimited, write_jsonl, write_merchant_xml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from benchmarks.catalogue.query import Query

Item = TypeVar("Item")

SAMPLE_PRODUCTS = 3_000
SAMPLE_SEED = 2026
"""What `searchsvc/sample` was made with; the tests make it again and compare."""

_REPORT_EVERY = 1_000


class FeedForm(StrEnum):
    """The file formats of a feed."""

    JSONL = "jsonl"
    XML = "xml"
    CSV = "csv"
    TSV = "tsv"


def write_catalogue(
    out_dir: Path,
    *,
    products: int = SAMPLE_PRODUCTS,
    seed: int = SAMPLE_SEED,
    progress: Callable[[int], None] | None = None,
) -> None:
    """A test collection: ``feed.jsonl.gz``, ``queries.jsonl`` and ``qrels.tsv``.

    The queries need all products at once: memory grows with `products`, by about 2 KB each.
    Use `generate` for a large feed without queries.

    Args:
        out_dir: made if it does not exist; files of these names are replaced.
        products: how many items the feed has.
        seed: names the catalogue; the same seed gives the same bytes everywhere.
        progress: called with the number of products just made.

    Raises:
        ValueError: too few products for the queries (about 1,000 are enough).
    """
    variants = list(_counted(iter_variants(products, seed), progress))
    queries = make_queries(variants, seed)
    out_dir.mkdir(parents=True, exist_ok=True)
    records = (variant.record for variant in variants)
    write_jsonl(out_dir / "feed.jsonl.gz", records, level=SMALLEST)
    _write_queries(out_dir / "queries.jsonl", queries)
    _write_qrels(out_dir / "qrels.tsv", queries)


def generate(
    out: Path,
    *,
    products: int,
    seed: int = SAMPLE_SEED,
    form: FeedForm = FeedForm.JSONL,
    progress: Callable[[int], None] | None = None,
) -> None:
    """One feed file of any size in constant memory, gzipped when its name ends in ``.gz``.

    Args:
        out: the file; replaced if it exists.
        products: how many items the feed has.
        seed: names the catalogue; the same seed gives the same bytes everywhere.
        form: the file's format, whatever its name.
        progress: called with the number of products just written.

    Raises:
        ValueError: `products` or `seed` is negative.
    """
    records = _counted(iter_records(products, seed), progress)
    if form is FeedForm.JSONL:
        write_jsonl(out, records)
    elif form is FeedForm.XML:
        write_merchant_xml(out, records)
    else:
        write_delimited(out, records, "," if form is FeedForm.CSV else "\t")


def _counted(items: Iterator[Item], progress: Callable[[int], None] | None) -> Iterator[Item]:
    """The same items, reported in thousands."""
    unreported = 0
    for item in items:
        yield item
        unreported += 1
        if progress and unreported == _REPORT_EVERY:
            progress(unreported)
            unreported = 0
    if progress and unreported:
        progress(unreported)


def _write_queries(path: Path, queries: Sequence[Query]) -> None:
    path.write_bytes(
        b"".join(
            orjson.dumps({"id": query.id, "text": query.text, "class": query.query_class}) + b"\n"
            for query in queries
        )
    )


def _write_qrels(path: Path, queries: Sequence[Query]) -> None:
    lines = ["query_id\tproduct_id\tlabel"]
    lines += [
        f"{query.id}\t{product_id}\t{label}"
        for query in queries
        for product_id, label in query.labels.items()
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
