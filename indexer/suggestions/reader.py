"""The suggestions of a snapshot, opened for reading."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from indexer.storage import ArrayFile, read_arrays
from indexer.suggestions.beginnings import Beginnings, beginning_arrays
from indexer.suggestions.table import PhraseTable, phrase_arrays

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What the catalogue itself has to suggest; mapped from disk, safe to share by threads.

    Attributes:
        phrases: what a beginning can be completed to.
        words: their words, for beginnings with a typing error.
    """

    phrases: PhraseTable
    words: Beginnings

    @classmethod
    def read(cls, path: Path) -> Suggestions:
        """Open what `SuggestionsBuilder` wrote.

        Raises:
            SnapshotCorruptError: the file is absent, cut short or not what it should be.
        """
        arrays = read_arrays(path)
        return cls(PhraseTable(arrays), Beginnings(arrays))

    @classmethod
    def none(cls) -> Suggestions:
        """No suggestions: those of a snapshot that was written before there were any."""
        return _nothing()


@cache
def _nothing() -> Suggestions:
    arrays = ArrayFile({**phrase_arrays([]), **beginning_arrays({})}, {})
    return Suggestions(PhraseTable(arrays), Beginnings(arrays))
