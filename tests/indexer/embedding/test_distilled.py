"""The distilled encoder, against sums written out; its file, its confidence, its sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from indexer.embedding.distilled import (
    FEATURES,
    DistilledEmbedder,
    Fitted,
    changed_share,
    sample_of,
)
from indexer.errors import SnapshotCorruptError
from tests.tiny_bert import tiny_tokenizer

DIMENSION = 8
KNOWN = ["red", "blue", "shoe", "##s", "cable"]


def fitted(**changes: object) -> Fitted:
    tokenizer = tiny_tokenizer()
    rng = np.random.default_rng(1)
    rows = np.full(tokenizer.get_vocab_size(), -1, np.int32)
    rows[[tokenizer.token_to_id(piece) for piece in KNOWN]] = range(len(KNOWN))
    fallback = np.zeros(DIMENSION, np.float32)
    fallback[0] = 1
    parts: dict[str, object] = {
        "teacher": "tiny",
        "tokenizer": tokenizer.to_str(),
        "rows": rows,
        "vectors": rng.normal(size=(len(KNOWN), DIMENSION)).astype(np.float32),
        "counts": np.array([9, 8, 7, 6, 0], np.int32),
        "fallback": fallback,
        "trust": np.array([0.3, 0.1, 0.02, 0.03, 0.04, -0.2], np.float32),
        "sample": np.array([3, 5], np.uint64),
        **changes,
    }
    return Fitted(**parts)  # type: ignore[arg-type]


@pytest.fixture
def encoder() -> DistilledEmbedder:
    return DistilledEmbedder(fitted().file())


def vectors_of(*pieces: str) -> np.ndarray:
    """As the file has them: in units of a 127th of each one's largest component."""
    vectors = fitted().vectors[[KNOWN.index(piece) for piece in pieces]].astype(np.float64)
    scales = np.abs(vectors).max(axis=1, keepdims=True) / 127
    return np.rint(vectors / scales) * scales


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("red", ["red"]),
        ("Blue shoes", ["blue", "shoe", "##s"]),
        ("red red cable", ["red", "red", "cable"]),
        ("red wool", ["red"]),
    ],
)
def test_a_vector_is_the_mean_of_the_known_pieces_scaled_to_one(
    encoder: DistilledEmbedder, text: str, pieces: list[str]
) -> None:
    mean = vectors_of(*pieces).mean(axis=0)
    expected = mean / np.linalg.norm(mean)
    np.testing.assert_allclose(encoder.embed_query(text), expected, atol=1e-6)


@pytest.mark.parametrize("text", ["", "   ", "wool", "é カメラ"])
def test_a_text_without_a_known_piece_has_the_fallback_and_no_confidence(
    encoder: DistilledEmbedder, text: str
) -> None:
    vector, confidence = encoder.estimate(text)
    assert vector.tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert confidence == -1


def test_pieces_that_cancel_each_other_have_no_direction() -> None:
    vectors = np.zeros((len(KNOWN), DIMENSION), np.float32)
    vectors[0, 0], vectors[1, 0] = 1, -1
    encoder = DistilledEmbedder(fitted(vectors=vectors).file())
    assert encoder.estimate("red blue").confidence == -1
    np.testing.assert_array_equal(encoder.embed_query("red blue"), fitted().fallback)


def test_confidence_weighs_agreement_length_and_how_often_pieces_were_met(
    encoder: DistilledEmbedder,
) -> None:
    length = np.linalg.norm(vectors_of("blue", "shoe", "##s").mean(axis=0))
    counts = np.log1p([8, 7, 6])
    features = [1, length, np.log(3), counts.min(), counts.mean(), 0]
    expected = np.dot(features, fitted().trust)
    assert expected < 1
    assert encoder.estimate("blue shoes").confidence == pytest.approx(expected, abs=1e-5)


def test_repeated_pieces_are_told_apart_from_others(encoder: DistilledEmbedder) -> None:
    _, features = encoder.described(["red", "red red red", "red blue red blue", "red blue shoe"])
    np.testing.assert_allclose(features[:, 5], np.log([1, 3, 2, 1]), atol=1e-6)
    once, thrice = (encoder.estimate(text).confidence for text in ("red", "red red red"))
    assert thrice == pytest.approx(once + (0.02 - 0.2) * np.log(3), abs=1e-5)


def test_no_text_is_nearer_than_the_transformer_itself() -> None:
    encoder = DistilledEmbedder(fitted(trust=np.full(FEATURES, 9, np.float32)).file())
    assert encoder.estimate("red shoes").confidence == 1
    assert encoder.estimate("wool").confidence == -1


