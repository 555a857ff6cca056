"""How near the nearest product is to queries that have nothing to do with the catalogue.

That is what tells a good match in meaning from the least bad one. It depends on the model (some
give any two texts a cosine of 0.7) and on the catalogue (in a large one something is near to
anything), so it is measured for both when an index is built: words of the model's language that
no product has, alone and in pairs, are asked, and the cosine of each one's nearest product is
noted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.analysis.analyzer import Analyzer
from indexer.lexical.bm25 import Bm25Index
from indexer.manifest import SemanticEntry
from indexer.snapshot import LEXICAL_FILE, VECTORS_FILE
from indexer.storage import read_arrays
from indexer.vectors.half import widen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.embedding.protocol import Embedder
    from indexer.settings import Language

_QUERIES = 256
_FEWEST = 64  # foreign words; with fewer, the quantiles are noise
_SHORTEST = 4  # letters; shorter words are often parts of words
_CHUNK_ROWS = 1 << 15
_QUANTILES = 21
_SEED = 3


def measure_meaning(directory: Path, language: Language, embedder: Embedder) -> SemanticEntry:
    """What cosines mean in the catalogue whose postings and vectors are in `directory`."""
    analyzer = Analyzer(language)
    lexical = Bm25Index(directory / LEXICAL_FILE)
    vectors = read_arrays(directory / VECTORS_FILE).array("vectors")
    return measure_foreign(embedder, vectors, lambda word: analyzer.stems([word])[0] in lexical)


def measure_foreign(
    embedder: Embedder, vectors: NDArray[np.float16], is_known: Callable[[str], bool]
) -> SemanticEntry:
    """Quantiles of the cosine of the nearest product over foreign queries.

    Args:
        embedder: of the queries.
        vectors: float16 ``(products, dimension)``, of the catalogue.
        is_known: whether any product has a word.

    Returns:
        The 0th, 5th, ... 100th percentile; none if the model has no vocabulary, or the
        catalogue nearly all of it.
    """
    words = [word for word in embedder.words() if len(word) >= _SHORTEST and not is_known(word)]
    if len(words) < _FEWEST:
        return SemanticEntry()
    queries = np.stack([embedder.embed_query(text) for text in _queries(words)])
    nearest = np.full(len(queries), -1.0, np.float32)
    for begin in range(0, len(vectors), _CHUNK_ROWS):
        chunk = widen(vectors[begin : begin + _CHUNK_ROWS])
        nearest = np.maximum(nearest, (queries @ chunk.T).max(axis=1))
    found = np.quantile(nearest, np.linspace(0, 1, _QUANTILES))
    return SemanticEntry(foreign_cosines=tuple(round(float(value), 4) for value in found))


def _queries(words: Sequence[str]) -> list[str]:
    rng = np.random.default_rng(_SEED)
    chosen = rng.choice(len(words), (_QUERIES, 2))
    pairs = [(words[first], words[second]) for first, second in chosen]
    return [" ".join(pair[: 1 + number % 2]) for number, pair in enumerate(pairs)]
