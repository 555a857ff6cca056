"""What turns text into a vector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """Texts in, unit vectors out; the same text always gives the same vector.

    "The same" is to the bit, alone or in any batch, at index time and at query time, on one
    machine: the embedding cache and reproducible builds rest on it. Implementations are safe to
    call from several threads.
    """

    @property
    def name(self) -> str:
        """The model's name, for people."""
        ...

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever any text's vector may change: 64 hexadecimal digits."""
        ...

    def words(self) -> Sequence[str]:
        """Words of its language that the model knows, in a fixed order.

        Returns:
            Whole words in lower case; empty for a model without a vocabulary.
        """
        ...

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of one query.

        Returns:
            float32 ``(dimension,)``, L2 norm 1; not to be written to.
        """
        ...

    def embed_documents(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """The vectors of many texts, on all cores.

        Args:
            texts: any number of texts, in any order.
            progress: called with the number of texts just finished.

        Returns:
            float32 ``(len(texts), dimension)``, rows in the order of `texts`, L2 norm 1.
        """
        ...


@runtime_checkable
class Teacher(Embedder, Protocol):
    """An embedder that reads word pieces, and that a faster one can be fitted to."""

    def tokenizer(self) -> str:
        """What divides a text into pieces: JSON of the tokenizers library."""
        ...

    def reads_alike(self) -> bool:
        """Whether a text has the same vector as a query and as a document."""
        ...

    def embed_queries(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """What `embed_query` gives for each of many texts, on all cores.

        Returns:
            float32 ``(len(texts), dimension)``, rows in the order of `texts`.
        """
        ...
