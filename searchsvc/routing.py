"""The router: which encoder gives a query its vector, the distilled one or the transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from indexer.embedding.distilled import TRUSTED
from searchsvc.degradation import Degradation
from searchsvc.errors import EmbeddingUnavailableError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.embedding.distilled import DistilledEmbedder
    from indexer.snapshot import Snapshot

EncoderChoice = Literal["auto", "distilled", "transformer"]
"""``auto`` asks the transformer where the distilled encoder is not to be trusted."""

Encoder = Literal["distilled", "transformer"]


class Encoded(NamedTuple):
    """A query's vector, and which encoder gave it.

    Attributes:
        vector: float32 ``(dimension,)``, L2 norm 1.
        encoder: which gave it.
        failure: why the transformer did not, where it was asked; else ``None``.
    """

    vector: NDArray[np.float32]
    encoder: Encoder
    failure: Degradation | None = None


class QueryEmbedder(Protocol):
    """What the search needs of an `indexer.embedding.protocol.Embedder`."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The query's unit vector, float32 ``(dimension,)``.

        Raises:
            EmbeddingUnavailableError: there is none, at least not in time.
        """
        ...


class RoutedEmbedder:
    """The distilled encoder where it can be trusted, else the transformer.

    The decision is a function of the text alone, so that a query has the same vector every time.
    The one exception is a transformer that fails or is late: a vector of little confidence is
    better than none, and the answer is marked as degraded.
    """

    def __init__(self, distilled: DistilledEmbedder, transformer: QueryEmbedder | None) -> None:
        """Make a router.

        Args:
            distilled: the snapshot's encoder.
            transformer: the snapshot's model; ``None`` to do without, whatever the confidence.
        """
        self._distilled = distilled
        self.transformer = transformer

    def encode(self, text: str) -> Encoded:
        """The query's unit vector, float32 ``(dimension,)``, and whose it is.

        Raises:
            EmbeddingUnavailableError: the transformer has none, and the distilled encoder does not
                know the query's words.
        """
        vector, confidence = self._distilled.estimate(text)
        if self.transformer is None or confidence >= TRUSTED:
            return Encoded(vector, "distilled")
        try:
            return Encoded(self.transformer.embed_query(text), "transformer")
        except EmbeddingUnavailableError as error:
            if confidence < 0:
                raise
            return Encoded(vector, "distilled", failure=Degradation(error.reason, str(error)))

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See `QueryEmbedder.embed_query`."""
        return self.encode(text).vector


def encode(embedder: QueryEmbedder, text: str) -> Encoded:
    """What `embedder` gives for a query, and which encoder that was.

    Raises:
        EmbeddingUnavailableError: there is none, at least not in time.
    """
    if isinstance(embedder, RoutedEmbedder):
        return embedder.encode(text)
    return Encoded(embedder.embed_query(text), "transformer")


def routed(snapshot: Snapshot, transformer: QueryEmbedder, choice: EncoderChoice) -> QueryEmbedder:
    """What embeds the queries of `snapshot`.

    Args:
        snapshot: which may have a distilled encoder.
        transformer: its model.
        choice: of the service.
    """
    if snapshot.encoder is None or choice == "transformer":
        return transformer
    return RoutedEmbedder(snapshot.encoder, transformer if choice == "auto" else None)
