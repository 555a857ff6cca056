"""Attributes: the names that a page knows columns by.

A page may call a column by its own name (``attributes.rating``) or as the shop's feed does
(``rating``). The levels of a column of paths are ``colours.lvl0``, ``colours.lvl1`` and so on;
those of the product types may have any name, usually ``categories`` or
``hierarchicalCategories``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.columns import ID, PATH_SEPARATOR
from searchsvc.errors import BadFilterError
from searchsvc.query.filters.limits import shown, spelt_like
from searchsvc.query.query import MAX_FACETS
from searchsvc.visible import Visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexer.columns import Column, Columns
    from indexer.derived import Derived
    from indexer.snapshot import Snapshot
    from searchsvc.query.filters import Filter

CATEGORIES = "categories"
"""What a page gets the product types as."""

OBJECT_ID = "objectID"
"""What a page calls the product's id."""

_CATEGORY_COLUMN = "product_type"
_NO_CHOICE = frozenset({"item_group_id", "currency", "popularity", "review_count", "released"})
"""Columns to group and to sort by, which say nothing that a shopper would choose."""
_PRICE, _PAID = "price", "effective_price"
_FREE = "attributes."
_LEVEL = ".lvl"
_MOST_VALUES = 1_000
_MOST_LEVELS = 5
_ALL = "*"
_CHOICE_BYTES = 200  # of two short texts


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column by the name that a page gave it.

    Attributes:
        name: the page's.
        field: the column's.
        level: of the paths that are meant, from 0; ``None`` for all.
    """

    name: str
    field: str
    column: Column
    level: int | None = None


class Attributes:
    """The attributes of one `snapshot` that exist in a `scope`; ``None`` is all of it.

    Raises:
        ForbiddenError: the scope does not fit the snapshot's columns.
    """

    def __init__(self, snapshot: Snapshot, scope: Filter | None = None) -> None:
        self.snapshot = snapshot
        self.scope = scope
        self._columns: Columns = Visible.of(snapshot, scope).snapshot.columns
        self._derived: Derived = snapshot.derived

    @property
    def have_places(self) -> bool:
        """Whether any product has a location."""
        return len(self._columns.locations.rows) > 0

    def find(self, name: str) -> Attribute | None:
        """The attribute called `name`, ``None`` where there is none."""
        field = ID if name == OBJECT_ID else self._field(name)
        if field is not None:
            return self._attribute(name, field)
        root, separator, level = name.rpartition(_LEVEL)
        if separator and level.isdecimal():
            return self._path(name, root, int(level))
        return self._attribute(name, _CATEGORY_COLUMN) if name == CATEGORIES else None

    def require(self, name: str, place: str) -> Attribute:
        """The attribute called `name`.

        Args:
            name: the page's.
            place: in the request, for the message.

        Raises:
            BadFilterError: there is none; the message names those that are spelt like it.
        """
        found = self.find(name)
        if found is None:
            names = [known.removeprefix(_FREE) for known in self._columns.names()]
            raise BadFilterError(
                f"{place}: unknown attribute {shown(name)}; this index has "
                f"{spelt_like(name, names)}"
            )
        return found

    def wanted(
        self, names: tuple[str, ...], survey: Callable[[], Mapping[str, int]]
    ) -> list[Attribute]:
        """The attributes that a list of facets names, each once; unknown ones are left out.

        Args:
            names: as sent. ``*`` names what a shopper can choose among: columns of at most a
                thousand values, those first that most products of the answer have.
            survey: gives how many products of the answer have each column.
        """
        plain = [_without_modifier(name) for name in names]
        if _ALL in plain:
            named = [name for name in plain if name != _ALL]
            plain = list(dict.fromkeys([*named, *self._offered(survey())]))[:MAX_FACETS]
        found = (self.find(name) for name in dict.fromkeys(plain))
        return [attribute for attribute in found if attribute is not None]

    def _field(self, name: str) -> str | None:
        """The column of that name that has values, if there are two."""
        fields = [field for field in (name, _FREE + name) if self._columns.get(field) is not None]
        filled = (field for field in fields if len(self._columns.get(field).values))  # type: ignore[union-attr]  # looked up above
        return next(filled, next(iter(fields), None))

    def _attribute(self, name: str, field: str, level: int | None = None) -> Attribute | None:
        column = self._columns.get(field)
        return None if column is None else Attribute(name, field, column, level)

    def _path(self, name: str, root: str, level: int) -> Attribute | None:
        field = self._field(root)
        found = None if field is None else self._attribute(name, field, level)
        if found is not None and found.column.hierarchical:
            return found
        return self._attribute(name, _CATEGORY_COLUMN, level)

    def _offered(self, present: Mapping[str, int]) -> list[str]:
        """The names of what can be chosen among, what most products of an answer have first."""
        choices = self._derived.get(
            ("algolia", "facets", self.scope),
            self._compute_choices,
            lambda found: len(found) * _CHOICE_BYTES,
        )
        chosen = sorted(
            (field for field in choices if field in present),
            key=lambda field: (-present[field], field),
        )
        return [name for field in chosen for name in choices[field]][:MAX_FACETS]

    def _compute_choices(self) -> Mapping[str, tuple[str, ...]]:
        """The columns that have few enough values to choose among, by what a page calls them."""
        choices: dict[str, tuple[str, ...]] = {}
        for field in self._columns.names():
            column = self._columns.get(field)
            if column is None or field in _NO_CHOICE or self._repeats(field, column):
                continue
            if column.hierarchical:
                root = CATEGORIES if field == _CATEGORY_COLUMN else self._name(field)
                choices[field] = tuple(f"{root}{_LEVEL}{n}" for n in range(_depth(column)))
            elif column.kind == "number" or column.size <= _MOST_VALUES:
                choices[field] = (self._name(field),)
        return choices

    def _repeats(self, field: str, column: Column) -> bool:
        """Whether another column says the same.

        A free attribute may have become a standard column as it is (``rating``), and where
        nothing is on sale, what is paid is the price.
        """
        same = _PRICE if field == _PAID else field.removeprefix(_FREE)
        other = self._columns.get(same)
        return same != field and other is not None and _equal(column, other)

    def _name(self, field: str) -> str:
        """The shortest name of a column that means no other."""
        short = field.removeprefix(_FREE)
        return short if self._field(short) == field else field


def _without_modifier(name: str) -> str:
    """``brand`` of ``searchable(brand)``."""
    for modifier in ("searchable", "filterOnly", "afterDistinct"):
        if name.startswith(f"{modifier}(") and name.endswith(")"):
            return _without_modifier(name[len(modifier) + 1 : -1])
    return name


def _equal(one: Column, other: Column) -> bool:
    """Whether two columns of numbers have the same."""
    return one.kind == other.kind == "number" and one.digest == other.digest


def _depth(column: Column) -> int:
    """The levels of a column of paths."""
    texts = column.texts or ()
    levels = (texts[code].count(PATH_SEPARATOR) + 1 for code in range(len(texts)))
    return min(max(levels, default=0), _MOST_LEVELS)
