from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.catalogue.draw import Draw
from benchmarks.catalogue.misspelling import misspell


def _distance(one: str, other: str) -> int:
    """Optimal string alignment distance, by its textbook recurrence."""
    rows = [
        [i + j if i * j == 0 else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)
    ]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            best = min(
                rows[i - 1][j] + 1,
                rows[i][j - 1] + 1,
                rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]),
            )
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                best = min(best, rows[i - 2][j - 2] + 1)
            rows[i][j] = best
    return rows[-1][-1]


@given(seed=st.integers(0, 10_000), text=st.sampled_from(["waterproof jacket", "desk lamp shade"]))
def test_a_misspelling_is_one_edit_away_and_keeps_first_letters(seed: int, text: str) -> None:
    wrong = misspell(text, Draw(seed, "typo", 0), ())
    assert wrong is not None
    assert _distance(text, wrong) == 1
    assert [word[0] for word in wrong.split()] == [word[0] for word in text.split()]


def test_a_text_of_short_words_is_not_misspelt() -> None:
    assert misspell("red mug 12345", Draw(1, "typo", 0), ()) is None


def test_a_slip_that_makes_another_word_is_no_misspelling() -> None:
    slips = {misspell("board", Draw(seed, "typo", 0), ()) for seed in range(500)}
    known = {slip for slip in slips if slip} - {"baord"}
    kept = {misspell("board", Draw(seed, "typo", 0), known) for seed in range(20)}
    assert kept == {"baord"}
    assert misspell("board", Draw(1, "typo", 0), known | {"baord"}) is None


def test_letters_on_no_key_are_kept_or_moved() -> None:
    assert misspell("ååååå", Draw(1, "typo", 0), ()) in {"åååå", "åååååå"}
