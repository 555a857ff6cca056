"""A query as the search core takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchsvc.query.filters import Filter

MAX_TEXT = 512
"""Characters of a query; a longer one is refused at the border."""
MAX_LIMIT = 1_000
"""Hits of one page."""
MAX_OFFSET = 1_000_000
"""Hits before a page."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question to one snapshot.

    Attributes:
        text: as typed; an empty one asks for every product.
        limit: hits on the page, 0 to `MAX_LIMIT`.
        offset: hits before the page.
        filter: what products must fulfil, ``None`` for all.
        explain: whether each hit tells how it got its place.
        as_typed: whether words are taken as they are, even where they look misspelt.
    """

    text: str
    limit: int = 20
    offset: int = 0
    filter: Filter | None = None
    explain: bool = False
    as_typed: bool = False
