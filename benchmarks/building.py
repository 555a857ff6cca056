"""The index under test: built from a feed by the product's own reindex."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.collection import feed_of
from indexer.build.reindex import reindex
from indexer.embedding.acquire import install_default_model
from indexer.embedding.onnx import OnnxEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from indexer.snapshot import open_snapshot
from searchsvc.cli.progress import Bars

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.collection import Collection
    from indexer.build.report import BuildReport
    from indexer.embedding.protocol import Embedder
    from indexer.snapshot import Snapshot
    from searchsvc.settings import Settings


def open_default_embedder(settings: Settings) -> Embedder:
    """The model that the service uses by default; queries are never answered from a cache."""
    directory = install_default_model(settings.models_dir)
    return OnnxEmbedder.open(directory, query_cache_size=0)


def build(
    feed: Path, data_dir: Path, name: str, embedder: Embedder
) -> tuple[IndexLayout, BuildReport]:
    """Index `feed` with default settings; texts known from the last time are not embedded."""
    layout = IndexLayout.of(data_dir, name)
    with Bars() as bars:
        report = reindex(str(feed), layout, IndexSettings(), embedder, progress=bars)
    return layout, report


def open_index(collection: Collection, data_dir: Path, embedder: Embedder) -> Snapshot:
    """Index a collection's products, after converting them where their format is a foreign one.

    The index is called by the products alone: other queries or another split of the same products
    find them embedded.
    """
    with Bars() as bars:
        if collection.corpus.records is not None:
            bars.start(f"converting {collection.name}", None)
        feed = feed_of(collection, data_dir / "converted", bars.advance)
    name = f"bench-{collection.slug}-{collection.corpus_digest[:8]}"
    layout, _ = build(feed, data_dir, name, embedder)
    return open_snapshot(layout)
