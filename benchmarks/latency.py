"""Latency: what a query costs in each stage, beside rank-bm25 and exact vector search."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.building import build
from benchmarks.catalogue.cli import generate
from benchmarks.machine import describe_machine
from benchmarks.systems import RankBm25
from indexer.manifest import describe_file
from indexer.product import Product
from indexer.snapshot import VECTORS_FILE, open_snapshot
from indexer.storage import read_arrays
from indexer.vectors.exact import ExactIndex
from searchsvc.query.filters import AnyOf
from searchsvc.query.query import Query
from searchsvc.search import search

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.embedding.protocol import Embedder
    from indexer.snapshot import Snapshot
    from searchsvc.answer import SearchResult
    from searchsvc.policy import RankingPolicy
    from searchsvc.retrieval import QueryEmbedder

_HYBRID, _SLOW = "hybrid", "rank-bm25"
_BLOCK_QUERIES = 50  # also enough for a median of what needs a tenth of a second for each
_PAGE = 20
_NEIGHBOURS = 100
_SEED = 20_261_122


@dataclass(frozen=True, slots=True)
class GivenVectors:
    """An embedder that has embedded everything already: what remains is the search itself."""

    vectors: Mapping[str, NDArray[np.float32]]

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See `QueryEmbedder.embed_query`."""
        return self.vectors[text]


def measure_latency(
    products: int, queries: int, data_dir: Path, embedder: Embedder, policy: RankingPolicy
) -> dict[str, Any]:
    """Generate a catalogue of `products`, index it, and time queries that were never seen.

    Returns:
        The result file: machine, build, milliseconds of each system and stage, and the recall of
        the vector index on these queries.
    """
    feed = data_dir / f"catalogue-{products}.jsonl.gz"
    if not feed.exists():
        feed.parent.mkdir(parents=True, exist_ok=True)
        generate(feed, products=products)
    layout, report = build(feed, data_dir, f"latency-{products}", embedder)
    snapshot = open_snapshot(layout)
    texts = draw_queries(snapshot, queries)
    vectors = {text: embedder.embed_query(text) for text in texts}
    generation = layout.generation_dir(snapshot.generation)
    exact = ExactIndex(read_arrays(generation / VECTORS_FILE).array("vectors"))
    stages: dict[str, list[float]] = {}
    samples = _time(_systems(snapshot, embedder, exact, vectors, policy, stages), texts)
    hybrid = samples[_HYBRID]
    return {
        "products": products,
        "queries": len(texts),
        "feed_sha256": describe_file(feed).sha256,
        "machine": describe_machine(),
        "build": report.to_dict(),
        "bytes_per_product": round(report.bytes / report.products, 1),
        "recall_at_100": _recall(snapshot, exact, vectors),
        "milliseconds": {name: summarize(times) for name, times in samples.items()},
        "stages": {name: summarize(times) for name, times in stages.items()},
        "ratio_to_hybrid": {
            # On the same queries: the slow systems answer only the first of them.
            name: round(float(np.median(times) / np.median(hybrid[: len(times)])), 2)
            for name, times in samples.items()
        },
    }


def draw_queries(snapshot: Snapshot, count: int) -> list[str]:
    """Distinct queries of two to four words that stand together in some product's texts."""
    rng = np.random.default_rng(_SEED)
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        row = int(rng.integers(len(snapshot.products)))
        product = Product.from_json(snapshot.products.json(row))
        words = (product.title if rng.random() < 0.5 else product.description).split()  # noqa: PLR2004 - a half
        size = int(rng.integers(2, 5))
        begin = int(rng.integers(max(1, len(words) - size + 1)))
        text = " ".join(words[begin : begin + size]).strip(".,;:!?").lower()
        if text:
            drawn[text] = None
    return list(drawn)


def _systems(
    snapshot: Snapshot,
    embedder: Embedder,
    exact: ExactIndex,
    vectors: Mapping[str, NDArray[np.float32]],
    policy: RankingPolicy,
    stages: dict[str, list[float]],
) -> dict[str, Callable[[str], object]]:
    """What is timed; the hybrid also notes the milliseconds of its `stages`."""
    given = GivenVectors(vectors)
    usual = AnyOf("availability", ("in_stock",))

    def ask(text: str, chosen: QueryEmbedder, *, narrow: bool = False) -> SearchResult:
        query = Query(text, limit=_PAGE, filter=usual if narrow else None)
        return search(query, snapshot, chosen, policy)

    def hybrid(text: str) -> None:
        for stage, milliseconds in ask(text, embedder).stage_ms.items():
            stages.setdefault(stage, []).append(milliseconds)

    return {
        _HYBRID: hybrid,
        "hybrid, vector given": lambda text: ask(text, given),
        "hybrid, filtered, vector given": lambda text: ask(text, given, narrow=True),
        "exact vector search": lambda text: exact.search(vectors[text], _NEIGHBOURS),
        _SLOW: RankBm25(snapshot).rank,
    }


def _time(
    systems: Mapping[str, Callable[[str], object]], texts: list[str]
) -> dict[str, list[float]]:
    """Milliseconds of each system.

    They take turns block by block: noise meets all of them alike, and yet none has to begin
    every query with caches that another one has just filled with a whole catalogue.
    """
    samples: dict[str, list[float]] = {name: [] for name in systems}
    for ask_system in systems.values():
        ask_system(texts[0])
    for start in range(0, len(texts), _BLOCK_QUERIES):
        for name, ask_system in systems.items():
            if name == _SLOW and start:
                continue
            for text in texts[start : start + _BLOCK_QUERIES]:
                begin = perf_counter()
                ask_system(text)
                samples[name].append((perf_counter() - begin) * 1e3)
    return samples


def _recall(
    snapshot: Snapshot, exact: ExactIndex, vectors: Mapping[str, NDArray[np.float32]]
) -> float:
    shares = []
    for vector in list(vectors.values())[:200]:
        truth = exact.search(vector, _NEIGHBOURS).rows
        found = snapshot.vectors.search(vector, _NEIGHBOURS).rows
        shares.append(len(np.intersect1d(found, truth)) / len(truth))
    return round(float(np.mean(shares)), 4)


def summarize(milliseconds: list[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile, in milliseconds."""
    median, p95, p99 = np.percentile(milliseconds, (50, 95, 99))
    return {"median": round(median, 3), "p95": round(p95, 3), "p99": round(p99, 3)}


def latency_table(result: dict[str, Any]) -> str:
    """The result for people."""
    build = result["build"]
    seconds = sum(build["seconds"].values())
    title = (
        f"{result['products']:,} products, {result['queries']:,} queries of 2 to 4 words; "
        f"built in {seconds:.0f} s ({build['products'] / seconds:,.0f} products/s, "
        f"{build['embedded']:,} texts embedded), {result['bytes_per_product']:,.0f} bytes per "
        f"product, recall@100 {result['recall_at_100']:.3f}"
    )
    lines = [
        title,
        f"{'milliseconds':<34}{'median':>9}{'p95':>9}{'p99':>9}{'x hybrid':>10}",
    ]
    for name, row in result["milliseconds"].items():
        cells = "".join(f"{row[column]:>9.3f}" for column in ("median", "p95", "p99"))
        lines.append(f"{name:<34}{cells}{result['ratio_to_hybrid'][name]:>10.2f}")
    for name, row in result["stages"].items():
        cells = "".join(f"{row[column]:>9.3f}" for column in ("median", "p95", "p99"))
        lines.append(f"  stage {name:<26}{cells}")
    return "\n".join(lines)
