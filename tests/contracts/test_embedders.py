"""What every `Embedder` promises, run against all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.build.distil import Corpus, write_encoder
from indexer.build.progress import Silent
from indexer.embedding.acquire import install_default_model
from indexer.embedding.distilled import DistilledEmbedder
from indexer.embedding.hashing import HashingEmbedder
from indexer.embedding.onnx import OnnxEmbedder
from indexer.errors import ModelUnavailableError
from tests.tiny_bert import write_tiny_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from indexer.embedding.protocol import Embedder

TEXTS = [
    "red wool shoes",
    "blue USB cable, 2 m",
    "",
    "   ",
    "red wool shoes",
    "phone case 😀",
    "a" * 3000,
    "kids boots " * 400,
    "\x00\x01",
    "カメラ",
]

THINGS = ["wool shoes", "usb cable, 2 m", "kids boots", "phone case"]

# Any text that UTF-8 can write, and often words that the tiny vocabulary knows.
words = st.sampled_from(["red", "blue", "shoes", "usb", "cable", "42", "x", "😀", "ß", "\n"])
texts = st.lists(words, max_size=30).map(" ".join) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=40
)


def _hashing(_: Path) -> Callable[[], Embedder]:
    return HashingEmbedder


def _tiny(folder: Path) -> Callable[[], Embedder]:
    return partial(OnnxEmbedder.open, write_tiny_model(folder))


def _distilled(folder: Path) -> Callable[[], Embedder]:
    teacher = OnnxEmbedder.open(write_tiny_model(folder))
    catalogue = [f"{colour} {thing}" for colour in ("red", "blue") for thing in THINGS]
    vectors = teacher.embed_documents(catalogue).astype(np.float16)
    digests = np.arange(len(catalogue) * 16, dtype=np.uint8).reshape(-1, 16)
    path = folder / "encoder.safetensors"
    write_encoder(path, Corpus(catalogue, vectors, digests), teacher, None, Silent())
    return partial(DistilledEmbedder.open, path)


def _default(folder: Path) -> Callable[[], Embedder]:
    try:
        return partial(OnnxEmbedder.open, install_default_model(folder))
    except ModelUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(_hashing, id="hashing"),
        pytest.param(_tiny, id="onnx-tiny"),
        pytest.param(_distilled, id="distilled-tiny"),
        pytest.param(_default, id="onnx-default", marks=pytest.mark.model),
    ],
)
def make(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Embedder]:
    opener: Callable[[], Embedder] = request.param(tmp_path_factory.mktemp("models"))
    return opener


@pytest.fixture(scope="module")
def embedder(make: Callable[[], Embedder]) -> Embedder:
    return make()


def test_vectors_are_float32_of_the_stated_dimension_and_norm_one(embedder: Embedder) -> None:
    vectors = embedder.embed_documents(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_query_is_one_vector_that_cannot_be_written_to(embedder: Embedder) -> None:
    vector = embedder.embed_query("red shoes")
    assert vector.dtype == np.float32
    assert vector.shape == (embedder.dimension,)
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 2


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed_documents([]).shape == (0, embedder.dimension)


def test_documents_come_back_in_the_order_of_the_texts(embedder: Embedder) -> None:
    forwards = embedder.embed_documents(TEXTS)
    backwards = embedder.embed_documents(TEXTS[::-1])
    np.testing.assert_array_equal(forwards, backwards[::-1])


def test_different_texts_have_different_vectors(embedder: Embedder) -> None:
    shoes, cable = embedder.embed_documents(["red wool shoes", "blue usb cable"])
    assert float(shoes @ cable) < 0.99


def test_progress_adds_up_to_the_number_of_texts(embedder: Embedder) -> None:
    finished: list[int] = []
    embedder.embed_documents(TEXTS * 5, progress=finished.append)
    assert sum(finished) == len(TEXTS) * 5
    assert min(finished) > 0


def test_a_second_instance_gives_the_same_bits(make: Callable[[], Embedder]) -> None:
    one, other = make(), make()
    assert one.fingerprint == other.fingerprint
    assert one.name == other.name
    np.testing.assert_array_equal(one.embed_documents(TEXTS), other.embed_documents(TEXTS))


def test_the_fingerprint_is_a_sha256(embedder: Embedder) -> None:
    assert len(bytes.fromhex(embedder.fingerprint)) == 32


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batch=st.lists(texts, min_size=1, max_size=12), data=st.data())
def test_a_text_has_the_same_bits_alone_and_in_any_batch(
    embedder: Embedder, batch: list[str], data: st.DataObject
) -> None:
    together = embedder.embed_documents(batch)
    position = data.draw(st.integers(0, len(batch) - 1))
    text = batch[position]
    np.testing.assert_array_equal(together[position], embedder.embed_query(text))
    np.testing.assert_array_equal(together[position], embedder.embed_documents([text])[0])


def test_threads_may_share_an_embedder(embedder: Embedder) -> None:
    expected = embedder.embed_documents(TEXTS)
    queries = list(range(len(TEXTS))) * 20
    with ThreadPoolExecutor(8) as pool:
        documents = [pool.submit(embedder.embed_documents, TEXTS) for _ in range(4)]
        vectors = pool.map(lambda row: embedder.embed_query(TEXTS[row]), queries)
        for row, vector in zip(queries, vectors, strict=True):
            np.testing.assert_array_equal(vector, expected[row])
        for future in documents:
            np.testing.assert_array_equal(future.result(), expected)
