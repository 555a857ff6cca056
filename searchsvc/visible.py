"""The visible: what of a snapshot exists for whoever asks, by the filter that a key carries."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.errors import BadFilterError, ForbiddenError
from searchsvc.query.filters import fields_of, with_names
from searchsvc.query.mask import row_mask
from searchsvc.results.presence import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from indexer.columns import Columns
    from indexer.snapshot import Snapshot
    from searchsvc.query.filters import Filter

_log = logging.getLogger(__name__)
_FREE = "attributes."
_ENTRY_BYTES = 300  # of a few terms and an answer in the cache of a snapshot
_COLUMNS_BYTES = 10_000  # of a dictionary; the columns themselves are the snapshot's


@dataclass(frozen=True, slots=True, eq=False)
class Extent:
    """What a scope leaves of a snapshot.

    Attributes:
        mask: bool ``(products,)``, the products that fulfil it; read-only.
        count: how many they are.
        columns: naming only those that any of them has a value in, and the standard ones. Another
            one may be asked for, and has nothing: a facet must not become an error on the day on
            which nobody has it.
    """

    mask: NDArray[np.bool_]
    count: int
    columns: Columns


@dataclass(frozen=True, slots=True)
class Visible:
    """A snapshot as whoever asks may see it.

    Attributes:
        snapshot: not naming the columns that only hidden products have values in. All else in it
            is there: rows, words and vectors have to be held against `mask`.
        extent: what there is to see; ``None`` for everything.
    """

    snapshot: Snapshot
    extent: Extent | None = None

    @classmethod
    def of(cls, snapshot: Snapshot, scope: Filter | None) -> Visible:
        """What fulfils `scope`; everything for ``None``, and where all products do.

        Raises:
            ForbiddenError: the scope does not fit the snapshot's columns. Nothing is seen by it
                then: whoever made the key meant to hide something.
        """
        if scope is None:
            return cls(snapshot)
        extent = snapshot.derived.get(
            ("visible", scope),
            lambda: _extent(snapshot, scope),
            lambda made: _ENTRY_BYTES if isinstance(made, _Unfit) else _size(made),
        )
        if isinstance(extent, _Unfit):
            raise ForbiddenError(extent.message)
        if extent.count == len(snapshot.products):
            return cls(snapshot)
        return cls(replace(snapshot, columns=extent.columns), extent)

    @property
    def mask(self) -> NDArray[np.bool_] | None:
        """The rows that are seen, bool ``(products,)``; ``None`` for all."""
        return None if self.extent is None else self.extent.mask

    @property
    def rows(self) -> NDArray[np.int64]:
        """The rows that are seen, int64 ``(n,)``, ascending."""
        if self.extent is None:
            return np.arange(len(self.snapshot.products), dtype=np.int64)
        return np.flatnonzero(self.extent.mask)

    def __len__(self) -> int:
        """How many products are seen."""
        return len(self.snapshot.products) if self.extent is None else self.extent.count

    def row(self, product_id: str) -> int | None:
        """The row of the product called `product_id`, ``None`` where none is seen."""
        row = self.snapshot.products.row(product_id)
        if row is None or self.extent is None or self.extent.mask[row]:
            return row
        return None

    def has_text(self, text: str) -> bool:
        """Whether one product has every word of `text`, each in any of its forms."""
        return self.has(self.snapshot.analyzer.terms(text))

    def has(self, terms: Iterable[str]) -> bool:
        """Whether one product has all of these analysed terms; no terms are had by any."""
        wanted = tuple(dict.fromkeys(terms))
        if self.extent is None:
            return not wanted or self.snapshot.lexical.together(wanted, 1) > 0
        extent = self.extent
        return self.snapshot.derived.get(
            ("visible terms", extent, wanted),
            lambda: self._any_has(wanted, extent.mask),
            lambda _: _ENTRY_BYTES + sum(map(len, wanted)),
        )

    def _any_has(self, terms: tuple[str, ...], mask: NDArray[np.bool_]) -> bool:
        lexical = self.snapshot.lexical
        if not terms:
            return True
        rarest, *others = sorted(terms, key=lexical.count)
        rows = lexical.rows(rarest)
        rows = rows[mask[rows]]
        for term in others:
            rows = lexical.among(rows, term)
        return len(rows) > 0


@dataclass(frozen=True, slots=True)
class _Unfit:
    """Kept as well, so that a key that does not fit is logged once for each generation."""

    message: str


def _extent(snapshot: Snapshot, scope: Filter) -> Extent | _Unfit:
    products, columns = len(snapshot.products), snapshot.columns

    def name_of(field: str) -> str:
        """As the shop's feed and Algolia's keys call it, or as the column is called."""
        free = _FREE + field
        return free if columns.get(field) is None and columns.get(free) is not None else field

    try:
        mask = row_mask(with_names(scope, name_of), columns, products, snapshot.derived)
    except BadFilterError as error:
        _log.warning("index %s: a key's filter does not fit it: %s", snapshot.index, error)
        fields = ", ".join(sorted(fields_of(scope)))
        return _Unfit(
            f"the key's filter, on {fields}, does not fit the columns of index "
            f"{snapshot.index!r}, so that nothing is shown; make a key whose filter does"
        )
    rows = np.flatnonzero(mask)
    return Extent(mask, len(rows), snapshot.columns.naming(columns_of(snapshot, rows)))


def _size(extent: Extent) -> int:
    return extent.mask.nbytes + _COLUMNS_BYTES
