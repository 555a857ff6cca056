"""Spans: short texts out of long ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.build.spans import sample_spans

TEXTS = ["Red wool shoes, size 42 (EU).", "USB-C cable - 2 m", "...", "", "One"]


def is_subsequence(words: list[str], of: list[str]) -> bool:
    rest = iter(of)
    return all(word in rest for word in words)


@given(
    texts=st.lists(st.text("ab .,-", max_size=30), min_size=1, max_size=4),
    count=st.integers(0, 40),
    longest=st.integers(1, 6),
    seed=st.integers(0, 9),
)
def test_a_span_is_made_of_words_of_one_text_in_their_order(
    texts: list[str], count: int, longest: int, seed: int
) -> None:
    spans = sample_spans(texts, count, longest, np.random.default_rng(seed))
    assert len(spans) == len(set(spans)) <= count
    sources = [[word.strip(".,-") for word in text.split()] for text in texts]
    for span in spans:
        words = span.split()
        assert 1 <= len(words) <= longest
        assert any(is_subsequence(words, source) for source in sources)


def test_the_same_seed_draws_the_same_spans() -> None:
    one, other = (sample_spans(TEXTS, 50, 4, np.random.default_rng(5)) for _ in range(2))
    assert one == other
    assert one != sample_spans(TEXTS, 50, 4, np.random.default_rng(6))


def test_some_spans_leave_words_out_and_some_do_not() -> None:
    spans = sample_spans(["a b c d e f g h"], 400, 2, np.random.default_rng(1))
    gaps = {ord(span[2]) - ord(span[0]) for span in spans if " " in span}
    assert gaps == {1, 2, 3, 4, 5}


def test_punctuation_around_words_is_no_part_of_them() -> None:
    spans = sample_spans(TEXTS, 300, 1, np.random.default_rng(2))
    assert sorted(spans) == ["2", "42", "EU", "One", "Red", "USB-C", "cable", "m", "shoes", "size",
                             "wool"]  # fmt: skip
