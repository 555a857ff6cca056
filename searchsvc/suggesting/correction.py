"""Correction of what is being typed: finished words by the dictionary, the last as a beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.analysis.words import has_digit

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot
    from searchsvc.suggesting.typed import Typed

_MOST_WORDS = 8  # of a query that is looked at; a longer text is no query

_FAR_MORE = 20  # times as many products have what was meant as have what was typed


def corrected(typed: Typed, snapshot: Snapshot) -> Typed | None:
    """What may have been meant; ``None`` where nothing looks wrong, or nothing better is known.

    Words with digits are never corrected.
    """
    if len(typed.words) > _MOST_WORDS:
        return None
    words = tuple(_word(word, snapshot) for word in typed.words)
    prefix = _beginning(typed.prefix, snapshot) if typed.prefix else ""
    if (words, prefix) == (typed.words, typed.prefix):
        return None
    return typed.replaced(words, prefix)


def _word(word: str, snapshot: Snapshot) -> str:
    """The likeliest word that was meant by a finished one."""
    spelling = snapshot.spelling
    frequency = spelling.frequency(word)
    if has_digit(word) or (spelling.is_word(word) and not frequency):
        return word
    found = spelling.corrections(word, 1)
    # Products misspell words, too.
    if not found or found[0].frequency < _FAR_MORE * frequency:
        return word
    return found[0].word


def _beginning(prefix: str, snapshot: Snapshot) -> str:
    words = snapshot.suggestions.words
    if has_digit(prefix) or words.begins_any(prefix):
        return prefix
    return words.nearest(prefix) or _word(prefix, snapshot)
