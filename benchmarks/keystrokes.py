"""Search as you type: how good the page is before the last word is finished, and how it jumps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.building import open_index
from benchmarks.collection import load_collection
from benchmarks.errors import BenchmarkError
from benchmarks.machine import describe_machine
from searchsvc.cli.progress import Bars
from searchsvc.query.query import Query
from searchsvc.relevance.measures import Measure
from searchsvc.search import search

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from benchmarks.collection import Collection
    from indexer.embedding.protocol import Embedder
    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy

_MEASURE = Measure("nDCG", 10)
_FIRST_LETTERS = 2  # of the last word; one letter says nothing
_MOST_LEFT = 5  # letters; more are counted together
_NAME = 34


class Reading(StrEnum):
    """What is made of the word that is being typed."""

    SHIPPED = "shipped: completed in both legs"
    TYPED = "meaning of what is typed"
    DROPPED = "meaning without the last word"
    NOTHING = "not completed at all"


@dataclass(frozen=True, slots=True)
class _Fixed:
    """An embedder that reads a text of its own, whatever it is given."""

    embedder: Embedder
    text: str

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return self.embedder.embed_query(self.text or text)


def measure_keystrokes(
    directory: Path, data_dir: Path, embedder: Embedder, policy: RankingPolicy
) -> dict[str, Any]:
    """Type the last word of every judged query of a collection, letter by letter.

    Returns:
        ``collection``, ``machine``, ``measure``, ``queries``, ``keystrokes`` and ``readings``: by
        name the measure of the whole queries, its mean over all keystrokes, its mean ``by_left``
        (letters that are still to come), and what changes from one letter to the next in the
        first ten places: the share of places with another product (``moved``) and of products
        that were not there before (``new``).

    Raises:
        CollectionError: the collection cannot be read.
        BenchmarkError: it has no query that can be measured.
    """
    collection = load_collection(directory)
    queries = _measurable(collection)
    if not queries:
        raise BenchmarkError(f"{directory} has no judged query whose last word can be typed")
    snapshot = open_index(collection, data_dir, embedder)
    with Bars() as bars:
        bars.start("keystrokes", len(queries) * len(Reading))
        readings = {}
        for reading in Reading:
            walks = []
            for query_id, text in queries.items():
                pages = _type(reading, text, snapshot, embedder, policy)
                walks.append(_Walk.of(pages, collection.qrels[query_id], collection))
                bars.advance(1)
            readings[str(reading)] = _summarize(walks)
    return {
        "collection": {
            "name": collection.name,
            "digest": collection.digest,
            "products": len(snapshot.products),
        },
        "machine": describe_machine(),
        "measure": str(_MEASURE),
        "queries": len(queries),
        "keystrokes": sum(len(list(_lengths(text))) for text in queries.values()),
        "readings": readings,
    }


def keystrokes_table(result: Mapping[str, Any]) -> str:
    """The result as text for people."""
    collection = result["collection"]
    columns = [f"{left} left" for left in range(_MOST_LEFT)] + [f"{_MOST_LEFT}+ left"]
    lines = [
        (
            f"{collection['name']}: {collection['products']:,} products, {result['queries']:,} "
            f"queries, {result['keystrokes']:,} keystrokes, digest {collection['digest'][:12]}"
        ),
        _row(result["measure"], ["all", *columns, "moved", "new"]),
    ]
    for name, reading in result["readings"].items():
        by_left = [reading["by_left"].get(str(left)) for left in range(_MOST_LEFT + 1)]
        cells = [reading["mean"], *by_left, reading["moved"], reading["new"]]
        lines.append(_row(name, ["-" if cell is None else f"{cell:.3f}" for cell in cells]))
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Walk:
    """One query, typed.

    Attributes:
        values: of the measure, by how many letters were left.
        moved: share of places that changed, at each letter but the first.
        new: share of products that were not on the page before, likewise.
    """

    values: dict[int, float]
    moved: list[float]
    new: list[float]

    @classmethod
    def of(
        cls, pages: Sequence[list[str]], labels: Mapping[str, int], collection: Collection
    ) -> _Walk:
        last = len(pages) - 1
        values = {
            last - place: _MEASURE.of(page, labels, collection.scale)
            for place, page in enumerate(pages)
        }
        moved, new = [], []
        for before, after in pairwise(pages):
            places = max(len(before), len(after), 1)
            same = sum(map(str.__eq__, before, after))
            moved.append(1 - same / places)
            new.append(len(set(after) - set(before)) / max(len(after), 1))
        return cls(values, moved, new)


def _measurable(collection: Collection) -> dict[str, str]:
    """Judged queries whose last word is of letters, by id."""
    return {
        query.id: query.text.strip()
        for query in collection.queries
        if any(map(collection.scale.is_relevant, collection.qrels.get(query.id, {}).values()))
        and query.text.split()
        and query.text.split()[-1].isalpha()
    }


def _lengths(text: str) -> range:
    """How much of `text` there is after each keystroke of its last word."""
    begin = len(text) - len(text.rsplit(maxsplit=1)[-1])
    return range(min(begin + _FIRST_LETTERS, len(text)), len(text) + 1)


def _type(
    reading: Reading, text: str, snapshot: Snapshot, embedder: Embedder, policy: RankingPolicy
) -> list[list[str]]:
    """The first page after each keystroke."""
    pages = []
    for length in _lengths(text):
        typed = text[:length]
        meant = {
            Reading.TYPED: typed,
            Reading.DROPPED: typed[: -len(typed.split()[-1])].strip() or typed,
        }
        query = Query(typed, limit=_MEASURE.cutoff, typing=reading is not Reading.NOTHING)
        answer = search(query, snapshot, _Fixed(embedder, meant.get(reading, "")), policy)
        pages.append([hit.id for hit in answer.hits])
    return pages


def _summarize(walks: Sequence[_Walk]) -> dict[str, Any]:
    """Means over queries, so that a long word counts no more than a short one."""
    by_left: dict[int, list[float]] = defaultdict(list)
    for walk in walks:
        for left, value in walk.values.items():
            by_left[min(left, _MOST_LEFT)].append(value)
    return {
        "complete": float(np.mean([walk.values[0] for walk in walks])),
        "mean": float(np.mean([np.mean(list(walk.values.values())) for walk in walks])),
        "by_left": {str(left): float(np.mean(values)) for left, values in by_left.items()},
        "moved": float(np.mean([np.mean(walk.moved) for walk in walks if walk.moved])),
        "new": float(np.mean([np.mean(walk.new) for walk in walks if walk.new])),
    }


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name:<{_NAME}}" + "".join(f"{cell:>9}" for cell in cells)
