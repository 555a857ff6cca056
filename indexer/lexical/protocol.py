"""What finds the products that contain a query's words."""

from __future__ import annotations

from sys import maxsize
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from indexer.hits import Matches
    from indexer.lexical.clause import Clause

EVERY = maxsize
"""More than there are rows."""


class LexicalIndex(Protocol):
    """Scores every product that shares enough terms with a query.

    Implementations are immutable and safe to call from several threads.
    """

    def count(self, term: str) -> int:
        """How many rows have an analysed term."""
        ...

    def rows(self, term: str) -> NDArray[np.int32]:
        """The rows that have an analysed term, int32 ``(n,)``, ascending; not to be written to."""
        ...

    def together(self, terms: Iterable[str], enough: int = EVERY) -> int:
        """How many rows have all of these analysed terms; 0 of no terms.

        Args:
            terms: of a query.
            enough: at least 1; if there are more, they need not be counted.
        """
        ...

    def among(self, rows: NDArray[np.int32], term: str) -> NDArray[np.int32]:
        """Those of `rows`, int32 ``(n,)`` ascending, that have an analysed term."""
        ...

    def completions(self, prefix: str, limit: int) -> list[str]:
        """The terms that begin with `prefix`, those that most products have, the best first.

        Args:
            prefix: of at least one character.
            limit: how many at most; ties by the term's UTF-8 bytes.
        """
        ...

    def match(self, clauses: Sequence[Clause], *, coverage: float = 0.0) -> Matches:
        """All products that cover the query well enough, with their BM25 scores.

        A product scores, for each clause, the best of the alternatives that it has: the sum of
        the BM25 impacts of the alternative's terms, times its weight. Where a clause has several
        alternatives they are ways to say one thing, so that none tells more than another for
        being rare: impacts are taken as if every term's idf added up to that of the products
        with any alternative (as for synonyms in Lucene). The product's score is the sum over
        clauses, each times its importance.

        A product *covers* a query by the share of the query's weight that its clauses carry, a
        clause that n of N products have weighing ln(1 + (N - n + 0.5) / (n + 0.5)); what no
        product has, no product covers. Optional clauses weigh nothing. In the set is every product
        that covers at least the share `coverage` of what the best one covers: where one product
        has all of a query's words, a product with a stray word is no match; where none has more
        than two of seven, it is. Optional clauses alone make no match, unless the query has no
        others: then all products with any of them are in the set, and cover it.

        Args:
            clauses: of the query.
            coverage: from 0 (any clause will do) to 1 (as many as the best product).

        Returns:
            The matches. Their ceiling is the score of a product that would have the best
            posting of every clause in full weight; a clause that no product has counts with
            what a term that no product has would weigh.
        """
        ...
