"""A subject: an index that a benchmark of speed measures, with the queries asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.building import build
from benchmarks.catalogue.cli import generate
from benchmarks.systems import RankBm25
from benchmarks.timing import summarize
from benchmarks.truth import DEPTH, read_vectors, recall, similarities
from benchmarks.workload import draw_narrowings, draw_queries
from indexer.manifest import describe_file
from indexer.snapshot import Snapshot, open_snapshot
from indexer.vectors.exact import ExactIndex
from searchsvc.query.filters import parse_filter
from searchsvc.query.mask import row_mask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.workload import Narrowing
    from indexer.embedding.protocol import Embedder
    from indexer.layout import IndexLayout
    from searchsvc.routing import QueryEmbedder

EXACT, SLOW = "exact vector search", "rank-bm25"
_SLOW_PRODUCTS = 50_000
"""rank-bm25 needs a second and gigabytes for a million; its cost is linear in the products."""
_EXACT_PRODUCTS = 200_000
_BASELINE_QUERIES = 20
_RECALL_QUERIES = 100
_DIGITS = 4
_PRODUCTS_FILE = "products.bin"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured.

    Attributes:
        layout: of its index, from where it comes.
        snapshot: its current generation.
        facts: what the result file says of its catalogue and its build.
        texts: queries; those of every workload are others.
        narrowings: filters.
    """

    layout: IndexLayout
    snapshot: Snapshot
    facts: dict[str, Any]
    texts: list[str]
    narrowings: list[Narrowing]

    @property
    def workloads(self) -> int:
        """How many there are: one without a filter, and one for each."""
        return 1 + len(self.narrowings)

    @classmethod
    def of(cls, layout: IndexLayout, queries: int, facts: dict[str, Any] | None = None) -> Subject:
        """An index that exists, with so many queries of each workload.

        Raises:
            SnapshotError: it cannot be opened.
            BenchmarkError: filters cannot be made of its products.
        """
        snapshot = open_snapshot(layout)
        products = len(snapshot.products)
        narrowings = draw_narrowings(snapshot.columns, products)
        files = {name: entry.bytes for name, entry in sorted(snapshot.manifest.files.items())}
        known = {
            "index": layout.name,
            "products": products,
            "documents_by": snapshot.manifest.embedder.name,
            "content_sha256": snapshot.manifest.files[_PRODUCTS_FILE].sha256,
            "bytes_per_product": round(sum(files.values()) / products, 1),
            "bytes": files,
        }
        texts = draw_queries(snapshot, queries * (1 + len(narrowings)))
        return cls(layout, snapshot, {**known, **(facts or {})}, texts, narrowings)


def generated(
    products: int, queries: int, data_dir: Path, embedder: Embedder, *, by: str = ""
) -> Subject:
    """A generated catalogue, indexed below `data_dir` unless it is already.

    Args:
        products: how many.
        queries: of each workload.
        data_dir: also for the feed.
        embedder: of the products.
        by: what to call whose vectors they are, where it is not the embedder's name.
    """
    feed = data_dir / f"catalogue-{products}.jsonl.gz"
    if not feed.exists():
        feed.parent.mkdir(parents=True, exist_ok=True)
        generate(feed, products=products)
    name = f"latency-{products}-{by}" if by else f"latency-{products}"
    layout, report = build(feed, data_dir, name, embedder)
    facts = {"feed_sha256": describe_file(feed).sha256, "build": report.to_dict()}
    return Subject.of(layout, queries, {**facts, **({"documents_by": by} if by else {})})


def measure_recall(subject: Subject, embedder: QueryEmbedder) -> list[dict[str, float]]:
    """recall@100 of the semantic leg against the truth, without a filter and with each.

    Args:
        subject: its first hundred queries are asked.
        embedder: of its queries.
    """
    snapshot = subject.snapshot
    vectors = np.array([embedder.embed_query(it) for it in subject.texts[:_RECALL_QUERIES]])
    directory = subject.layout.generation_dir(snapshot.generation)
    cosines = similarities(directory, vectors)
    found = [{"share": 1.0, "recall": round(recall(snapshot.vectors, vectors, cosines), _DIGITS)}]
    for narrowing in subject.narrowings:
        condition = parse_filter(narrowing.filter)
        mask = row_mask(condition, snapshot.columns, len(snapshot.products))
        share = recall(snapshot.vectors, vectors, cosines, mask)
        found.append({"share": narrowing.share, "recall": round(share, _DIGITS)})
    return found


def measure_baselines(subject: Subject, embedder: QueryEmbedder) -> dict[str, dict[str, Any]]:
    """Milliseconds of rank-bm25 and of the exact vector search, on a few queries.

    The exact search is left out of a large catalogue; rank-bm25 is measured on a part of it, and
    `products` says on how many: times are given for all.
    """
    snapshot, texts = subject.snapshot, subject.texts[:_BASELINE_QUERIES]
    products = len(snapshot.products)
    part = min(products, _SLOW_PRODUCTS)
    slow = _time(RankBm25(snapshot, part).rank, texts)
    rows = {
        SLOW: {**summarize([it * products / part for it in slow]), "products": part},
    }
    if products <= _EXACT_PRODUCTS:
        directory = subject.layout.generation_dir(snapshot.generation)
        exact = ExactIndex(read_vectors(directory))
        vectors = {text: embedder.embed_query(text) for text in texts}
        times = _time(lambda text: exact.search(vectors[text], DEPTH), texts)
        rows[EXACT] = {**summarize(times), "products": products}
    for row in rows.values():
        row["queries"] = len(texts)
    return rows


def _time(ask: Callable[[str], object], texts: list[str]) -> list[float]:
    times = []
    for text in (texts[0], *texts):  # the first prepares what the others find
        begin = perf_counter()
        ask(text)
        times.append((perf_counter() - begin) * 1e3)
    return times[1:]
