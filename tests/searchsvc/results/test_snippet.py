"""Which part of a text is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.analyzer import Analyzer
from indexer.lexical.clause import Alternative, Clause
from searchsvc.query.understanding import Understanding
from searchsvc.results.highlight import MAX_CHARACTERS, Highlighter
from searchsvc.results.highlighted import Highlighted, Level, Tags

ANALYZER = Analyzer("english")
RAW = Tags("[", "]", escape=False)


def snippet(query: str, text: str, words: int) -> Highlighted:
    """Of what is asked for word by word."""
    asked = tuple(query.split())
    clauses = tuple(Clause((Alternative((term,)),)) for term in ANALYZER.terms(query))
    highlighter = Highlighter(Understanding(clauses, query, words=asked), ANALYZER, RAW)
    return highlighter.snippet(text, words, "description")


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("red", "one two three four", "one two three\u2026"),
        ("red", "one two three", "one two three"),
        ("red", "one two red four five", "\u2026two [red] four\u2026"),
        ("red", "red two three four", "[red] two three\u2026"),
        ("red", "one two three red", "\u2026two three [red]"),
        ("red", "  (one) two three, four", "  (one) two three,\u2026"),
        ("red", 'one two (red) "four" five', '\u2026two ([red]) "four"\u2026'),
        ("red", "a-red-b-c-d", "a-[red]-b\u2026"),
        ("red blue", "red x x x x blue red x x", "\u2026[blue] [red] x\u2026"),
        ("red blue", "red red red x blue x x", "\u2026[red] x [blue]\u2026"),
        ("red", "one\ntwo\n(red)\nfour\nfive!", "\u2026two\n([red])\nfour\u2026"),
        ("tn2110", "a b c tn-2110 d e", "\u2026[tn-2110] d\u2026"),
        ("tn2110 red", "tn 2110 a tn-2110 red", "\u2026[tn-2110] [red]"),
        ("red tn2110", "red a tn-2110 tn-2110 b", "[red] a [tn]\u2026"),
        ("red", "", ""),
        ("red", "...", "..."),
    ],
)  # fmt: skip
def test_the_snippet_shows_what_matches(query: str, text: str, expected: str) -> None:
    assert snippet(query, text, 3).value == expected


def test_a_match_that_is_longer_than_the_snippet_is_cut() -> None:
    assert snippet("smp615n", "a b SM-P615-N c", 2).value == "\u2026[SM-P615]\u2026"


def test_the_level_is_that_of_what_is_shown() -> None:
    shown = snippet("red blue", "red x x x x blue", 2)
    assert (shown.value, shown.level, shown.matched_words) == (
        "[red] x\u2026",
        Level.PARTIAL,
        ("red",),
    )


def test_a_text_beyond_the_limit_is_not_shown_to_its_end() -> None:
    text = "x " * (MAX_CHARACTERS // 2 - 2) + "red" + " y" * 9
    assert snippet("red", text, 2).value == "\u2026x [red]\u2026"


def test_a_snippet_of_no_words_is_refused() -> None:
    with pytest.raises(ValueError, match="0 words"):
        snippet("red", "red", 0)


@given(
    st.lists(st.sampled_from(["red", "blue", "green", "x", "y"]), min_size=1, max_size=30),
    st.integers(1, 8),
)
def test_no_other_part_of_the_text_has_more_of_the_query(words: list[str], size: int) -> None:
    query = "red blue green"
    shown = snippet(query, " ".join(words), size)
    asked = set(query.split())
    most = max(len(asked & set(words[begin : begin + size])) for begin in range(len(words)))
    assert len(shown.matched_words) == most
    bare = shown.value.replace("[", "").replace("]", "").strip("\u2026").split()
    assert len(bare) == min(size, len(words))
    begins = [n for n in range(len(words)) if words[n : n + len(bare)] == bare]
    assert shown.value.startswith("\u2026") != (0 in begins) or len(begins) > 1
