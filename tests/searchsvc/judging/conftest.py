"""A small catalogue, a directory to judge in, and sessions over both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from indexer.embedding.hashing import HashingEmbedder
from indexer.snapshot import open_snapshot
from searchsvc.judging.collection import open_collection
from searchsvc.judging.pool import Pooler
from searchsvc.judging.session import Session
from searchsvc.judging.store import RatingsStore
from searchsvc.policy import RankingPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indexer.layout import IndexLayout
    from indexer.snapshot import Snapshot
    from tests.conftest import Build

_COLOURS = ("Red", "Blue", "Green", "Grey", "White", "Black")
_THINGS = ("shoe", "sofa", "desk", "lamp")
DEPTH = 5


class MakeSession(Protocol):
    def __call__(self, rater: str = "anna") -> Session: ...


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout) -> Snapshot:
    build(
        {"id": f"{colour}/{thing}", "title": f"{colour} {thing}", "price": "10 EUR"}
        for colour in _COLOURS
        for thing in _THINGS
    )
    return open_snapshot(layout)


@pytest.fixture
def pooler(snapshot: Snapshot) -> Pooler:
    return Pooler(snapshot, HashingEmbedder(64), RankingPolicy(), DEPTH)


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """A directory with two queries and one judgment that was there before."""
    directory = tmp_path / "judged"
    directory.mkdir()
    lines = ('{"id":"q001","text":"red shoe","class":"name"}', '{"id":"q002","text":"blue sofa"}')
    (directory / "queries.jsonl").write_text("".join(f"{line}\n" for line in lines))
    (directory / "qrels.tsv").write_text("query_id\tproduct_id\tlabel\nq001\tRed/shoe\t2\n")
    return directory


@pytest.fixture
def make_session(judged: Path, pooler: Pooler) -> Iterator[MakeSession]:
    """Sessions of several raters at the same directory, as their commands would open them."""
    stores = []

    def make(rater: str = "anna") -> Session:
        store = RatingsStore(judged)
        stores.append(store)
        collection = open_collection(judged, None)
        session = Session(judged, store, collection, rater)
        for query in collection.queries:
            session.add_pool(query.id, pooler.pool(query.text))
        return session

    yield make
    for store in stores:
        store.close()
