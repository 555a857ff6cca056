"""Vectors for all products, of which only those of new texts are computed."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from indexer.build.distil import KnownEncoder
from indexer.errors import SnapshotError
from indexer.manifest import Provenance, describe_file
from indexer.snapshot import VECTORS_FILE
from indexer.storage import read_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.build.progress import Progress
    from indexer.embedding.protocol import Embedder

_DIGEST_BYTES = 16
_BATCH_TEXTS = 8_192  # enough to sort by length, little enough to hold


def text_digest(text: str) -> bytes:
    """What stands for a text in the embedding cache."""
    return blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest()


@dataclass(frozen=True, slots=True)
class EmbeddingCache:
    """The vectors of an earlier generation by the digest of their text.

    Attributes:
        rows: digest to row.
        vectors: float16 ``(n, dimension)``.
        older: where to look for what is not here.
        encoder: that of the generation, if it has one.
    """

    rows: Mapping[bytes, int] = field(default_factory=dict)
    vectors: NDArray[np.float16] | None = None
    older: EmbeddingCache | None = None
    encoder: KnownEncoder | None = None

    def find(self, digest: bytes) -> NDArray[np.float16] | None:
        """The vector of the text with this digest, float16 ``(dimension,)``."""
        row = self.rows.get(digest)
        if row is not None and self.vectors is not None:
            found: NDArray[np.float16] = self.vectors[row]
            return found
        return None if self.older is None else self.older.find(digest)

    @classmethod
    def of(cls, directory: Path, embedder: Embedder) -> EmbeddingCache:
        """What the generation in `directory` offers; nothing if its model or its files differ.

        One that this version of the program cannot search may still have vectors to offer. A
        damaged generation is no error here: to rebuild is how it is repaired.
        """
        try:
            known = Provenance.read(directory)
            if known.embedder.fingerprint != embedder.fingerprint:
                return cls()
            path = directory / VECTORS_FILE
            if describe_file(path) != known.files.get(VECTORS_FILE):
                return cls()
            file = read_arrays(path)
        except (SnapshotError, OSError):
            return cls()
        digests = file.array("digests")
        rows = {d.tobytes(): row for row, d in enumerate(digests)}
        return cls(rows, file.array("vectors"), encoder=KnownEncoder.of(directory, known))


@dataclass(frozen=True, slots=True)
class Vectors:
    """The vectors of all products.

    Attributes:
        vectors: float16 ``(products, dimension)``, unit rows.
        digests: uint8 ``(products, 16)``, of the texts.
        embedded: how many texts the model had to read.
    """

    vectors: NDArray[np.float16]
    digests: NDArray[np.uint8]
    embedded: int


def vectorize(
    texts: Sequence[str], embedder: Embedder, cache: EmbeddingCache, progress: Progress
) -> Vectors:
    """The vectors of `texts`, from `cache` where it has them.

    Vectors are rounded to half precision here, before anything is computed from them, so that a
    build from the cache is the same to the byte as one without.
    """
    digests = [text_digest(text) for text in texts]
    vectors = np.empty((len(texts), embedder.dimension), np.float16)
    missing: dict[bytes, int] = {}  # the first row of each text to embed
    for row, digest in enumerate(digests):
        known = cache.find(digest)
        if known is not None:
            vectors[row] = known
        else:
            missing.setdefault(digest, row)
    progress.start("embedding new texts", len(missing))
    rows = list(missing.values())
    for begin in range(0, len(rows), _BATCH_TEXTS):
        batch = rows[begin : begin + _BATCH_TEXTS]
        vectors[batch] = embedder.embed_documents(
            [texts[row] for row in batch], progress=progress.advance
        )
    for row, digest in enumerate(digests):
        if digest in missing:
            vectors[row] = vectors[missing[digest]]
    joined = np.frombuffer(b"".join(digests), np.uint8).reshape(len(texts), _DIGEST_BYTES)
    return Vectors(vectors, joined, len(missing))
