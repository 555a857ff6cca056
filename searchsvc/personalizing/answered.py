"""An answer, and what was made of whoever asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot
    from searchsvc.answer import SearchResult
    from searchsvc.personalizing.personalization import Personalization


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and what it was made of.

    Attributes:
        snapshot: that was searched; the index may have another by now.
        result: of the search.
        personalization: what was made of who asked.
    """

    snapshot: Snapshot
    result: SearchResult
    personalization: Personalization
