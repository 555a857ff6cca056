"""The distilled query encoder: a vector for each word piece, fitted to a transformer's space.

A text's vector is the mean of its pieces' vectors, scaled to length 1: tens of microseconds where
the transformer takes milliseconds. `indexer.build.distil` fits it to one catalogue, whose words it
knows better than any others, and measures on texts that it was not fitted to how near it comes to
the transformer. A text's own **confidence** is an estimate of that cosine.

It is one file, which holds the tokenizer, too: queries need nothing of the model's directory.

Arrays of the file (p pieces, v entries of the tokenizer's vocabulary, d components)::

    tokenizer   uint8 (bytes,)    JSON of the tokenizers library
    rows        int32 (v,)        row of each vocabulary entry, -1 for those that are not known
    table       int8 (p, d)       vectors of the pieces, in units of their scale
    scales      float32 (p,)
    counts      int32 (p,)        how often the fit met each piece
    fallback    float32 (d,)      the vector of a text without a known piece
    trust       float32 (6,)      weights of the features that tell how near a text's vector comes
    sample      uint64 (s,)       see `sample_of`
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tokenizers import Tokenizer

from indexer.compiled import compiled
from indexer.embedding.pieces import whole_words
from indexer.errors import SnapshotCorruptError
from indexer.storage import ArrayFile, read_arrays, write_arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

TRUSTED = 0.8
"""The least confidence of a vector that is taken instead of the transformer's."""

_TEXTS_PER_BATCH = 4_096
_SAMPLE = 1_024
_LEAST_NORM = 1e-6  # of a mean: below, the pieces cancel each other and the direction is noise
FEATURES = 6
_UNKNOWN = -1.0


class Estimate(NamedTuple):
    """A text's vector and what it is worth.

    Attributes:
        vector: float32 ``(d,)``, L2 norm 1; not to be written to.
        confidence: the estimated cosine to the transformer's vector, at most 1; -1 where a piece
            is unknown.
    """

    vector: NDArray[np.float32]
    confidence: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a fit yields; see the module's docstring for the arrays.

    Attributes:
        teacher: name of the transformer.
        tokenizer: JSON.
        vectors: float32 ``(p, d)``, of the pieces.
    """

    teacher: str
    tokenizer: str
    rows: NDArray[np.int32]
    vectors: NDArray[np.float32]
    counts: NDArray[np.int32]
    fallback: NDArray[np.float32]
    trust: NDArray[np.float32]
    sample: NDArray[np.uint64]

    def file(self) -> ArrayFile:
        """The encoder's file, as it would be read."""
        greatest = np.abs(self.vectors).max(axis=1, initial=0)
        scales = np.maximum(greatest, _LEAST_NORM) / np.float32(127)
        arrays = {
            "tokenizer": np.frombuffer(self.tokenizer.encode(), np.uint8),
            "rows": self.rows,
            "table": np.rint(self.vectors / scales[:, None]).astype(np.int8),
            "scales": scales,
            "counts": self.counts,
            "fallback": self.fallback,
            "trust": self.trust,
            "sample": self.sample,
        }
        return ArrayFile(arrays, {"teacher": self.teacher})

    def write(self, path: Path) -> None:
        """Write the encoder's file; equal fits give equal bytes."""
        file = self.file()
        write_arrays(path, file.arrays, file.metadata)


