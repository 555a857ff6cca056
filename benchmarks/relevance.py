"""Relevance: how well each system ranks a judged collection.

The result file (``--json``) is a list with one object for each collection::

    {"collection": {"name", "format", "digest", "products", "queries", "judgments", "gain"},
                                          counts; "gain" in words; queries without a relevant
                                          product are in no mean: "excluded_queries" counts them;
                                          "missing_products": judged, but not in the catalogue
     "gains": {label: gain},              of the labels that occur, labels as texts
     "relevant_from": 1,                  the lowest label that the binary measures count
     "measures": {name: ir-measures name},
     "machine": {…}, "policy": {…},
     "baseline": name, "shipped": name,   keys of "systems"
     "systems": {name: {
         measure: mean, "zero_result_rate",
         "median_ms", "p95_ms",           null for a system that was read from a run file
         "statistics": {measure: {
             "mean", "low", "high",       95 % bootstrap interval of the mean
             "difference", "difference_low", "difference_high", "p"}},
                                          to the baseline, paired; absent from the baseline's own
         "classes": {class: {"queries", "nDCG@10"}},
         "queries": {query id: {"text", "class", measure: value, "top": [up to 10 product ids]}}}},
                                          no measures where a query was excluded, no class where
                                          it has none
     "qrels": {query id: {product id: label}},
     "products": {product id: {"title", "image_link", "brand", "price"}}}
                                          of every top 10; empty texts as "", an absent price as
                                          null, else {"minor_units", "currency"}
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.building import open_index
from benchmarks.collection import DEFAULT_CHOICE, Collection, load_collection
from benchmarks.comparison import compare
from benchmarks.contestants import choose, find_baseline, find_shipped, read_runs
from benchmarks.errors import CollectionError
from benchmarks.machine import describe_machine
from benchmarks.summary import MEASURES, TOP, evaluate_run, summarize, values_of
from benchmarks.systems import ablations, all_systems, run
from benchmarks.trec_run import TrecRun, write_run
from indexer.product import Product

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from benchmarks.formats.source import Choice
    from benchmarks.systems import Run
    from indexer.embedding.protocol import Embedder
    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy


@dataclass(frozen=True, slots=True)
class Options:
    """What a comparison can be asked for.

    Attributes:
        choice: the part of a collection that has several.
        baseline: what others are compared to, see `find_baseline`.
        only: names of the systems that take part; all when empty.
        without: names of the systems that do not.
        run_files: TREC runs that join as further systems.
        with_ablations: also the shipped system without each of its parts.
        runs_dir: where the rankings are written as TREC runs, None for nowhere.
    """

    choice: Choice = DEFAULT_CHOICE
    baseline: str | None = None
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    run_files: tuple[Path, ...] = ()
    runs_dir: Path | None = None
    with_ablations: bool = False


DEFAULT_OPTIONS = Options()


def measure_relevance(
    directory: Path,
    data_dir: Path,
    embedder: Embedder,
    policy: RankingPolicy,
    options: Options = DEFAULT_OPTIONS,
) -> dict[str, Any]:
    """Index the collection in `directory`, ask its queries, and measure the answers.

    Args:
        directory: what `load_collection` reads.
        data_dir: where a foreign catalogue is converted and the index is built.
        embedder: the model.
        policy: the shipped one.
        options: see `Options`.

    Returns:
        One object of the result file that this module's docstring describes.

    Raises:
        CollectionError: the collection cannot be read, or no query has a relevant product.
        UnknownSystemError: a system is named that is not there.
        RunFileError: a run cannot be read or written.
    """
    collection = load_collection(directory, options.choice)
    excluded = _excluded(collection)
    snapshot = open_index(collection, data_dir, embedder)
    # A query without judgments says nothing about a ranking.
    texts = {q.id: q.text for q in collection.queries if q.id in collection.qrels}
    all_there_are = all_systems(snapshot, embedder, policy)
    if options.with_ablations:
        all_there_are += ablations(snapshot, embedder, policy)
    systems = choose(all_there_are, options.only, options.without)
    shipped = find_shipped([system.name for system in systems])
    given = read_runs(options.run_files, texts, [system.name for system in systems])
    find_baseline(options.baseline, [*(system.name for system in systems), *given])
    runs = run(systems, texts)
    if options.runs_dir is not None:
        _write_runs(options.runs_dir / collection.slug, runs)
    runs |= given
    baseline = find_baseline(options.baseline, list(runs))
    evaluations = {name: evaluate_run(found, collection) for name, found in runs.items()}
    statistics = compare(
        {name: values_of(found) for name, found in evaluations.items()}, list(MEASURES), baseline
    )
    labels = [label for judged in collection.qrels.values() for label in judged.values()]
    return {
        "collection": {
            "name": collection.name,
            "format": collection.format,
            "digest": collection.digest,
            "products": len(snapshot.products),
            "queries": len(collection.queries),
            "judgments": len(labels),
            "gain": "2^label - 1" if collection.scale.gains is None else "by label",
            "excluded_queries": excluded,
            "missing_products": _missing(collection, snapshot),
        },
        "gains": {str(label): gain for label, gain in collection.scale.gains_of(labels).items()},
        "relevant_from": collection.scale.relevant_from,
        "measures": {name: str(measure) for name, measure in MEASURES.items()},
        "machine": describe_machine(),
        "policy": asdict(policy),
        "baseline": baseline,
        "shipped": shipped,
        "systems": {
            name: summarize(found, collection, evaluations[name])
            | {"statistics": statistics[name]}
            for name, found in runs.items()
        },
        "qrels": {query: dict(judged) for query, judged in collection.qrels.items()},
        "products": _products(snapshot, runs.values()),
    }


def _excluded(collection: Collection) -> int:
    """How many judged queries have no relevant product."""
    relevant = [
        any(collection.scale.is_relevant(label) for label in judged.values())
        for judged in collection.qrels.values()
    ]
    if not any(relevant):
        raise CollectionError(
            f"{collection.name}: none of {len(relevant)} judged queries has a relevant product "
            f"(label {collection.scale.relevant_from} or more), expected at least one; check that "
            "queries and judgments belong together"
        )
    return len(relevant) - sum(relevant)


def _missing(collection: Collection, snapshot: Snapshot) -> int:
    judged = {product_id for labels in collection.qrels.values() for product_id in labels}
    return sum(snapshot.products.row(product_id) is None for product_id in judged)


def _products(snapshot: Snapshot, runs: Iterable[Run]) -> dict[str, dict[str, Any]]:
    """What a report shows of each product in any top."""
    found: dict[str, dict[str, Any]] = {}
    for ranking in (ranking for each in runs for ranking in each.rankings.values()):
        for product_id in ranking[:TOP]:
            row = snapshot.products.row(product_id)
            if product_id not in found and row is not None:
                product = Product.from_json(snapshot.products.json(row))
                price = asdict(product.price) if product.price else None
                found[product_id] = {
                    "title": product.title,
                    "image_link": product.image_link,
                    "brand": product.brand,
                    "price": price,
                }
    return found


def _write_runs(folder: Path, runs: Mapping[str, Run]) -> None:
    for name, found in runs.items():
        tag = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        write_run(folder / f"{tag}.run", TrecRun(tag, found.rankings))
