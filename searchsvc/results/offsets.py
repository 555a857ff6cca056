"""Offsets: where the characters of a caseless text stand in the text as it is written."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from functools import lru_cache

from indexer.analysis.text import caseless

_JOINERS = "\u200c\u200d"
_JAMO = "\u1160", "\u11ff"  # the vowels and finals that make one syllable with what is before


class Offsets:
    """Maps spans of ``caseless(text)`` to spans of `text`.

    Most characters have one caseless character, and keep it whatever stands beside them. Only
    the others are noted: ligatures, fractions, ``\u00df``, and characters with what combines with
    them, which are mapped as a whole.
    """

    def __init__(self, text: str) -> None:
        # Of each cluster where it begins and ends, in the caseless text and in the text.
        self._places: list[int] = []
        self._clusters: list[tuple[int, int, int]] = []
        longer = 0  # characters that the caseless text has more, so far
        for begin, end in _clusters(text):
            length = len(caseless(text[begin:end]))
            self._places.append(begin + longer)
            self._clusters.append((begin + longer + length, begin, end))
            longer += length - (end - begin)

    def span(self, begin: int, end: int) -> tuple[int, int]:
        """The characters of the text that have a part in ``caseless(text)[begin:end]``.

        The span must not be empty.
        """
        return self._map(begin)[0], self._map(end - 1)[1]

    def _map(self, place: int) -> tuple[int, int]:
        """Where the character begins and ends whose caseless form has the one at `place`."""
        number = bisect_right(self._places, place) - 1
        if number < 0:
            return place, place + 1
        caseless_end, begin, end = self._clusters[number]
        if place < caseless_end:
            return begin, end
        place += end - caseless_end
        return place, place + 1


def combines(char: str) -> bool:
    """Whether `char` belongs to the character before it."""
    first = unicodedata.normalize("NFKD", char)[0]
    return (
        unicodedata.category(first).startswith("M")
        or _JAMO[0] <= first <= _JAMO[1]
        or char in _JOINERS
    )


def _clusters(text: str) -> list[tuple[int, int]]:
    """Where characters begin and end that are not caseless one by one, or have combined ones."""
    if text.isascii():
        return []
    odd = {char for char in set(text) if _is_odd(char)}
    if not odd:
        return []
    clusters: list[tuple[int, int]] = []
    for place in [place for place, char in enumerate(text) if char in odd]:
        begin = place
        if place and combines(text[place]):
            is_next = bool(clusters) and clusters[-1][1] == place
            begin = clusters.pop()[0] if is_next else place - 1
        clusters.append((begin, place + 1))
    return clusters


@lru_cache(1 << 12)
def _is_odd(char: str) -> bool:
    return not char.isascii() and (combines(char) or len(caseless(char)) != 1)