class DistilledEmbedder:
    """An `Embedder` that looks its vectors up; see the module's docstring."""

    def __init__(self, file: ArrayFile) -> None:
        self._teacher = file.metadata["teacher"]
        self._tokenizer = Tokenizer.from_str(file.array("tokenizer").tobytes().decode())
        self._rows = file.array("rows")
        self._table = file.array("table")
        self._scales = file.array("scales")
        self._counts = file.array("counts")
        self._fallback = file.array("fallback")
        self._trust = file.array("trust")
        self.sample: NDArray[np.uint64] = file.array("sample")
        digest = sha256()
        for name in sorted(file.arrays.keys() - {"counts", "trust", "sample"}):
            digest.update(file.array(name).tobytes())
        self._fingerprint = digest.hexdigest()

    @classmethod
    def open(cls, path: Path) -> DistilledEmbedder:
        """Map the encoder's file at `path`.

        Raises:
            SnapshotCorruptError: it is absent, cut short or damaged.
        """
        try:
            encoder = cls(read_arrays(path))
        except SnapshotCorruptError:
            raise
        except Exception as error:  # the tokenizers library raises bare Exception
            raise SnapshotCorruptError(
                f"{path.name} is not a readable query encoder ({type(error).__name__}). "
                "Rebuild the index with 'searchsvc reindex'."
            ) from error
        encoder.embed_query("")  # compiles, or loads what was
        return encoder

    @property
    def name(self) -> str:
        """That of the model that it stands for, and that it is none."""
        return f"{self._teacher} (distilled)"

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return int(self._table.shape[1])

    @property
    def fingerprint(self) -> str:
        """Sha256 over everything that determines vectors."""
        return self._fingerprint

    @property
    def pieces(self) -> int:
        """How many word pieces it knows."""
        return len(self._table)

    def words(self) -> Sequence[str]:
        """See `Embedder.words`; those that it has a vector for."""
        vocabulary = self._tokenizer.get_vocab(with_added_tokens=False)
        return whole_words(
            piece for piece, number in vocabulary.items() if self._rows[number] >= 0
        )

    def estimate(self, text: str) -> Estimate:
        """The vector of one query with its confidence."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        ids = np.array(encoding.ids, np.int64)
        vectors, features = self._pooled(ids, np.array((0, len(ids)), np.int64))
        vectors.setflags(write=False)
        return Estimate(vectors[0], float(self.confidences(features)[0]))

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See `Embedder`."""
        return self.estimate(text).vector

    def embed_documents(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """See `Embedder`."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for begin in range(0, len(texts), _TEXTS_PER_BATCH):
            batch = texts[begin : begin + _TEXTS_PER_BATCH]
            vectors[begin : begin + len(batch)], _ = self.described(batch)
            if progress is not None:
                progress(len(batch))
        return vectors

    def described(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The vectors of `texts` and what their confidence is made of.

        Returns:
            float32 ``(texts, d)`` and float32 ``(texts, FEATURES)``; see `_pool`.
        """
        return self._pooled(*tokenized(self._tokenizer, texts))

    def _pooled(
        self, ids: NDArray[np.int64], bounds: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        vectors = np.empty((len(bounds) - 1, self.dimension), np.float32)
        features = np.empty((len(bounds) - 1, FEATURES), np.float32)
        _pool(
            ids, bounds, self._rows, self._table, self._scales, self._counts, self._fallback,
            vectors, features,
        )  # fmt: skip
        return vectors, features

    def confidences(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the features of texts say, float32 ``(texts,)``; see `Estimate`."""
        weighed = features[:, : len(self._trust)]  # a fit may be older than the last feature
        estimates = np.minimum(weighed @ self._trust, np.float32(1))
        found: NDArray[np.float32] = np.where(features[:, 0] > 0, estimates, _UNKNOWN)
        return found


def tokenized(
    tokenizer: Tokenizer, texts: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The piece numbers of all `texts` one after the other, and where each text's begin.

    Returns:
        int64 ``(pieces,)`` and int64 ``(texts + 1,)``.
    """
    encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    found = [encoding.ids for encoding in encodings]
    bounds = np.zeros(len(found) + 1, np.int64)
    np.cumsum([len(ids) for ids in found], out=bounds[1:])
    return np.fromiter(chain.from_iterable(found), np.int64, int(bounds[-1])), bounds


def sample_of(digests: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The smallest of a set of digests, uint8 ``(texts, 16)``: a fair sample of the set.

    Of two sets, the smallest of both together tell how much they have in common (Broder 1997,
    "On the resemblance and containment of documents"), to within one hundredth.

    Returns:
        uint64, ascending: the first 8 bytes of each, of at most 1,024.
    """
    keys = np.ascontiguousarray(digests[:, :8]).view(">u8").ravel()
    return np.unique(keys)[:_SAMPLE].astype(np.uint64)


def changed_share(before: NDArray[np.uint64], now: NDArray[np.uint64]) -> float:
    """The share of the texts behind the sample `before` that others took the place of."""
    smallest = np.union1d(before, now)[:_SAMPLE]
    alike = float(np.isin(smallest, np.intersect1d(before, now)).mean()) if len(smallest) else 1.0
    return (1 - alike) / (1 + alike)


@compiled
def _pool(  # noqa: PLR0913, PLR0917 - machine code sees arrays only
    ids: NDArray[np.int64],
    bounds: NDArray[np.int64],
    rows: NDArray[np.int32],
    table: NDArray[np.int8],
    scales: NDArray[np.float32],
    counts: NDArray[np.int32],
    fallback: NDArray[np.float32],
    vectors: NDArray[np.float32],
    features: NDArray[np.float32],
) -> None:
    """Fill `vectors` and `features` of texts; the pieces of one are between two `bounds`.

    The features: 1, or 0 where a piece is unknown or there is none; the length of the mean, which
    is near 1 where the pieces agree; the logarithm of the number of pieces; those of how often the
    fit met the rarest piece, and of how often it met them in the mean; that of how often the text
    has each of its pieces.
    """
    for text in range(len(bounds) - 1):
        vector = vectors[text]
        vector[:] = 0.0
        known, distinct, rarest, logarithms = 0, 0, np.inf, 0.0
        for place in range(bounds[text], bounds[text + 1]):
            row = rows[ids[place]]
            if row < 0:
                continue
            known += 1
            distinct += _is_first(ids, bounds[text], place)
            rarest = min(rarest, counts[row])
            logarithms += np.log(1.0 + counts[row])
            for component in range(len(vector)):
                vector[component] += scales[row] * np.float32(table[row, component])
        square = 0.0
        for component in range(len(vector)):
            square += vector[component] * vector[component]
        features[text] = 0.0
        length = np.sqrt(square) / max(known, 1)
        if length < _LEAST_NORM:
            vector[:] = fallback
            continue
        vector *= np.float32(1.0 / (length * known))
        if known == bounds[text + 1] - bounds[text]:
            features[text, 0] = 1.0
        features[text, 1] = length
        features[text, 2] = np.log(known)
        features[text, 3] = np.log(1.0 + rarest)
        features[text, 4] = logarithms / known
        features[text, 5] = np.log(known / distinct)


@compiled
def _is_first(ids: NDArray[np.int64], begin: int, place: int) -> bool:
    """Whether the piece at `place` does not occur from `begin` on before it."""
    first = begin
    while ids[first] != ids[place]:
        first += 1
    return first == place
