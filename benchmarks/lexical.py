"""The lexical leg alone: the match set of a query's words and its best, beside rank-bm25."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.aims import aim, aims_lines
from benchmarks.machine import describe_machine
from benchmarks.timing import COLUMNS, cells, summarize
from indexer.build.texts import searchable_texts
from indexer.hits import Hits
from indexer.lexical.clause import plain_clauses
from indexer.lexical.okapi import OkapiIndex
from indexer.product import Product
from indexer.snapshot import LEXICAL_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.subject import Subject
    from indexer.snapshot import Snapshot

BEST = 200
SERVED, SLOW = "as served", "rank-bm25"
COVERAGES = {SERVED: 0.4, "any word": 0.0, "all words": 1.0}
"""The share of a query that a match must cover; the first is the service's default."""
_MEDIAN_MS = 2.0
_TIMES_AS_FAST = 100.0
_SLOW_PRODUCTS = 50_000
"""rank-bm25 keeps a dictionary for each product; its time is linear in their number."""
_SLOW_QUERIES = 20


def measure_lexical(subject: Subject) -> dict[str, Any]:
    """Time the whole match set and its best of queries that were never asked.

    rank-bm25 answers a few of the same queries on a part of the same products: its times are
    given for all products, in proportion. The ratio is that of the same queries.

    Returns:
        The result file: machine, bytes, milliseconds, sizes of the match sets, aims.
    """
    snapshot = subject.snapshot
    questions = [snapshot.analyzer.terms(text) for text in subject.texts]
    times: dict[str, list[float]] = {name: [] for name in COVERAGES}
    counts: dict[str, list[int]] = {name: [] for name in COVERAGES}
    for terms in (questions[0], *questions):  # the first finds nothing prepared
        for name, coverage in COVERAGES.items():
            begin = perf_counter()
            matches = snapshot.lexical.match(plain_clauses(terms), coverage=coverage)
            Hits.best(matches.rows, matches.scores, BEST)
            times[name].append((perf_counter() - begin) * 1e3)
            counts[name].append(len(matches))
    rows = {
        name: {**summarize(taken[1:]), "matches": float(np.median(counts[name][1:]))}
        for name, taken in times.items()
    }
    products = len(snapshot.products)
    few = questions[:_SLOW_QUERIES]
    part = min(products, _SLOW_PRODUCTS)
    slow = _time_slow(snapshot, part, few)
    rows[SLOW] = summarize([it * products / part for it in slow])
    ours = times[SERVED][1 : 1 + len(few)]
    ratio = float(np.median(slow)) * products / part / float(np.median(ours))
    size = subject.facts["bytes"][LEXICAL_FILE] / products
    return {
        "products": products,
        "queries": len(questions),
        "machine": describe_machine(),
        "bytes_per_product": round(size, 1),
        "milliseconds": rows,
        "rank_bm25": {"products": part, "queries": len(few), "times_slower": round(ratio, 1)},
        "aims": [
            aim("match set and top 200, median ms", _MEDIAN_MS, rows[SERVED]["median"]),
            aim("times as fast as rank-bm25", _TIMES_AS_FAST, round(ratio, 1), least=True),
        ],
    }


def lexical_table(result: Mapping[str, Any]) -> str:
    """The result as a table for people."""
    slow = result["rank_bm25"]
    lines = [
        (
            f"{result['products']:,} products, {result['queries']} queries, "
            f"{result['bytes_per_product']:g} bytes of postings and vocabulary per product"
        ),
        "",
        f"{'match set and top 200 (ms)':<30}{COLUMNS}{'matches':>12}",
    ]
    for name, row in result["milliseconds"].items():
        matches = f"{row['matches']:>12,.0f}" if "matches" in row else ""
        lines.append(f"{name:<30}{cells(row)}{matches}")
    if slow["products"] < result["products"]:
        lines.append(
            f"({SLOW}: measured on {slow['products']:,} products and {slow['queries']} queries)"
        )
    return "\n".join([*lines, "", *aims_lines(result["aims"])])


def _time_slow(snapshot: Snapshot, products: int, questions: list[list[str]]) -> list[float]:
    """Milliseconds of rank-bm25 for each question, scores and the best of them."""
    documents = []
    for row in range(products):
        texts = searchable_texts(Product.from_json(snapshot.products.json(row)))
        documents.append(snapshot.analyzer.terms(" ".join(texts.values())))
    index = OkapiIndex(documents)
    times = []
    for terms in questions:
        begin = perf_counter()
        scores = index.scores(terms)
        best = np.argpartition(scores, max(len(scores) - BEST, 0))[-BEST:]
        best[np.argsort(-scores[best])]
        times.append((perf_counter() - begin) * 1e3)
    return times
