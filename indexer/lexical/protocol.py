"""What finds the products that contain a query's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.hits import Matches
    from indexer.lexical.clause import Clause


class LexicalIndex(Protocol):
    """Scores every product that shares enough terms with a query.

    Implementations are immutable and safe to call from several threads.
    """

    def match(self, clauses: Sequence[Clause], *, coverage: float = 0.0) -> Matches:
        """All products that cover the query well enough, with their BM25 scores.

        A product scores, for each clause, the best of the alternatives that it has: the sum of
        the BM25 impacts of the alternative's terms times its weight; the product's score is the
        sum over clauses, each times its importance.

        A product *covers* a query by the share of the query's weight that its clauses carry, a
        clause that n of N products have weighing ln(1 + (N - n + 0.5) / (n + 0.5)). Optional
        clauses weigh nothing, as do clauses that no product has. In the set is every product
        that covers at least the share `coverage` of what the best one covers: where one product
        has all of a query's words, a product with a stray word is no match; where none has more
        than two of seven, it is. Where only optional clauses are found, all products with any of
        them are in the set.

        Args:
            clauses: of the query.
            coverage: from 0 (any clause will do) to 1 (as many as the best product).

        Returns:
            The matches. Their ceiling is the score of a product that would have the best
            posting of every clause.
        """
        ...
