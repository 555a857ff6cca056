"""Correction of what is being typed: finished words by the dictionary, the last as a beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.analysis.words import has_digit

if TYPE_CHECKING:
    from searchsvc.suggesting.typed import Typed
    from searchsvc.visible import Visible

_MOST_WORDS = 8  # of a query that is looked at; a longer text is no query

_CANDIDATES = 8  # that are looked at where some may be hidden
_FAR_MORE = 20  # times as many products have what was meant as have what was typed


def corrected(typed: Typed, visible: Visible) -> Typed | None:
    """What may have been meant; ``None`` where nothing looks wrong, or nothing better is known.

    Words with digits are never corrected. A finished word is one that some visible product has;
    whether one has a word that the last one begins shows when that is completed.
    """
    if len(typed.words) > _MOST_WORDS:
        return None
    words = tuple(_word(word, visible) for word in typed.words)
    prefix = _beginning(typed.prefix, visible) if typed.prefix else ""
    if (words, prefix) == (typed.words, typed.prefix):
        return None
    return typed.replaced(words, prefix)


def _word(word: str, visible: Visible) -> str:
    """The likeliest word that was meant by a finished one."""
    spelling = visible.snapshot.spelling
    frequency = spelling.frequency(word)
    if has_digit(word) or (spelling.is_word(word) and not frequency):
        return word
    candidates = spelling.corrections(word, 1 if visible.mask is None else _CANDIDATES)
    found = next((it for it in candidates if visible.has_text(it.word)), None)
    # Products misspell words, too.
    if found is None or found.frequency < _FAR_MORE * frequency:
        return word
    return found.word


def _beginning(prefix: str, visible: Visible) -> str:
    words = visible.snapshot.suggestions.words
    if has_digit(prefix) or words.begins_any(prefix):
        return prefix
    return words.nearest(prefix) or _word(prefix, visible)
