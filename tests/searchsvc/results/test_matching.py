"""Where in a text a query matches, whatever was read before it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.analyzer import Analyzer
from indexer.analysis.text import caseless
from indexer.analysis.words import split_words
from indexer.lexical.clause import Alternative, Clause
from searchsvc.query.understanding import Understanding
from searchsvc.results.matching import Matching

ENGLISH, GERMAN = Analyzer("english"), Analyzer("german")
_TEXTS = st.text("ab1 2-/.,_'&\t#é", max_size=40) | st.text("ab1 2-/.,_'&\t#é", min_size=65)


def matching(analyzer: Analyzer, *terms: str) -> Matching:
    clauses = tuple(Clause((Alternative((term,)),)) for term in terms)
    return Matching(Understanding(clauses, " ".join(terms), words=terms), analyzer)


def found(text: str, reader: Matching, *, is_name: bool) -> list[str]:
    occurrences = reader.read(text, is_name=is_name).occurrences
    return [caseless(text)[it.begin : it.end] for it in occurrences]


@given(_TEXTS, st.booleans())
def test_every_term_of_a_text_is_found_where_it_stands(text: str, is_name: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    words = split_words(caseless(text))
    terms = [*ENGLISH.stems(words.texts), *ENGLISH.joined(words, is_name=is_name)]
    for term in set(terms):
        assert found(text, matching(ENGLISH, term), is_name=is_name)


@given(_TEXTS, st.booleans())
def test_nothing_is_found_that_the_index_does_not_have(text: str, is_name: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    words = split_words(caseless(text))
    known = {
        *ENGLISH.stems(words.texts),
        *ENGLISH.unaccented(words.texts),
        *ENGLISH.joined(words, is_name=is_name),
        *(ENGLISH.neighbours(words) if is_name else ()),
    }
    for term in ("a", "b", "ab", "aa", "1", "12", "a1", "abab"):
        if term not in known:
            assert not found(text, matching(ENGLISH, term), is_name=is_name)


def test_words_are_one_only_where_nothing_parts_them() -> None:
    wanted = matching(ENGLISH, "headset")
    assert found("Head set", wanted, is_name=True) == ["head set"]
    assert found("head-set", wanted, is_name=False) == ["head-set"]
    assert found("Head set", wanted, is_name=False) == []
    assert found("Head, set", wanted, is_name=True) == []


def test_a_text_that_was_read_in_one_language_is_read_anew_in_another() -> None:
    for analyzer in (ENGLISH, GERMAN, ENGLISH):
        (term,) = analyzer.terms("lampen")
        assert found("Lampen", matching(analyzer, term), is_name=True) == ["lampen"]
    assert ENGLISH.terms("lampen") != GERMAN.terms("lampen")
