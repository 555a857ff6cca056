"""Misspellings as fingers make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from benchmarks.catalogue.draw import Draw

_SHORTEST = 5
"""Shorter words are rarely misspelt, and soon another word when they are."""
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_ATTEMPTS = 50


def misspell(text: str, draw: Draw, known: Collection[str]) -> str | None:
    """`text` with one slip in one long word, first letter kept.

    The slips are the four of Damerau (1964): a letter left out, doubled, replaced by its
    neighbour on the keyboard, or swapped with the next one.

    Args:
        text: the right spelling.
        draw: chooses word and slip.
        known: words in lower case that the slip must not produce: another word is no misspelling.

    Returns:
        The misspelling; None when `text` has no word of five letters or more.
    """
    words = text.split(" ")
    long = [place for place, word in enumerate(words) if len(word) >= _SHORTEST and word.isalpha()]
    if not long:
        return None
    for _ in range(_ATTEMPTS):
        place = draw.pick(long)
        slipped = _slip(words[place], draw)
        if slipped != words[place] and slipped.lower() not in known:
            return " ".join([*words[:place], slipped, *words[place + 1 :]])
    return None


def _slip(word: str, draw: Draw) -> str:
    at = 1 + draw.below(len(word) - 2)
    slip = draw.below(4)
    if slip == 0:
        return word[:at] + word[at + 1 :]
    if slip == 1:
        return word[: at + 1] + word[at:]
    if slip == 2:  # noqa: PLR2004 - the third of four slips
        return word[:at] + draw.pick(_neighbours(word[at])) + word[at + 1 :]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _neighbours(letter: str) -> str:
    """The letters left and right on the keyboard; the letter itself if it is on no key."""
    for row in _ROWS:
        if letter in row:
            at = row.index(letter)
            return row[max(at - 1, 0) : at] + row[at + 1 : at + 2]
    return letter
