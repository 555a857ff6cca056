"""A snippet: the part of a text that shows most of what matched in it."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from searchsvc.results.matching import word_borders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from searchsvc.results.matching import Matched

# Signs up to a space; without one, a word is cut off what it is written together with.
_BEFORE_A_WORD = re.compile(r"(?<=\s)\S+\Z")
_BEHIND_A_WORD = re.compile(r"\S+(?=\s)")


def snippet_span(matched: Matched, size: int) -> tuple[int, int]:
    """The span of the caseless text that shows the most distinct words of the query.

    Of several the earliest is taken; what matches stands in its middle, unless the text begins
    or ends there. Where nothing matches it is the beginning of the text. Brackets, quotes and
    full stops at its outer words belong to it.

    Args:
        matched: a text of more than `size` words.
        size: words that the span has, at least 1.
    """
    total = len(matched.words)
    begins, ends = word_borders(matched.words)
    first, used = _best(matched, ends, size)
    first = max(0, min(first - (size - used) // 2, total - size))
    behind = first + size
    between = matched.words.between
    begin = begins[first] - _length(_BEFORE_A_WORD.search(between[first]))
    end = ends[behind - 1] + _length(_BEHIND_A_WORD.match(between[behind]))
    return begin if first else 0, end if behind < total else ends[-1] + len(between[-1])


def _best(matched: Matched, ends: Sequence[int], size: int) -> tuple[int, int]:
    """The first word of what is to be shown, and how many words of it match or lie between."""
    spans = [
        (
            bisect_left(ends, occurrence.begin + 1),
            bisect_left(ends, occurrence.end),
            occurrence.clauses,
        )
        for occurrence in matched.occurrences
    ]
    best = (0, 0, size)
    for number, (first, _, _) in enumerate(spans):
        clauses, last = 0, first
        for begin, end, bits in spans[number:]:
            if begin >= first + size:
                break
            if end < first + size or begin == first:
                clauses |= bits
                last = max(last, end)
        if clauses.bit_count() > best[0]:
            best = (clauses.bit_count(), first, min(last + 1 - first, size))
    return best[1], best[2]


def _length(match: re.Match[str] | None) -> int:
    return len(match[0]) if match else 0
