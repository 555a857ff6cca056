"""What finds the products that contain a query's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.hits import Matches


class LexicalIndex(Protocol):
    """Scores every product that shares enough terms with a query.

    Implementations are immutable and safe to call from several threads.
    """

    def match(self, terms: Sequence[str], *, coverage: float = 0.0) -> Matches:
        """All products that cover the query well enough, with their BM25 scores.

        A product *covers* a query by the share of the query's weight that its terms carry, each
        distinct term weighing ln(1 + (N - n + 0.5) / (n + 0.5)) for a term in n of N products.
        Terms that no product has weigh nothing. In the set is every product that covers at
        least the share `coverage` of what the best one covers: where one product has all of a
        query's words, a product with a stray word is no match; where none has more than two of
        seven, it is.

        Args:
            terms: analysed query terms; a repeated one counts as often as it occurs.
            coverage: from 0 (any term will do) to 1 (as many as the best product).

        Returns:
            Scores as BM25 defines them.
        """
        ...
