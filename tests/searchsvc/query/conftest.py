"""Indexes of a few titles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from indexer.settings import IndexSettings
from indexer.snapshot import Snapshot, open_snapshot
from tests.searchsvc.query.asking import EMBEDDER, Open

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from indexer.settings import Language
    from tests.conftest import Build


@pytest.fixture
def opened(build: Build, layout: IndexLayout) -> Open:
    """An index of products with these titles and the ids p0, p1, ... in their order."""

    def run(*titles: str, language: Language = "english", **fields: Any) -> Snapshot:
        records = [{"id": f"p{n}", "title": title, **fields} for n, title in enumerate(titles)]
        build(records, settings=IndexSettings(language=language), embedder=EMBEDDER, force=True)
        return open_snapshot(layout)

    return run
