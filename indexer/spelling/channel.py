"""The error model: how unlikely it is that somebody who meant one word typed another.

The noisy channel (Kernighan, Church, Gale: *A spelling correction program based on a noisy
channel model*, COLING 1990) ranks a candidate by ln P(word) + ln P(typed | word). This module is
the second term. Kernighan et al. keep a probability for every pair of letters, Brill and Moore
(*An improved error model for noisy channel spelling correction*, ACL 2000) for pairs of strings;
a catalogue has no misspellings to learn from, so edits are put into the few classes that tell
most.

Each constant is the negative natural logarithm of the chance that a misspelling of a word is one
particular edit: the share of the class, divided by the number of edits of that class that an
average word allows. They were counted over 47,390 English misspellings of one edit (the list of
codespell 2.4). A letter that is left out explains more than a letter that is put in, because there
are only as many letters to leave out as the word has.
"""

from __future__ import annotations

import math
from itertools import permutations

MISSPELT = 3.0  # about one query word in twenty (10-15 % of queries: Cucerzan and Brill 2004)
ANOTHER = 1.1  # a second error in the same word: one misspelling in six has two

SWAP = 3.7  # of neighbouring letters, "ie" for "ei" among them
MISSING = 3.2  # a final silent e is left out as often as any other letter
MISSING_DOUBLE = 1.9  # one letter of a pair: "coton"
EXTRA = 7.5
EXTRA_DOUBLE = 4.6  # a letter typed twice: "lampp"
EXTRA_VOWEL = 6.3
VOWEL = 5.2  # a vowel for a vowel
SOUND = 5.1  # a consonant for one that sounds alike
NEIGHBOUR = 6.6  # the next key
WRONG = 8.1  # any other letter
F_FOR_PH = 3.8  # two edits, but one mistake
FIRST_LETTER = 2.0  # on top: the letter that people get right most often

_VOWELS = frozenset("aeiouy")
_SOUNDS = (("c", "k"), ("c", "s"), ("d", "t"), ("m", "n"), ("f", "v"), ("b", "p"), ("v", "w"))
_KEY_ROWS = ((0.0, "qwertyuiop"), (0.25, "asdfghjkl"), (0.75, "zxcvbnm"))
_KEY_REACH = 1.3  # key widths from centre to centre: the six keys around one


def _substitution_costs() -> dict[tuple[str, str], float]:
    keys = {
        key: (left + column, row)
        for row, (left, letters) in enumerate(_KEY_ROWS)
        for column, key in enumerate(letters)
    }
    near = {pair for pair in permutations(keys, 2) if _apart(keys, pair) < _KEY_REACH}
    costs = dict.fromkeys(near, NEIGHBOUR)
    costs.update(dict.fromkeys(permutations(_VOWELS, 2), VOWEL))
    for one, other in _SOUNDS:
        costs[one, other] = costs[other, one] = SOUND
    return costs


def _apart(keys: dict[str, tuple[float, int]], pair: tuple[str, str]) -> float:
    return math.dist(keys[pair[0]], keys[pair[1]])


_SUBSTITUTIONS = _substitution_costs()


def error_cost(typed: str, word: str, edits: int) -> float:
    """-ln P(typed | word), for a `typed` that is not `word`.

    Args:
        typed: what was typed.
        word: what may have been meant.
        edits: their optimal string alignment distance.

    Returns:
        The cost of the likeliest alignment with so many edits; infinite when there is none.
    """
    return MISSPELT - ANOTHER + _cheapest(typed, word, 0, 0, edits)


def _cheapest(typed: str, word: str, i: int, j: int, edits: int) -> float:
    """The cost of turning ``word[j:]`` into ``typed[i:]`` by at most `edits` edits.

    Equal letters are matched without a look at other ways: that never costs an edit, and a
    doubled letter is then seen as such at the second of the two.
    """
    if not edits:
        return 0.0 if typed[i:] == word[j:] else math.inf
    end = i + min(len(typed) - i, len(word) - j)
    while i < end and typed[i] == word[j]:
        i += 1
        j += 1
    if i == len(typed) and j == len(word):
        return 0.0
    return min(
        (
            cost + ANOTHER + _cheapest(typed, word, i + taken, j + meant, edits - used)
            for cost, taken, meant, used in _steps(typed, word, i, j)
            if used <= edits
        ),
        default=math.inf,
    )


def _steps(typed: str, word: str, i: int, j: int) -> list[tuple[float, int, int, int]]:
    """The edits possible at a place: cost, letters of `typed`, letters of `word`, edits."""
    first = FIRST_LETTER if j == 0 else 0.0
    steps = []
    if j < len(word):
        double = j > 0 and word[j] == word[j - 1]
        steps.append((MISSING_DOUBLE if double else MISSING + first, 0, 1, 1))
    if i < len(typed):
        steps.append((_extra_cost(typed, i) + first, 1, 0, 1))
    if i < len(typed) and j < len(word):
        wrong = _SUBSTITUTIONS.get((typed[i], word[j]), WRONG)
        steps.append((wrong + first, 1, 1, 1))
        if typed[i : i + 2] == word[j : j + 2][::-1]:
            steps.append((SWAP + first, 2, 2, 1))
        if typed[i] == "f" and word.startswith("ph", j):
            steps.append((F_FOR_PH, 1, 2, 2))
    return steps


def _extra_cost(typed: str, i: int) -> float:
    if i > 0 and typed[i] == typed[i - 1]:
        return EXTRA_DOUBLE
    return EXTRA_VOWEL if typed[i] in _VOWELS else EXTRA
