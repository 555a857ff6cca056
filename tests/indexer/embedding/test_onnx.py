"""The transformer embedder; what it shares with others is in tests/contracts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tokenizers import Tokenizer

from indexer.embedding import onnx as module
from indexer.embedding.direct import convert
from indexer.embedding.model_files import ModelContent, ModelFiles
from indexer.embedding.onnx import OnnxEmbedder
from indexer.errors import ModelMismatchError, ModelUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tiny_bert import TinyBert

TEXTS = [f"{word} " * count for count in range(20) for word in ("red", "shoe", "x")]


def write(directory: Path, content: ModelContent) -> Path:
    return ModelFiles.write(directory, name="m", source="s", content=content).directory


def test_one_thread_and_several_give_the_same_bits(tiny_model: Path) -> None:
    one = OnnxEmbedder.open(tiny_model, threads=1).embed_documents(TEXTS)
    three = OnnxEmbedder.open(tiny_model, threads=3).embed_documents(TEXTS)
    np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize(("batch", "window"), [(1, 1), (64, 7), (100_000, 100_000)])
def test_the_vectors_do_not_depend_on_the_sizes_of_batch_and_window(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, batch: int, window: int
) -> None:
    embedder = OnnxEmbedder.open(tiny_model)
    expected = embedder.embed_documents(TEXTS)
    monkeypatch.setattr(module, "_TOKENS_PER_BATCH", batch)
    monkeypatch.setattr(module, "_TEXTS_PER_WINDOW", window)
    np.testing.assert_array_equal(embedder.embed_documents(TEXTS), expected)


def test_eight_bits_are_close_to_float32(tiny_bert: TinyBert, tmp_path: Path) -> None:
    vectors = [
        OnnxEmbedder.open(
            write(tmp_path / str(quantize), convert(tiny_bert.source(), quantize=quantize))
        ).embed_documents(TEXTS)
        for quantize in (True, False)
    ]
    assert np.einsum("nd,nd->n", *vectors).mean() > 0.99


def test_equal_texts_are_computed_once(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = OnnxEmbedder.open(tiny_model)
    computed: list[int] = []
    run = embedder._run  # noqa: SLF001 - counted from outside, the results stay the real ones

    def counted(tokens: np.ndarray) -> np.ndarray:
        computed.append(len(tokens))
        return run(tokens)

    monkeypatch.setattr(embedder, "_run", counted)
    vectors = embedder.embed_documents(["red", "blue", "red", "red"])
    assert sum(computed) == 2
    np.testing.assert_array_equal(vectors[0], vectors[3])


def test_a_failing_progress_callback_stops_the_work(tiny_model: Path) -> None:
    def fail(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        OnnxEmbedder.open(tiny_model).embed_documents(TEXTS, progress=fail)


def test_a_recent_query_comes_from_memory(tiny_model: Path) -> None:
    embedder = OnnxEmbedder.open(tiny_model, query_cache_size=2)
    red = embedder.embed_query("red")
    assert embedder.embed_query("red") is red
    embedder.embed_query("blue")
    assert embedder.embed_query("red") is red
    blue = embedder.embed_query("blue")
    embedder.embed_query("green")  # "red" was used before "blue" and goes
    assert embedder.embed_query("blue") is blue
    assert embedder.embed_query("red") is not red
    np.testing.assert_array_equal(embedder.embed_query("red"), red)


def test_a_cache_of_size_zero_keeps_nothing(tiny_model: Path) -> None:
    embedder = OnnxEmbedder.open(tiny_model, query_cache_size=0)
    assert embedder.embed_query("red") is not embedder.embed_query("red")


def test_the_prompts_are_put_before_queries_and_documents(
    tiny_bert: TinyBert, tiny_model: Path, tmp_path: Path
) -> None:
    source = replace(tiny_bert.source(), query_prompt="red ", document_prompt="blue ")
    prompted = OnnxEmbedder.open(write(tmp_path / "m", convert(source)))
    plain = OnnxEmbedder.open(tiny_model)
    np.testing.assert_array_equal(prompted.embed_query("shoe"), plain.embed_query("red shoe"))
    np.testing.assert_array_equal(
        prompted.embed_documents(["shoe"])[0], plain.embed_query("blue shoe")
    )
    np.testing.assert_array_equal(
        prompted.embed_queries(["shoe", "red", "shoe"])[[0, 2]], [prompted.embed_query("shoe")] * 2
    )
    assert prompted.fingerprint != plain.fingerprint
    assert (plain.reads_alike(), prompted.reads_alike()) == (True, False)


def test_texts_are_cut_at_the_maximum_length(tiny_model: Path) -> None:
    embedder = OnnxEmbedder.open(tiny_model)
    np.testing.assert_array_equal(
        embedder.embed_query("red " * 22), embedder.embed_query("red " * 500)
    )


def test_name_and_dimension_are_the_cards(tiny_model: Path) -> None:
    embedder = OnnxEmbedder.open(tiny_model)
    card = ModelFiles.open(tiny_model).card
    assert (embedder.name, embedder.dimension) == ("tiny", 32)
    assert embedder.fingerprint == card.fingerprint


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="searchsvc model install"):
        OnnxEmbedder.open(tmp_path / "none")


def test_an_altered_graph_is_refused(tiny_bert: TinyBert, tmp_path: Path) -> None:
    directory = write(tmp_path / "m", convert(tiny_bert.source()))
    graph = directory / "model.onnx"
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)
    with pytest.raises(ModelMismatchError, match="altered or damaged"):
        OnnxEmbedder.open(directory)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"graph": b"not a graph"}, "cannot load the graph"),
        ({"tokenizer": b"{}"}, "not a tokenizer file"),
        ({"meaning": {"dimension": 31}}, "the card says"),
    ],
)
def test_files_that_do_not_work_together_are_refused(
    tiny_bert: TinyBert, tmp_path: Path, change: dict[str, object], named: str
) -> None:
    content = convert(tiny_bert.source())
    if isinstance(change.get("meaning"), dict):
        change = {"meaning": content.meaning.model_copy(update=change["meaning"])}
    directory = write(tmp_path / "m", replace(content, **change))
    with pytest.raises(ModelMismatchError, match=named):
        OnnxEmbedder.open(directory)


def test_a_tokenizer_that_gives_an_empty_text_no_tokens_is_refused(
    tiny_bert: TinyBert, tmp_path: Path
) -> None:
    content = convert(tiny_bert.source())
    tokenizer = Tokenizer.from_str(content.tokenizer.decode())
    bare = Tokenizer(tokenizer.model)
    changed = replace(content, tokenizer=bare.to_str().encode())
    with pytest.raises(ModelMismatchError, match="an empty text has no tokens"):
        OnnxEmbedder.open(write(tmp_path / "m", changed))
