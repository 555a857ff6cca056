"""The fit of a query encoder: near the transformer, honest about it, and only when needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from indexer.build import distil as module
from indexer.build.distil import Corpus, KnownEncoder, distil, write_encoder
from indexer.build.progress import Silent
from indexer.build.spans import sample_spans
from indexer.build.vectorize import text_digest
from indexer.embedding.distilled import DistilledEmbedder, Fitted
from indexer.embedding.hashing import HashingEmbedder
from indexer.embedding.onnx import OnnxEmbedder
from tests.tiny_bert import write_tiny_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.embedding.protocol import Embedder
    from indexer.manifest import EncoderEntry

COLOURS = ["red", "blue", "green"]
THINGS = ["shoe", "shoes", "boot", "phone case", "usb cable", "kids boots", "cable"]
TEXTS = [f"{colour} {thing}. {number} wool" for colour in COLOURS for thing in THINGS
         for number in range(3)]  # fmt: skip


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> OnnxEmbedder:
    return OnnxEmbedder.open(write_tiny_model(tmp_path_factory.mktemp("models")))


def corpus_of(texts: Sequence[str], embedder: Embedder) -> Corpus:
    digests = b"".join(text_digest(text) for text in texts)
    return Corpus(
        texts,
        embedder.embed_documents(texts).astype(np.float16),
        np.frombuffer(digests, np.uint8).reshape(len(texts), -1),
    )


@pytest.fixture(scope="module")
def corpus(teacher: OnnxEmbedder) -> Corpus:
    return corpus_of(TEXTS, teacher)


class Asymmetric(OnnxEmbedder):
    """Says that it reads queries and documents in different ways."""

    def reads_alike(self) -> bool:
        return False


def fit(corpus: Corpus, teacher: OnnxEmbedder) -> tuple[Fitted, EncoderEntry]:
    distilled = distil(corpus, teacher, Silent())
    assert distilled is not None
    return distilled


def encoder_of(corpus: Corpus, teacher: OnnxEmbedder) -> DistilledEmbedder:
    return DistilledEmbedder(fit(corpus, teacher)[0].file())


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one * other).sum(axis=1)


def test_it_comes_nearer_to_the_transformer_than_its_pieces_alone(
    corpus: Corpus, teacher: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = ["red shoe", "blue usb cable", "green phone case wool", "kids boots 2"]
    expected = teacher.embed_queries(queries)
    near = encoder_of(corpus, teacher)
    monkeypatch.setattr(module, "_STRENGTH", 1e6)  # leaves the prior
    prior = encoder_of(corpus, teacher)
    fitted = cosines(near.embed_documents(queries), expected)
    assert fitted.mean() > cosines(prior.embed_documents(queries), expected).mean()
    assert fitted.min() > 0.8


def test_the_same_texts_give_the_same_bytes(
    corpus: Corpus, teacher: OnnxEmbedder, tmp_path: Path
) -> None:
    entries = [
        write_encoder(tmp_path / name, corpus, teacher, None, Silent()) for name in ("a", "b")
    ]
    assert entries[0] == entries[1]
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_manifest_tells_how_near_it_comes(corpus: Corpus, teacher: OnnxEmbedder) -> None:
    fitted, entry = fit(corpus, teacher)
    encoder = DistilledEmbedder(fitted.file())
    assert entry.fingerprint == encoder.fingerprint
    assert entry.pieces == encoder.pieces == len(fitted.vectors)
    assert 0.8 < entry.held_out_cosine <= 1
    assert 0 <= entry.trusted_share <= 1
    assert entry.spans > len(TEXTS)


def test_confidence_is_the_cosine_to_the_transformer_in_the_mean(
    corpus: Corpus, teacher: OnnxEmbedder
) -> None:
    encoder = encoder_of(corpus, teacher)
    spans = sample_spans(TEXTS, 400, 5, np.random.default_rng(99))
    vectors, features = encoder.described(spans)
    expected = cosines(vectors, teacher.embed_queries(spans)).mean()
    assert encoder.confidences(features).mean() == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("longest", [1, 2])
def test_short_texts_are_not_trusted_beyond_their_worth(
    corpus: Corpus, teacher: OnnxEmbedder, longest: int
) -> None:
    encoder = encoder_of(corpus, teacher)
    spans = sample_spans(TEXTS, 400, longest, np.random.default_rng(99))
    for texts in (spans, [" ".join([span] * 30) for span in spans]):
        vectors, features = encoder.described(texts)
        expected = cosines(vectors, teacher.embed_queries(texts)).mean()
        assert encoder.confidences(features).mean() == pytest.approx(expected, abs=0.08)


def test_without_documents_that_read_alike_it_is_fitted_to_spans_alone(
    corpus: Corpus, tmp_path: Path
) -> None:
    other = Asymmetric.open(write_tiny_model(tmp_path))
    misleading = replace(corpus, vectors=np.full_like(corpus.vectors, np.nan))
    fitted, entry = fit(misleading, other)
    assert np.isfinite(fitted.vectors).all()
    assert entry.held_out_cosine > 0.8


def test_a_model_without_word_pieces_gets_no_encoder(tmp_path: Path) -> None:
    embedder = HashingEmbedder(16)
    path = tmp_path / "encoder"
    assert write_encoder(path, corpus_of(TEXTS, embedder), embedder, None, Silent()) is None
    assert not path.exists()


@pytest.mark.parametrize(("changed", "is_kept"), [(0, True), (1, True), (4, False)])
def test_it_is_kept_until_one_text_in_twenty_changed(
    corpus: Corpus, teacher: OnnxEmbedder, tmp_path: Path, *, changed: int, is_kept: bool
) -> None:
    entry = write_encoder(tmp_path / "before", corpus, teacher, None, Silent())
    assert entry is not None
    known = KnownEncoder(tmp_path / "before", entry.model_copy(update={"spans": 7}))
    texts = [*TEXTS[changed:], *(f"usb phone {number}" for number in range(changed))]
    again = write_encoder(tmp_path / "after", corpus_of(texts, teacher), teacher, known, Silent())
    assert again is not None
    assert (again.spans == 7) is is_kept
    before, after = (DistilledEmbedder.open(tmp_path / name) for name in ("before", "after"))
    assert (before.fingerprint == after.fingerprint) is is_kept


def test_a_catalogue_of_one_word_has_an_encoder(teacher: OnnxEmbedder, tmp_path: Path) -> None:
    path = tmp_path / "encoder"
    assert write_encoder(path, corpus_of(["red"], teacher), teacher, None, Silent()) is not None
    vector, query = DistilledEmbedder.open(path).embed_query("red"), teacher.embed_query("red")
    np.testing.assert_allclose(vector, query, atol=0.02)


@pytest.mark.parametrize("text", ["...", "カ", ""])
def test_a_catalogue_without_known_words_has_none(
    teacher: OnnxEmbedder, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "encoder"
    assert write_encoder(path, corpus_of([text], teacher), teacher, None, Silent()) is None
    assert not path.exists()
