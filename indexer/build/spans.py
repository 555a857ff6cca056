"""Short texts from a catalogue's own, as stand-ins for what shoppers may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_PUNCTUATION = ".,;:!?()[]{}\"'/|*&-\u2013\u2014"
_GAPPY = 0.5
_STRETCH = 3  # a gappy span's words are from a stretch so many times as long


def sample_spans(
    texts: Sequence[str], count: int, longest: int, rng: np.random.Generator
) -> list[str]:
    """At most `count` distinct spans of 1 to `longest` words.

    Half of them are neighbouring words; the others leave words out, as shoppers do.
    """
    rows = rng.integers(len(texts), size=count)
    sizes = rng.integers(1, longest + 1, size=count)
    gappy = rng.random(count) < _GAPPY
    spans: dict[str, None] = {}
    for row, size, leaves_out in zip(rows.tolist(), sizes.tolist(), gappy, strict=True):
        words = [word for it in texts[row].split() if (word := it.strip(_PUNCTUATION))]
        taken = min(size, len(words))
        stretch = min(len(words), taken * _STRETCH) if leaves_out else taken
        begin = int(rng.integers(len(words) - stretch + 1))
        places = begin + np.sort(rng.permutation(stretch)[:taken])
        if taken:
            spans[" ".join(words[place] for place in places)] = None
    return list(spans)
