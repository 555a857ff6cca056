"""Relevance: how well each system ranks a judged collection."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.building import build
from benchmarks.collection import Collection, load_collection
from benchmarks.machine import describe_machine
from benchmarks.systems import Run, all_systems, run
from indexer.snapshot import open_snapshot
from searchsvc.relevance.measures import Evaluation, Measure, evaluate

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.embedding.protocol import Embedder
    from searchsvc.policy import RankingPolicy

MEASURES = {
    "nDCG@10": Measure("nDCG", 10),
    "nDCG@10 judged only": Measure("nDCG", 10, condensed=True),
    "Recall@100": Measure("R", 100),
    "MRR@10": Measure("RR", 10),
    "judged@10": Measure("Judged", 10),
}


def measure_relevance(
    directory: Path, data_dir: Path, embedder: Embedder, policy: RankingPolicy
) -> dict[str, Any]:
    """Index the collection in `directory`, ask its queries, and measure the answers.

    Args:
        directory: holds ``feed.jsonl[.gz]``, ``queries.jsonl`` and ``qrels.tsv``.
        data_dir: where the index is built.
        embedder: the model.
        policy: the shipped one.

    Returns:
        The result file: collection, machine, a table and per-query results of each system.
    """
    collection = load_collection(directory)
    slug = re.sub(r"[^a-z0-9]+", "-", collection.name.lower()).strip("-")[:40]
    name = f"bench-{slug}-{collection.digest[:8]}"
    layout, report = build(collection.feed_path, data_dir, name, embedder)
    snapshot = open_snapshot(layout)
    # A query without judgments says nothing about a ranking.
    texts = {q.id: q.text for q in collection.queries if q.id in collection.qrels}
    runs = run(all_systems(snapshot, embedder, policy), texts)
    return {
        "collection": {
            "name": collection.name,
            "digest": collection.digest,
            "products": report.products,
            "queries": len(collection.queries),
            "judgments": sum(len(labels) for labels in collection.qrels.values()),
            "gain": "2^label - 1",
        },
        "machine": describe_machine(),
        "policy": asdict(policy),
        "systems": {name: _measured(found, collection) for name, found in runs.items()},
    }


def _measured(found: Run, collection: Collection) -> dict[str, Any]:
    evaluations = {
        name: evaluate(measure, found.rankings, collection.qrels)
        for name, measure in MEASURES.items()
    }
    empty = [query for query, ranking in found.rankings.items() if not ranking]
    return {
        **{name: round(evaluation.mean, 4) for name, evaluation in evaluations.items()},
        "zero_result_rate": round(len(empty) / len(found.rankings), 4),
        "median_ms": round(float(np.median(found.milliseconds)), 3),
        "p95_ms": round(float(np.percentile(found.milliseconds, 95)), 3),
        "queries": {
            query.id: {
                "text": query.text,
                **_of_query(evaluations, query.id),
                "top": list(found.rankings[query.id][:10]),
            }
            for query in collection.queries
            if query.id in found.rankings
        },
    }


def _of_query(evaluations: dict[str, Evaluation], query_id: str) -> dict[str, float]:
    return {
        name: round(evaluation.by_query[query_id], 4)
        for name, evaluation in evaluations.items()
        if query_id in evaluation.by_query
    }


def relevance_table(result: dict[str, Any]) -> str:
    """The result for people."""
    collection = result["collection"]
    widths = {name: max(len(name), 8) + 2 for name in (*MEASURES, "median ms")}
    title = (
        f"{collection['name']}: {collection['products']:,} products, "
        f"{collection['queries']} queries, {collection['judgments']:,} judgments, "
        f"gain {collection['gain']}, digest {collection['digest'][:12]}"
    )
    lines = [title, f"{'':<26}" + "".join(f"{name:>{width}}" for name, width in widths.items())]
    for name, system in result["systems"].items():
        values = {**system, "median ms": system["median_ms"]}
        cells = "".join(
            f"{values[column]:>{width}.{2 if column == 'median ms' else 4}f}"
            for column, width in widths.items()
        )
        lines.append(f"{name:<26}{cells}")
    return "\n".join(lines)
