"""The robustness of the search over one judged collection, as a result file.

Besides ``collection``, ``machine``, ``policy`` and ``seed`` it has::

    typos         measure, queries, left_out (queries that cannot be measured or misspelt),
                  misspellings, real_words (share of them that are another word of the catalogue)
      systems     by name: clean, misspelt, fall (percent of clean), fall_low, fall_high (its 95 %
                  confidence interval over queries), queries, misspellings; `parts` has the same
                  of the misspellings of one kind, place or outcome
      by_query    by id: text, clean, and each misspelling with its values by system
      worst       of the shipped system: text, misspelt, clean, value
    identifiers   drawn, names (products whose MPN is left out as a name), writings, found, share;
                  by_kind, by_style, by_kind_and_style: writings, found, share
      failures    kind, identifier, style, writing, expected and first product ids

A query's value is the mean over its misspellings, every other mean is over queries; each part is
compared with the right spellings of just those queries that have such misspellings.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.building import open_index
from benchmarks.collection import load_collection
from benchmarks.machine import describe_machine
from benchmarks.robustness import lookup, misspelt
from benchmarks.robustness.identifiers import Identifiers
from benchmarks.systems import Hybrid, OurBm25, RankBm25
from indexer.product import Product
from searchsvc.cli.progress import Bars
from searchsvc.query.query import Query
from searchsvc.search import search

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.systems import System
    from indexer.embedding.protocol import Embedder
    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy

_SHIPPED = "hybrid (shipped)"


@dataclass(frozen=True, slots=True)
class Sampling:
    """What is drawn; equal values draw the same.

    Attributes:
        per_query: misspellings of each query, at most.
        identifiers: of the catalogue, at most.
        rank_bm25: whether rank-bm25 is asked, too; it takes most of the time.
    """

    per_query: int = 20
    identifiers: int = 2_000
    seed: int = 1
    rank_bm25: bool = False


def measure_robustness(
    directory: Path, data_dir: Path, embedder: Embedder, policy: RankingPolicy, sampling: Sampling
) -> dict[str, Any]:
    """Index the collection in `directory`, ask it misspelt queries and identifiers.

    Args:
        directory: what `load_collection` reads.
        data_dir: where a foreign catalogue is converted and the index is built.
        embedder: the model.
        policy: the shipped one.
        sampling: how much is asked.

    Raises:
        CollectionError: the collection cannot be read.
        JudgmentsError: its queries or judgments cannot be read, or no query can be misspelt.
    """
    collection = load_collection(directory)
    queries = misspelt.draw_misspelt(collection, sampling.per_query, sampling.seed)
    snapshot = open_index(collection, data_dir, embedder)
    words, identifiers = misspelt.Words(), Identifiers()

    def first_hit(text: str) -> str | None:
        hits = search(Query(text, limit=1), snapshot, embedder, policy).hits
        return hits[0].id if hits else None

    with Bars() as bars:
        bars.start("reading products", len(snapshot.products))
        for row in range(len(snapshot.products)):
            product = Product.from_json(snapshot.products.json(row))
            words.add(product)
            identifiers.add(product)
            bars.advance(1)
        systems = _systems(snapshot, embedder, policy, sampling)
        bars.start("misspelt queries", sum(len(asked.typos) for asked in queries))
        misspelt.ask(queries, systems, collection, bars.advance)
        drawn = identifiers.draw(sampling.identifiers, sampling.seed)
        bars.start("identifiers", len(drawn))
        answers = lookup.look_up(drawn, first_hit, bars.advance)
    return {
        "collection": {
            "name": collection.name,
            "digest": collection.digest,
            "products": len(snapshot.products),
        },
        "machine": describe_machine(),
        "policy": asdict(policy),
        "seed": sampling.seed,
        "typos": {
            **misspelt.summarize(queries, [system.name for system in systems], words),
            "left_out": len(collection.queries) - len(queries),
        },
        "identifiers": {**lookup.summarize(answers), "names": identifiers.names},
    }


def _systems(
    snapshot: Snapshot, embedder: Embedder, policy: RankingPolicy, sampling: Sampling
) -> list[System]:
    """The shipped one comes last."""
    compared: list[System] = [RankBm25(snapshot)] if sampling.rank_bm25 else []
    return [*compared, OurBm25(snapshot), Hybrid(_SHIPPED, snapshot, embedder, policy)]
