"""Published judgments on their way in."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from benchmarks.errors import CollectionError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


class Qrels:
    """Collects the judgments of one published file.

    Nobody can mend what is published, so it is read mildly: negative labels, TREC's mark for
    spam, become 0; of a pair that is judged twice the higher label stays.

    Args:
        path: the file, for messages.
        query_ids: the queries that may be judged.
    """

    def __init__(self, path: Path, query_ids: Collection[str]) -> None:
        self._path = path
        self._query_ids = query_ids
        self._labels: dict[str, dict[str, int]] = {}

    def add(self, query_id: str, product_id: str, label: int, line: int) -> None:
        """Note one judgment, from this line.

        Raises:
            CollectionError: there is no such query, or no product is named.
        """
        if query_id not in self._query_ids:
            raise CollectionError(
                f"{self._path}:{line}: query id {query_id!r} has a judgment but no text; expected "
                "it among the queries. Add the query or remove the judgment."
            )
        if not product_id:
            raise CollectionError(f"{self._path}:{line}: expected a product id, found none")
        labels = self._labels.setdefault(query_id, {})
        labels[product_id] = max(labels.get(product_id, 0), label)

    def add_text(self, query_id: str, product_id: str, label: str, line: int) -> None:
        """Note one judgment whose label is written as a number.

        Raises:
            CollectionError: see `add`; or the label is no whole number.
        """
        try:
            number = int(label)
        except ValueError as error:
            raise CollectionError(
                f"{self._path}:{line}: label {label!r}; expected a whole number"
            ) from error
        self.add(query_id, product_id, number, line)

    def build(self) -> Mapping[str, Mapping[str, int]]:
        """Label by product id by query id; nothing is added afterwards.

        Raises:
            CollectionError: there are no judgments at all.
        """
        if not self._labels:
            raise CollectionError(f"{self._path}: no judgments; expected at least one")
        return MappingProxyType({q: MappingProxyType(found) for q, found in self._labels.items()})