def test_a_fit_without_the_last_feature_is_still_read() -> None:
    older = DistilledEmbedder(fitted(trust=fitted().trust[:-1]).file())
    encoder = DistilledEmbedder(fitted().file())
    one, other = (it.estimate("red shoes").confidence for it in (older, encoder))
    assert one == pytest.approx(other)  # nothing is repeated


def test_one_unknown_piece_takes_the_confidence_away(encoder: DistilledEmbedder) -> None:
    assert encoder.estimate("red shoes").confidence > 0
    assert encoder.estimate("red wool shoes").confidence == -1


def test_the_file_gives_the_encoder_back(tmp_path: Path) -> None:
    fitted().write(tmp_path / "one")
    fitted().write(tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    opened, made = DistilledEmbedder.open(tmp_path / "one"), DistilledEmbedder(fitted().file())
    assert opened.estimate("red shoes").confidence == made.estimate("red shoes").confidence
    np.testing.assert_array_equal(opened.embed_query("red shoes"), made.embed_query("red shoes"))
    assert (opened.name, opened.pieces, opened.dimension) == ("tiny (distilled)", 5, DIMENSION)
    assert opened.fingerprint == made.fingerprint
    assert opened.sample.tolist() == [3, 5]


def test_whatever_changes_vectors_changes_the_fingerprint_and_nothing_else_does() -> None:
    base = DistilledEmbedder(fitted().file()).fingerprint
    for name in ("vectors", "fallback"):
        changed = {name: -getattr(fitted(), name)}
        assert DistilledEmbedder(fitted(**changed).file()).fingerprint != base
    for name in ("counts", "trust", "sample"):
        changed = {name: getattr(fitted(), name)[::-1].copy()}
        assert DistilledEmbedder(fitted(**changed).file()).fingerprint == base


@pytest.mark.parametrize("damage", ["absent", "cut", "tokenizer"])
def test_a_file_that_is_no_encoder_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "encoder.safetensors"
    if damage == "tokenizer":
        fitted(tokenizer="{}").write(path)
    elif damage == "cut":
        fitted().write(path)
        path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SnapshotCorruptError, match=r"searchsvc reindex"):
        DistilledEmbedder.open(path)


def test_words_are_those_that_it_has_a_vector_for(encoder: DistilledEmbedder) -> None:
    assert encoder.words() == ["blue", "cable", "red", "shoe"]


def test_documents_have_the_bits_of_queries(encoder: DistilledEmbedder) -> None:
    texts = ["red shoes", "", "blue cable cable", "wool red"] * 1_100  # more than one batch
    found = encoder.embed_documents(texts)
    for row in (0, 1, 2, 3, 4_399):
        np.testing.assert_array_equal(found[row], encoder.embed_query(texts[row]))


def test_longer_texts_are_cut_where_the_tokenizer_says() -> None:
    tokenizer = Tokenizer.from_str(fitted().tokenizer)
    tokenizer.enable_truncation(2)
    encoder = DistilledEmbedder(fitted(tokenizer=tokenizer.to_str()).file())
    np.testing.assert_array_equal(
        encoder.embed_query("red blue cable"), encoder.embed_query("red blue")
    )


def digests_of(numbers: list[int]) -> np.ndarray:
    keys = [int(number * 0x9E3779B97F4A7C15) % 2**64 for number in numbers]
    return np.array([list(key.to_bytes(8, "big")) + [0] * 8 for key in keys], np.uint8)


@given(kept=st.integers(0, 400), gone=st.integers(0, 400), come=st.integers(0, 400))
def test_the_share_of_changed_texts_is_exact_for_few_and_near_for_many(
    kept: int, gone: int, come: int
) -> None:
    before = digests_of(list(range(kept + gone))).reshape(-1, 16)
    now = digests_of([*range(kept), *range(5_000, 5_000 + come)]).reshape(-1, 16)
    found = changed_share(sample_of(before), sample_of(now))
    alike = kept / max(1, kept + gone + come) if kept + gone + come else 1.0
    expected = (1 - alike) / (1 + alike)
    assert found == pytest.approx(expected, abs=1e-9 if kept + gone + come <= 1_024 else 0.08)


def test_of_many_texts_a_small_sample_tells_what_changed() -> None:
    before = digests_of(list(range(20_000)))
    now = digests_of(list(range(1_000, 21_000)))
    one, other = sample_of(before), sample_of(now)
    assert len(one) == len(other) == 1_024
    assert one.dtype == np.uint64
    assert changed_share(one, other) == pytest.approx(0.05, abs=0.02)


def test_there_are_as_many_features_as_weights() -> None:
    _, features = DistilledEmbedder(fitted().file()).described(["red"])
    assert features.shape == (1, FEATURES)
