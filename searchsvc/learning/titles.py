"""The words of titles as traits: those that several products share and that tell them apart."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np
import orjson

from indexer.analysis.function_words import is_function_word
from indexer.analysis.text import caseless
from indexer.analysis.words import split_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot

LEAST_PRODUCTS = 3
"""Products that must have a word: a rarer one says no more than being that product."""
GREATEST_SHARE = 0.2
"""Of the products: a more frequent word says nothing about taste."""


def title_words(
    snapshot: Snapshot,
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Which words the titles have; forms of one word (``light``, ``lights``) are one.

    Returns:
        int64 ``(m,)`` rows, int64 ``(m,)`` places in the words, distinct pairs; and the words,
        each as its most frequent form.
    """
    codes: dict[str, int] = {}
    occurrences, lengths = array("i"), array("i")
    for row in range(len(snapshot.products)):
        title = orjson.loads(snapshot.products.json(row)).get("title", "")
        texts = split_words(caseless(title)).texts
        occurrences.extend([codes.setdefault(text, len(codes)) for text in texts])
        lengths.append(len(texts))
    forms = list(codes)
    if not forms:
        return np.empty(0, np.int64), np.empty(0, np.int64), []
    rows = np.repeat(np.arange(len(lengths)), np.frombuffer(lengths, np.int32))
    return _words(snapshot, rows, np.frombuffer(occurrences, np.int32), forms)


def _words(
    snapshot: Snapshot, rows: NDArray[np.int64], occurrences: NDArray[np.int32], forms: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    stems = snapshot.analyzer.stems(forms)
    stem_codes: dict[str, int] = {}
    stem_of = np.array([stem_codes.setdefault(stem, len(stem_codes)) for stem in stems])
    told = np.array([_tells(form, snapshot.analyzer.language) for form in forms])
    told_stem = np.ones(len(stem_codes), np.bool_)
    told_stem[stem_of[~told]] = False
    count = len(stem_codes)
    pairs = np.unique(rows * count + stem_of[occurrences])
    rows, stems_of_rows = pairs // count, pairs % count
    products = np.bincount(stems_of_rows, minlength=count)
    most = max(GREATEST_SHARE * len(snapshot.products), LEAST_PRODUCTS)
    kept = told_stem & (products >= LEAST_PRODUCTS) & (products <= most)
    names = _most_frequent(forms, stem_of, np.bincount(occurrences, minlength=len(forms)))
    words = [names[stem] for stem in np.flatnonzero(kept)]
    place_of = np.cumsum(kept) - 1
    inside = kept[stems_of_rows]
    return rows[inside], place_of[stems_of_rows[inside]], words


def _tells(form: str, language: str) -> bool:
    """Whether `form` may be a matter of taste; a bare number or letter is none."""
    return len(form) > 1 and not form[0].isdigit() and not is_function_word(form, language)


def _most_frequent(
    forms: list[str], stem_of: NDArray[np.int64], frequency: NDArray[np.int64]
) -> list[str]:
    """The form of each stem that is used most; of equals, the first by its letters."""
    names: list[str] = [""] * (int(stem_of.max()) + 1)
    best = [0] * len(names)
    for form, stem, count in zip(forms, stem_of.tolist(), frequency.tolist(), strict=True):
        if (-count, form) < (-best[stem], names[stem]):
            names[stem], best[stem] = form, count
    return names
