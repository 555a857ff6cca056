"""Facets: what counting ten of them adds to a query, with products and with groups counted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.building import build
from benchmarks.catalogue.cli import generate
from benchmarks.errors import BenchmarkError
from benchmarks.machine import describe_machine
from benchmarks.timing import summarize
from benchmarks.workload import draw_queries
from indexer.manifest import describe_file
from indexer.product import Product
from indexer.snapshot import open_snapshot
from searchsvc.query.query import FacetRequest, Grouping, Interval, Query
from searchsvc.search import search

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.embedding.protocol import Embedder
    from indexer.snapshot import Snapshot
    from searchsvc.answer import SearchResult
    from searchsvc.policy import RankingPolicy

_STEPS = (-math.inf, 20.0, 50.0, 100.0, 250.0, math.inf)
FACETS = (
    FacetRequest("brand"),
    FacetRequest("color"),
    FacetRequest("size"),
    FacetRequest("product_type"),
    FacetRequest("material"),
    FacetRequest("attributes.sustainability"),
    FacetRequest("attributes.colour_family"),
    FacetRequest(
        "effective_price",
        ranges=tuple(Interval(*pair) for pair in pairwise(_STEPS)),
    ),
    FacetRequest("rating"),
    FacetRequest("availability"),
)
"""Dense and sparse columns, paths with their ancestors, numbers with ranges and statistics."""

_BROAD = (0.05, 0.20)
_SEED = 20_261_122
_TRIED_PER_QUERY = 40
_EVERYTHING_TIMES = 20
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class _Remembered:
    """An embedder that embeds a text once: its time is not what is measured."""

    embedder: Embedder
    vectors: dict[str, NDArray[np.float32]]

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See `QueryEmbedder.embed_query`."""
        if text not in self.vectors:
            self.vectors[text] = self.embedder.embed_query(text)
        return self.vectors[text]


def measure_facets(
    products: int, queries: int, data_dir: Path, embedder: Embedder, policy: RankingPolicy
) -> dict[str, Any]:
    """Generate a catalogue of `products`, index it, and time queries with and without facets.

    Returns:
        The result file: machine, and for each kind of queries the share of the catalogue that
        matches and the milliseconds.

    Raises:
        BenchmarkError: no word of the catalogue is in about a tenth of its products.
    """
    feed = data_dir / f"catalogue-{products}.jsonl.gz"
    if not feed.exists():
        feed.parent.mkdir(parents=True, exist_ok=True)
        generate(feed, products=products)
    # The catalogue and the index of the latency benchmark: whoever keeps them embeds nothing.
    layout, _ = build(feed, data_dir, f"latency-{products}", embedder)
    snapshot = open_snapshot(layout)
    remembered = _Remembered(embedder, {})
    ask = partial(search, snapshot=snapshot, embedder=remembered, policy=policy)
    workloads = {
        "one word": draw_broad_words(snapshot, queries, ask),
        "two to four words": draw_queries(snapshot, queries),
        "every product": [""] * _EVERYTHING_TIMES,
    }
    return {
        "products": products,
        "feed_sha256": describe_file(feed).sha256,
        "machine": describe_machine(),
        "facets": [request.field for request in FACETS],
        "workloads": [
            {"name": name, "grouped": grouped, **_time(texts, ask, products, grouped=grouped)}
            for name, texts in workloads.items()
            for grouped in (False, True)
        ],
    }


def draw_broad_words(
    snapshot: Snapshot, count: int, ask: Callable[[Query], SearchResult]
) -> list[str]:
    """Distinct words of products that 5 to 20 percent of the catalogue match, at most `count`.

    Raises:
        BenchmarkError: there is none.
    """
    rng = np.random.default_rng(_SEED)
    tried: set[str] = set()
    broad: list[str] = []
    for row in rng.integers(len(snapshot.products), size=_TRIED_PER_QUERY * count).tolist():
        product = Product.from_json(snapshot.products.json(row))
        words = f"{product.title} {product.description}".lower().split()
        word = words[int(rng.integers(len(words)))].strip(".,;:!?")
        if word in tried or not word.isalpha():
            continue
        tried.add(word)
        share = ask(Query(word, limit=0)).total / len(snapshot.products)
        if _BROAD[0] <= share <= _BROAD[1]:
            broad.append(word)
        if len(broad) == count:
            break
    if not broad:
        raise BenchmarkError(
            f"none of {len(tried)} words matches 5 to 20 percent of {len(snapshot.products)} "
            "products; take more products"
        )
    return broad


def _time(
    texts: Sequence[str],
    ask: Callable[[Query], SearchResult],
    products: int,
    *,
    grouped: bool,
) -> dict[str, Any]:
    """Ask each query without and with facets, one right after the other, in turns the first."""
    grouping = Grouping() if grouped else None
    without: list[float] = []
    added: list[float] = []
    shares: list[float] = []
    for number, text in enumerate((texts[0], *texts)):
        # Also embeds the text, which would fall to whichever is asked first.
        share = ask(Query(text, limit=0)).total / products
        plain = Query(text, grouping=grouping)
        pair = [plain, replace(plain, facets=FACETS)]
        milliseconds = [0.0, 0.0]
        for which in (0, 1) if number % 2 else (1, 0):
            begin = perf_counter()
            ask(pair[which])
            milliseconds[which] = (perf_counter() - begin) * 1e3
        if number:  # the first of all fills what is kept beside the snapshot
            without.append(milliseconds[0])
            added.append(milliseconds[1] - milliseconds[0])
            shares.append(share)
    return {
        "queries": len(texts),
        "share_matched": round(float(np.median(shares)), 4),
        "milliseconds": {
            "without facets": summarize(without),
            "added by facets": summarize(added),
        },
    }


def facets_table(result: dict[str, Any]) -> str:
    """The result for people."""
    columns = (
        f"{'queries':<20}{'counted':<10}{'number':>7}{'matched':>9}"
        f"{'ms without':>12}{'p95':>8}{'ms added':>10}{'p95':>8}"
    )
    lines = [
        f"{result['products']:,} products, {len(result['facets'])} facets: "
        + ", ".join(result["facets"]),
        columns,
    ]
    for row in result["workloads"]:
        without, added = row["milliseconds"].values()
        lines.append(
            f"{row['name']:<20}{'groups' if row['grouped'] else 'products':<10}"
            f"{row['queries']:>7}{row['share_matched'] * _PERCENT:>8.1f}%"
            f"{without['median']:>12.3f}{without['p95']:>8.3f}"
            f"{added['median']:>10.3f}{added['p95']:>8.3f}"
        )
    return "\n".join(lines)
