"""A tiny BERT as a checkpoint and as a model directory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

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
