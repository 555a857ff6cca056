"""The snapshot of the shop, once."""

from __future__ import annotations

import orjson
import pytest

from indexer.build.reindex import reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from indexer.snapshot import Snapshot, open_snapshot
from tests.searchsvc.learning.shop import RECORDS


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    directory = tmp_path_factory.mktemp("learning")
    feed = directory / "feed.jsonl"
    feed.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in RECORDS))
    layout = IndexLayout.of(directory, "shop")
    reindex(str(feed), layout, IndexSettings(), HashingEmbedder(16))
    return open_snapshot(layout)
