"""The distilled query encoder beside the transformer: relevance, agreement, time.

The result file (``--json``) is a list with one object for each collection::

    {"collection": {"name", "digest", "products", "queries"},
     "machine": {…},
     "encoder": {…},                    what the manifest says of it
     "cosine": {"mean", "minimum"},     of the queries' vectors by the two encoders
     "trusted_share": 0.9,              of the queries: answered by the distilled encoder in "auto"
     "query_us": {encoder: {"median", "p95"}},
     "legs": {leg: {choice: {
         "nDCG@10", "relative",         to the transformer, 0.01 is one per cent
         "difference", "low", "high"}}}} with a 95 % interval; absent from the transformer's own

The legs are the vectors alone and the hybrid search as it is shipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from benchmarks.building import open_index
from benchmarks.collection import load_collection
from benchmarks.comparison import compare
from benchmarks.errors import CollectionError
from benchmarks.machine import describe_machine
from benchmarks.summary import MAIN_MEASURE, evaluate_run, values_of
from benchmarks.systems import SHIPPED, Hybrid, Vectors, run
from searchsvc.routing import EncoderChoice, RoutedEmbedder, routed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from benchmarks.collection import Collection
    from benchmarks.systems import System
    from indexer.embedding.distilled import DistilledEmbedder
    from indexer.embedding.protocol import Embedder
    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy

CHOICES: tuple[EncoderChoice, ...] = get_args(EncoderChoice)
REFERENCE: EncoderChoice = "transformer"
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class _Bench:
    """A collection's index with the model, ready to be asked."""

    collection: Collection
    snapshot: Snapshot
    model: Embedder
    encoder: DistilledEmbedder

    @property
    def queries(self) -> Mapping[str, str]:
        """Judged queries: text by id."""
        qrels = self.collection.qrels
        return {query.id: query.text for query in self.collection.queries if query.id in qrels}

    def legs(self, policy: RankingPolicy) -> Mapping[str, Mapping[str, System]]:
        """The systems by leg and choice."""
        by_choice = {it: routed(self.snapshot, self.model, it) for it in CHOICES}
        return {
            "vectors": {it: Vectors(self.snapshot, by_choice[it]) for it in CHOICES},
            SHIPPED: {it: Hybrid(it, self.snapshot, by_choice[it], policy) for it in CHOICES},
        }


def measure_distilled(
    directory: Path, data_dir: Path, model: Embedder, policy: RankingPolicy
) -> dict[str, Any]:
    """Ask a collection's queries by each choice of encoder.

    Args:
        directory: what `load_collection` reads.
        data_dir: where the index is built.
        model: the transformer, without a cache of queries.
        policy: the shipped one.

    Returns:
        One object of the result file that this module's docstring describes.

    Raises:
        CollectionError: the collection cannot be read, or its index has no distilled encoder.
    """
    collection = load_collection(directory)
    snapshot = open_index(collection, data_dir, model)
    entry = snapshot.manifest.encoder
    if snapshot.encoder is None or entry is None:
        raise CollectionError(
            f"the index of {collection.name} has no distilled encoder; expected a model with word "
            f"pieces, found {model.name!r}"
        )
    bench = _Bench(collection, snapshot, model, snapshot.encoder)
    texts = list(bench.queries.values())
    return {
        "collection": {
            "name": collection.name,
            "digest": collection.digest,
            "products": len(snapshot.products),
            "queries": len(texts),
        },
        "machine": describe_machine(),
        "encoder": entry.model_dump(),
        **_agreement(bench, texts),
        "query_us": {
            "distilled": _times(bench.encoder.embed_query, texts),
            "transformer": _times(model.embed_query, texts),
        },
        "legs": {leg: _relevance(bench, systems) for leg, systems in bench.legs(policy).items()},
    }


def _agreement(bench: _Bench, texts: Sequence[str]) -> dict[str, Any]:
    """How near the two encoders' vectors are, and whom ``auto`` asks."""
    theirs = np.stack([bench.model.embed_query(text) for text in texts])
    cosines = (bench.encoder.embed_documents(texts) * theirs).sum(axis=1)
    router = RoutedEmbedder(bench.encoder, bench.model)
    trusted = [router.encode(text).encoder == "distilled" for text in texts]
    return {
        "cosine": {
            "mean": round(float(cosines.mean()), 4),
            "minimum": round(float(cosines.min()), 4),
        },
        "trusted_share": round(float(np.mean(trusted)), 4),
    }


def _times(embed: Callable[[str], object], texts: Sequence[str]) -> dict[str, float]:
    """Microseconds of single queries, the tokenizer included."""
    times = []
    for text in [*texts] * _ROUNDS:
        begin = perf_counter()
        embed(text)
        times.append((perf_counter() - begin) * 1e6)
    median, p95 = np.percentile(times[len(texts) :], (50, 95))
    return {"median": round(float(median), 1), "p95": round(float(p95), 1)}


def _relevance(bench: _Bench, systems: Mapping[str, System]) -> dict[str, dict[str, float]]:
    runs = {
        choice: next(iter(run([system], bench.queries).values()))
        for choice, system in systems.items()
    }
    values = {
        choice: values_of({MAIN_MEASURE: evaluate_run(found, bench.collection)[MAIN_MEASURE]})
        for choice, found in runs.items()
    }
    compared = {
        choice: found[MAIN_MEASURE]
        for choice, found in compare(values, [MAIN_MEASURE], REFERENCE).items()
    }
    reference = compared[REFERENCE]["mean"]
    return {
        choice: {
            MAIN_MEASURE: found["mean"],
            "relative": round(found["mean"] / reference - 1, 4) if reference else 0.0,
            **{
                name: found[key]
                for name, key in (
                    ("difference", "difference"),
                    ("low", "difference_low"),
                    ("high", "difference_high"),
                )
                if key in found
            },
        }
        for choice, found in compared.items()
    }


def distilled_table(result: dict[str, Any]) -> str:
    """The result for people."""
    collection, encoder = result["collection"], result["encoder"]
    fit = f"{encoder['pieces']:,} word pieces fitted to {encoder['spans']:,} spans"
    asked = f"{collection['queries']} queries: cosine to the transformer"
    lines = [
        f"{collection['name']}: {collection['products']:,} products; {fit}",
        f"  held-out cosine {encoder['held_out_cosine']:.3f}",
        f"  {asked} {result['cosine']['mean']:.3f}, trusted {result['trusted_share']:.0%}",
    ]
    for name, times in result["query_us"].items():
        lines.append(f"  {name}: {times['median']:,.0f} us a query, p95 {times['p95']:,.0f}")
    lines.append(f"  {MAIN_MEASURE:<20}" + "".join(f"{choice:>24}" for choice in CHOICES))
    for leg, by_choice in result["legs"].items():
        cells = (
            f"{found[MAIN_MEASURE]:.4f} ({found['relative']:+.1%})".rjust(24)
            for found in by_choice.values()
        )
        lines.append(f"  {leg:<20}" + "".join(cells))
    return "\n".join(lines)
