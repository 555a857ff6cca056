"""An embedder without a model: signed feature hashing of words and character trigrams."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from indexer.errors import ModelMismatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

_VERSION = 1  # 1: first version; raise it with any change of features or weights
_WORD = re.compile(r"\w+")
_WORD_WEIGHT = 2.0
_TRIGRAM_WEIGHT = 1.0
_REPORT_EVERY = 1024


class HashingEmbedder:
    """Texts that share words or parts of words get similar vectors.

    Every feature is hashed to one component and a sign (Weinberger et al. 2009,
    https://arxiv.org/abs/0902.2206). Nothing is learned, so synonyms are as far apart as
    strangers; it serves tests, and as the plainest implementation of `Embedder`.
    """

    def __init__(self, dimension: int = 256) -> None:
        if dimension < 1:
            raise ModelMismatchError(
                f"dimension {dimension}: expected a positive number of components, such as 256"
            )
        self._dimension = dimension

    @property
    def name(self) -> str:
        """The scheme and its size."""
        return f"hashing-{self._dimension}"

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return self._dimension

    @property
    def fingerprint(self) -> str:
        """Sha256 over the version of the scheme and the dimension."""
        return hashlib.sha256(f"hashing {_VERSION} {self._dimension}".encode()).hexdigest()

    def words(self) -> Sequence[str]:
        """See `Embedder.words`: there is no vocabulary."""
        return ()

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See `Embedder`; costs some microseconds per word."""
        vector = np.zeros(self._dimension, np.float64)
        for feature, weight in _features(text):
            digest = hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8)
            number = int.from_bytes(digest.digest(), "little")
            sign = 1.0 if number & 1 else -1.0
            vector[(number >> 1) % self._dimension] += sign * weight
        norm = float(np.linalg.norm(vector))
        if norm == 0.0:
            # No features, or features that cancel each other exactly.
            vector[0] = norm = 1.0
        unit = (vector / norm).astype(np.float32)
        unit.setflags(write=False)
        return unit

    def embed_documents(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """See `Embedder`; one thread, since this is for small catalogues."""
        vectors = np.empty((len(texts), self._dimension), np.float32)
        for start in range(0, len(texts), _REPORT_EVERY):
            part = texts[start : start + _REPORT_EVERY]
            for row, text in enumerate(part, start):
                vectors[row] = self.embed_query(text)
            if progress is not None:
                progress(len(part))
        return vectors


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word, count in Counter(_WORD.findall(text.casefold())).items():
        yield f"w {word}", _WORD_WEIGHT * count
        padded = f"^{word}$"
        for start in range(len(padded) - 2):
            yield f"t {padded[start : start + 3]}", _TRIGRAM_WEIGHT * count
