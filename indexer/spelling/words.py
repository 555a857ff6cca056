"""Which words have a spelling at all."""

from __future__ import annotations

SHORTEST = 2
LONGEST = 32
"""Longer runs of letters are codes and lost spaces."""


def has_spelling(word: str) -> bool:
    """Whether `word` can be misspelt or be what was meant.

    A word with a digit is an identifier or a measure: one letter more or less is another thing.
    So is a single letter.
    """
    if not SHORTEST <= len(word) <= LONGEST:
        return False
    return word.isalpha() or not any(letter.isdigit() for letter in word)
