"""A change of one product: what a record of a delta asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.product import AttributeValue, Product


class Operation(StrEnum):
    """The three kinds of changes."""

    UPSERT = "upsert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Upsert:
    """A product is to be there as stated, in place of any other with its id.

    Attributes:
        position: of the record, as in `Rejection`; so it is of all changes.
        product: all of it.
    """

    position: int
    product: Product

    @property
    def id(self) -> str:
        """Whose change it is."""
        return self.product.id


@dataclass(frozen=True, slots=True)
class Update:
    """Some fields of a product are to be others.

    Attributes:
        position: of the record.
        id: of the product.
        stated: the new values by the names of `Product`; an absent one removes what was there.
        attributes: the new values of free attributes.
        removed: free attributes to remove, and all whose names go on behind a dot, before
            `attributes` are set.
        clears: whether all free attributes are removed first.
    """

    position: int
    id: str
    stated: Mapping[str, Any]
    attributes: Mapping[str, AttributeValue]
    removed: frozenset[str] = frozenset()
    clears: bool = False

    def apply(self, product: Product) -> Product:
        """What `product` becomes."""
        before = {} if self.clears else product.attributes
        kept = {name: value for name, value in before.items() if not self._removes(name)}
        attributes = MappingProxyType(kept | dict(self.attributes))
        return replace(product, **self.stated, attributes=attributes)

    def _removes(self, name: str) -> bool:
        """Whether `removed` has a name or what stands before one of its dots."""
        above = accumulate(name.split("."), "{}.{}".format)
        return bool(self.removed) and not self.removed.isdisjoint(above)


@dataclass(frozen=True, slots=True)
class Deletion:
    """A product is to be gone.

    Attributes:
        position: of the record.
        id: of the product.
    """

    position: int
    id: str


Change: TypeAlias = Upsert | Update | Deletion
