"""The index under test: built from a feed by the product's own reindex."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.build.reindex import reindex
from indexer.embedding.acquire import install_default_model
from indexer.embedding.onnx import OnnxEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from searchsvc.cli.progress import Bars

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.build.report import BuildReport
    from indexer.embedding.protocol import Embedder
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
