"""The embedder without a model."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from indexer.embedding.hashing import HashingEmbedder
from indexer.errors import ModelMismatchError


def test_shared_words_make_texts_similar_and_letter_case_does_not_matter() -> None:
    embedder = HashingEmbedder(1024)
    shoes, same, near, far = embedder.embed_documents(
        ["red shoes", "RED SHOES", "red shoe", "usb cable"]
    )
    np.testing.assert_array_equal(shoes, same)
    assert float(shoes @ near) > 0.5 > abs(float(shoes @ far))


def test_the_vector_is_the_same_in_another_process_with_another_hash_seed() -> None:
    code = (
        "from indexer.embedding.hashing import HashingEmbedder\n"
        "print(HashingEmbedder(64).embed_query('red shoes für 4 €').tobytes().hex())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {HashingEmbedder(64).embed_query("red shoes für 4 €").tobytes().hex()}


@pytest.mark.parametrize("text", ["", " \n", "!?"])
def test_a_text_without_features_has_a_fixed_unit_vector(text: str) -> None:
    assert HashingEmbedder(4).embed_query(text).tolist() == [1, 0, 0, 0]


def test_features_that_cancel_each_other_still_give_a_unit_vector() -> None:
    embedder = HashingEmbedder(1)
    words = [f"{first}{second}" for first in "abcdefgh" for second in "abcdefgh"]
    vectors = embedder.embed_documents(words)
    np.testing.assert_array_equal(np.abs(vectors), 1)


def test_another_dimension_is_another_fingerprint() -> None:
    assert HashingEmbedder(8).fingerprint != HashingEmbedder(9).fingerprint
    assert HashingEmbedder(8).name == "hashing-8"


def test_a_dimension_below_one_is_refused() -> None:
    with pytest.raises(ModelMismatchError, match="dimension 0"):
        HashingEmbedder(0)
