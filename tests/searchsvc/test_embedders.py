"""The models behind queries: late, failing, absent, altered, shared."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from indexer.embedding.hashing import HashingEmbedder
from indexer.embedding.onnx import OnnxEmbedder
from indexer.errors import ModelMismatchError, ModelUnavailableError
from indexer.manifest import EmbedderEntry
from searchsvc import embedders as module
from searchsvc.embedders import BoundedEmbedder, Embedders, NoEmbedder, open_embedder
from searchsvc.errors import EmbeddingUnavailableError
from tests.tiny_bert import write_tiny_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEVER_MS = 60_000.0


class Sleepy(HashingEmbedder):
    """Does not answer before it is woken."""

    def __init__(self) -> None:
        super().__init__(8)
        self.asked = 0
        self.wake = threading.Event()

    def embed_query(self, text: str) -> NDArray[np.float32]:
        self.asked += 1
        self.wake.wait(20)
        return super().embed_query(text)


class Failing(HashingEmbedder):
    def embed_query(self, text: str) -> NDArray[np.float32]:
        raise ValueError(f"/secret/model cannot read {text!r}")


def entry_of(embedder: HashingEmbedder | OnnxEmbedder, *, fingerprint: str = "") -> EmbedderEntry:
    return EmbedderEntry(
        name=embedder.name,
        fingerprint=fingerprint or embedder.fingerprint,
        dimension=embedder.dimension,
    )


@contextmanager
def opened(models_dir: Path, timeout_ms: float = NEVER_MS) -> Iterator[Embedders]:
    embedders = Embedders(models_dir, timeout_ms)
    try:
        yield embedders
    finally:
        embedders.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_a_vector_in_time_is_the_vector_of_the_model(pool: ThreadPoolExecutor) -> None:
    embedder = HashingEmbedder(16)
    bounded = BoundedEmbedder(embedder, pool, NEVER_MS)
    np.testing.assert_array_equal(bounded.embed_query("shoe"), embedder.embed_query("shoe"))


def test_a_late_vector_is_an_error_that_names_the_time(pool: ThreadPoolExecutor) -> None:
    sleepy = Sleepy()
    with pytest.raises(EmbeddingUnavailableError, match=r"no query vector within 1\.5 ms"):
        BoundedEmbedder(sleepy, pool, 1.5).embed_query("shoe")
    sleepy.wake.set()


def test_a_query_that_was_given_up_while_waiting_is_never_computed(
    pool: ThreadPoolExecutor,
) -> None:
    sleepy = Sleepy()
    bounded = BoundedEmbedder(sleepy, pool, 1.0)
    for _ in range(5):
        with pytest.raises(EmbeddingUnavailableError):
            bounded.embed_query("shoe")
    sleepy.wake.set()
    pool.shutdown(wait=True)
    assert sleepy.asked == 1


def test_after_a_late_vector_the_next_one_comes_again(pool: ThreadPoolExecutor) -> None:
    sleepy = Sleepy()
    with pytest.raises(EmbeddingUnavailableError):
        BoundedEmbedder(sleepy, pool, 1.0).embed_query("shoe")
    sleepy.wake.set()
    assert BoundedEmbedder(sleepy, pool, NEVER_MS).embed_query("shoe").shape == (8,)


def test_a_failure_of_the_model_is_told_without_its_details(pool: ThreadPoolExecutor) -> None:
    with pytest.raises(EmbeddingUnavailableError, match=r"failed \(ValueError\)$") as caught:
        BoundedEmbedder(Failing(8), pool, NEVER_MS).embed_query("shoe")
    assert "/secret" not in str(caught.value)
    assert isinstance(caught.value.__cause__, ValueError)


def test_no_embedder_says_why() -> None:
    with pytest.raises(EmbeddingUnavailableError, match="gone fishing"):
        NoEmbedder("gone fishing").embed_query("shoe")


def test_equal_fingerprints_share_one_model(tmp_path: Path) -> None:
    entry = entry_of(HashingEmbedder(64))
    with opened(tmp_path) as embedders:
        assert embedders.get(entry) is embedders.get(entry)
        assert embedders.get(entry) is not embedders.get(entry_of(HashingEmbedder(32)))


def test_many_threads_open_a_model_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opens = []

    def counting(models_dir: Path, name: str) -> HashingEmbedder:
        opens.append((models_dir, name))
        return HashingEmbedder(64)

    monkeypatch.setattr(module, "open_embedder", counting)
    entry = entry_of(HashingEmbedder(64))
    with opened(tmp_path) as embedders, ThreadPoolExecutor(8) as threads:
        found = list(threads.map(embedders.get, [entry] * 32))
    assert opens == [(tmp_path, "hashing-64")]
    assert len(set(map(id, found))) == 1


def test_another_fingerprint_is_another_model(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    entry = entry_of(HashingEmbedder(64), fingerprint="0" * 64)
    with opened(tmp_path) as embedders:
        embedder = embedders.get(entry)
    assert isinstance(embedder, NoEmbedder)
    assert "'hashing-64' is not the one that the index was built with" in caplog.text
    assert "expected 00000000" in caplog.text
    assert "searchsvc reindex" in caplog.text


def test_an_absent_model_is_logged_once_with_its_place_that_shoppers_do_not_see(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    entry = EmbedderEntry(name="absent", fingerprint="0" * 64, dimension=8)
    with opened(tmp_path) as embedders:
        found = [embedders.get(entry) for _ in range(5)]
    assert len(caplog.records) == 1
    assert str(tmp_path / "absent") in caplog.text
    with pytest.raises(EmbeddingUnavailableError) as caught:
        found[-1].embed_query("shoe")
    assert str(caught.value) == "the embedding model 'absent' is not available"


def test_a_model_that_is_not_the_right_one_is_not_opened_again_until_its_files_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = write_tiny_model(tmp_path)
    right = entry_of(OnnxEmbedder.open(model))
    card = (model / "model.json").read_text()
    altered = card.replace(right.fingerprint, "0" * 64)
    (model / "model.json").write_text(altered)
    opens = []

    def counting(models_dir: Path, name: str) -> object:
        opens.append(name)
        return open_embedder(models_dir, name)

    monkeypatch.setattr(module, "open_embedder", counting)
    with opened(tmp_path) as embedders:
        for _ in range(4):
            assert isinstance(embedders.get(right), NoEmbedder)
        assert len(opens) == len(caplog.records) == 1
        (model / "model.json").write_text(card + "\n")
        assert isinstance(embedders.get(right), BoundedEmbedder)
        assert embedders.get(right).embed_query("red shoe").shape == (32,)


def test_a_model_that_cannot_be_read_is_no_model_and_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(models_dir: Path, name: str) -> HashingEmbedder:
        raise PermissionError(13, "Permission denied", str(models_dir / name))

    monkeypatch.setattr(module, "open_embedder", unreadable)
    with opened(tmp_path) as embedders:
        assert isinstance(embedders.get(entry_of(HashingEmbedder(8))), NoEmbedder)


def test_after_close_there_are_no_vectors_but_words_still_answer(tmp_path: Path) -> None:
    with opened(tmp_path) as embedders:
        embedder = embedders.get(entry_of(HashingEmbedder(8)))
        embedder.embed_query("shoe")
    with pytest.raises(EmbeddingUnavailableError, match="shutting down"):
        embedder.embed_query("shoe")


@pytest.mark.parametrize("dimension", [1, 64, 300])
def test_hashing_embedders_are_opened_by_their_name(tmp_path: Path, dimension: int) -> None:
    embedder = open_embedder(tmp_path, f"hashing-{dimension}")
    assert (embedder.name, embedder.dimension) == (f"hashing-{dimension}", dimension)


def test_a_hashing_embedder_has_at_least_one_component(tmp_path: Path) -> None:
    with pytest.raises(ModelMismatchError, match="dimension 0"):
        open_embedder(tmp_path, "hashing-0")


@pytest.mark.parametrize("name", ["hashing-", "hashing-x", "hashing--4", "hashing-4.5", "64"])
def test_any_other_name_is_that_of_a_directory(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelUnavailableError, match=f"{name}: no such model directory"):
        open_embedder(tmp_path, name)


def test_a_model_directory_is_opened_by_its_name(tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path)
    shutil.copytree(model, tmp_path / "models" / "mine")
    embedder = open_embedder(tmp_path / "models", "mine")
    assert embedder.fingerprint == OnnxEmbedder.open(model).fingerprint
