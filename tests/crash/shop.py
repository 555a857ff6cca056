"""A small shop whose index is built, changed and looked at; what it promises after a crash."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from indexer.build.delta import apply_delta
from indexer.build.predecessor import find_predecessor
from indexer.build.reindex import Recipe, ReindexOptions, compact, reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import STAGING_PREFIX, IndexLayout, list_indexes
from indexer.settings import IndexSettings, VectorSettings
from indexer.snapshot import open_snapshot, verify
from searchsvc.query.query import Query
from searchsvc.serving import SearchService
from searchsvc.settings import Settings

INDEX = "shop"
EMBEDDER = HashingEmbedder(16)
LISTED = IndexSettings(vectors=VectorSettings(exact_below=0))
"""Settings that give a small catalogue the files of a large one."""
TRIALS = int(os.environ.get("SEARCHSVC_CRASH_TRIALS", "0"))
"""How many trials of each kind; 0 for the few that every run can afford."""


def records(edition: int, count: int = 12) -> list[dict[str, Any]]:
    """A catalogue; that of another edition has other titles."""
    things = ("shoe", "hat", "coat", "lamp")
    return [
        {
            "id": f"p{number:02}",
            "title": f"red {things[number % 4]} {number} edition{edition}",
            "brand": "Acme",
            "price": f"{number + 1}.50 EUR",
            "attributes": {"edition": f"e{edition}"},
        }
        for number in range(count)
    ]


def write_feed(path: Path, edition: int, *, first: dict[str, Any] | None = None) -> None:
    """The feed of an edition."""
    products = records(edition)
    products[0] |= first or {}
    path.write_bytes(b"".join(orjson.dumps(it) + b"\n" for it in products))


def layout_of(data_dir: Path) -> IndexLayout:
    return IndexLayout.of(data_dir, INDEX)


def build(
    data_dir: Path,
    edition: int,
    *,
    settings: IndexSettings | None = None,
    options: ReindexOptions | None = None,
    first: dict[str, Any] | None = None,
    feed: Path | None = None,
) -> str:
    """Publish an edition.

    Args:
        data_dir: need not exist.
        edition: which.
        settings: of the build.
        options: of the reindex.
        first: what else the first product says.
        feed: where to write the feed; by default beside the data directory.
    """
    feed = feed or data_dir.parent / f"{data_dir.name}-{edition}.jsonl"
    write_feed(feed, edition, first=first)
    try:
        layout, chosen = layout_of(data_dir), settings or IndexSettings()
        return reindex(str(feed), layout, chosen, EMBEDDER, options).generation
    finally:
        feed.unlink(missing_ok=True)


def recipe(data_dir: Path) -> Recipe:
    """By the settings of what is published."""
    predecessor = find_predecessor(layout_of(data_dir))
    return Recipe(predecessor.settings if predecessor else IndexSettings(), EMBEDDER)


def change(data_dir: Path, changes: Sequence[dict[str, Any]]) -> str:
    """Publish a delta."""
    layout = layout_of(data_dir)
    return apply_delta(list(changes), layout, lambda: recipe(data_dir)).generation


def patch(data_dir: Path, price: int) -> str:
    """A delta that changes no text."""
    return change(data_dir, [{"id": f"p{n:02}", "price": f"{price} EUR"} for n in (1, 5)])


def merge(data_dir: Path, edition: int) -> str:
    """A delta that changes texts, adds a product and removes one."""
    return change(
        data_dir,
        [
            {"id": "p02", "title": f"blue boots merged{edition}"},
            {"id": f"q{edition:02}", "title": f"new cup {edition}", "price": "3 EUR"},
            {"id": f"p{3 + edition:02}", "op": "delete"},
        ],
    )


def compacted(data_dir: Path) -> str:
    return compact(layout_of(data_dir), lambda: recipe(data_dir)).generation


@dataclass(frozen=True)
class Seen:
    """What an index says: its generation, and all of its products."""

    generation: str
    products: tuple[bytes, ...]


def seen(data_dir: Path, generation: str | None = None) -> Seen:
    """What a generation says, by its files."""
    snapshot = open_snapshot(layout_of(data_dir), generation)
    products = snapshot.products
    return Seen(snapshot.generation, tuple(products.json(row) for row in range(len(products))))


def published(data_dir: Path) -> Seen | None:
    """What is published, after everything that there is was found to be sound."""
    if not list_indexes(data_dir):
        return None
    layout = layout_of(data_dir)
    for generation in layout.generations():
        assert verify(layout, generation) == [], generation
        open_snapshot(layout, generation)
    assert layout.require_current() in layout.generations()
    return seen(data_dir)


def served(data_dir: Path, scratch: Path) -> Seen | None:
    """What a service that starts now serves, and finds."""
    service = SearchService(Settings(data_dir=data_dir, models_dir=scratch / "no models"))
    try:
        service.refresh()
        states = service.indexes()
        if not states:
            return None
        assert states[0].opened.reason == ""
        assert service.search(INDEX, Query("red")).result.total >= len(records(1)) // 2
        products = service.snapshot(INDEX).products
        found = tuple(service.product(INDEX, products.id(row)) for row in range(len(products)))
        return Seen(service.snapshot(INDEX).generation, found)
    finally:
        service.close()


def leftovers(data_dir: Path) -> list[str]:
    """What no finished command leaves: unfinished builds, reports of nothing, files aside."""
    layout = layout_of(data_dir)
    known = {*layout.generations(), "refused"}
    reports = (path.name for path in layout.reports_dir.glob("*"))
    return sorted(
        [
            *(path.name for path in layout.root.glob(f"{STAGING_PREFIX}*")),
            *(name for name in reports if name.split(".")[0] not in known),
            *(path.name for path in data_dir.rglob(".*")),
        ]
    )


def tell(kind: str, trials: int) -> None:
    """Say how many trials of a kind there were; pytest shows it with ``-rP``."""
    print(f"{trials:,} trials: {kind}")  # noqa: T201 - what the trials by hand are counted by
