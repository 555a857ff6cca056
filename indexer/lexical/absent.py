"""The absence of postings: stands where those of a generation cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.hits import Matches
from indexer.lexical.protocol import EVERY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from indexer.lexical.clause import Clause


class AbsentPostings:
    """A lexical index of products without words."""

    def count(self, term: str) -> int:  # noqa: ARG002 - protocol
        """See `LexicalIndex.count`; none."""
        return 0

    def rows(self, term: str) -> NDArray[np.int32]:  # noqa: ARG002 - protocol
        """See `LexicalIndex.rows`; none."""
        return np.empty(0, np.int32)

    def together(self, terms: Iterable[str], enough: int = EVERY) -> int:  # noqa: ARG002 - protocol
        """See `LexicalIndex.together`; none."""
        return 0

    def among(self, rows: NDArray[np.int32], term: str) -> NDArray[np.int32]:  # noqa: ARG002 - protocol
        """See `LexicalIndex.among`; none."""
        return rows[:0]

    def completions(self, prefix: str, limit: int) -> list[str]:  # noqa: ARG002 - protocol
        """See `LexicalIndex.completions`; none."""
        return []

    def match(self, clauses: Sequence[Clause], *, coverage: float = 0.0) -> Matches:  # noqa: ARG002 - protocol
        """See `LexicalIndex.match`; none."""
        return Matches.none()
