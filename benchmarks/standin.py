"""The model with its documents embedded by a distilled encoder: for catalogues of a million."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from indexer.embedding.distilled import DistilledEmbedder
    from indexer.embedding.protocol import Teacher


class DistilledDocuments:
    """A `Teacher` that embeds a million documents in a minute instead of an hour or more.

    An index built by it says that it is the model's, so that a service asks the model for its
    queries, and it gets a query encoder of its own. What is measured on it is speed and recall
    against exact search, not relevance: its results have to say so.
    """

    def __init__(self, model: Teacher, encoder: DistilledEmbedder) -> None:
        """Make a stand-in.

        Args:
            model: embeds queries.
            encoder: distilled from it for a smaller catalogue of the same kind; embeds documents.
        """
        self._model = model
        self._encoder = encoder

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    @property
    def dimension(self) -> int:
        """The model's."""
        return self._model.dimension

    @property
    def fingerprint(self) -> str:
        """The model's."""
        return self._model.fingerprint

    def words(self) -> Sequence[str]:
        """See `Embedder.words`."""
        return self._model.words()

    def tokenizer(self) -> str:
        """See `Teacher.tokenizer`."""
        return self._model.tokenizer()

    def reads_alike(self) -> bool:
        """Documents have other vectors than the model would give them: nothing to fit to."""
        return False

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See `Embedder.embed_query`; by the model."""
        return self._model.embed_query(text)

    def embed_queries(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """See `Teacher.embed_queries`; by the model."""
        return self._model.embed_queries(texts, progress=progress)

    def embed_documents(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """See `Embedder.embed_documents`; by the distilled encoder."""
        return self._encoder.embed_documents(texts, progress=progress)
