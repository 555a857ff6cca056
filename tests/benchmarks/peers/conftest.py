"""A small corpus for peers: words, vectors and prices that are drawn with a fixed seed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.peers.protocol import Corpus, Question

WORDS = ("drill", "hammer", "lamp", "chair", "table", "phone", "cable", "paper", "shoe", "jacket")
PRODUCTS = 600
DIMENSION = 32


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    rng = np.random.default_rng(20_261_122)
    texts = [" ".join(rng.choice(WORDS, 4, replace=False)) for _ in range(PRODUCTS)]
    vectors = rng.normal(size=(PRODUCTS, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    prices = np.arange(PRODUCTS, dtype=np.float64)
    prices[::7] = np.nan
    return Corpus(texts, vectors, prices)


@pytest.fixture(scope="session")
def questions(corpus: Corpus) -> list[Question]:
    return [Question(corpus.texts[row], corpus.vectors[row]) for row in range(0, 400, 10)]
