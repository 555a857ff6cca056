"""Both lexical indexes answer alike: the postings are compared with rank-bm25."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from indexer.lexical.bm25 import Bm25Index
from indexer.lexical.builder import Bm25Builder, FieldTerms
from indexer.lexical.clause import Alternative, Clause, plain_clauses
from indexer.lexical.okapi import OkapiIndex
from indexer.settings import LexicalSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.lexical.protocol import LexicalIndex

_MOST_IDF = 3.6
"""ln((25 - 1 + 0.5) / 1.5), and what a few more alternatives to a rare one may make of it."""
_words = st.sampled_from("red green blue shoe boot jacket warm dry ñandú 17 tn2110".split())  # noqa: SIM905 - reads better
_documents = st.lists(st.lists(_words, max_size=12), min_size=1, max_size=25).filter(any)
_queries = st.lists(_words | st.just("unknown"), max_size=6)
_alternatives = st.builds(
    Alternative,
    st.lists(_words | st.just("unknown"), min_size=1, max_size=3).map(tuple),
    st.floats(0.05, 1),
)
_clauses = st.lists(
    st.builds(
        Clause,
        st.lists(_alternatives, min_size=1, max_size=4).map(tuple),
        st.floats(0.1, 2),
        st.booleans(),
    ),
    max_size=5,
)


def postings(
    documents: Sequence[Sequence[str]], path: Path, *, k1: float = 1.5, b: float = 0.75
) -> Bm25Index:
    builder = Bm25Builder(LexicalSettings(weights={"title": 1.0}, k1=k1, b=b, idf="okapi"))
    for document in documents:
        builder.add({"title": FieldTerms(document)})
    builder.write(path)
    return Bm25Index(path)


def tolerance(clauses: Sequence[Clause], k1: float = 1.5) -> float:
    """What the postings' rounding may add up to: half a step for each term, times its idf.

    Alternatives that are weighed as if they were rarer are allowed as much more.
    """
    terms = sum(
        way.weight * clause.importance for clause in clauses for way in clause.alternatives
    ) * max((len(way.terms) for it in clauses for way in it.alternatives), default=0)
    return terms * _MOST_IDF * (k1 + 1) / 131_070 + 1e-5


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lexical") / "lexical.safetensors"


# At 1, rank-bm25 divides by the length of an empty product.
@given(_documents, _queries, st.floats(0.1, 3), st.floats(0, 0.999))
def test_scores_equal_those_of_rank_bm25(
    path: Path, documents: list[list[str]], query: list[str], k1: float, b: float
) -> None:
    clauses = plain_clauses(query)
    matches = postings(documents, path, k1=k1, b=b).match(clauses)
    expected = BM25Okapi(documents, k1=k1, b=b).get_scores(query)
    np.testing.assert_allclose(
        matches.scores, expected[matches.rows], rtol=1e-4, atol=tolerance(clauses, k1)
    )


@given(_documents, _queries, st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]))
def test_both_indexes_match_the_same_products_with_the_same_scores(
    path: Path, documents: list[list[str]], query: list[str], coverage: float
) -> None:
    indexes: list[LexicalIndex] = [postings(documents, path), OkapiIndex(documents)]
    asked = plain_clauses(query)
    ours, reference = (index.match(asked, coverage=coverage) for index in indexes)
    np.testing.assert_array_equal(ours.rows, reference.rows)
    np.testing.assert_allclose(ours.scores, reference.scores, rtol=1e-4, atol=tolerance(asked))


@given(_documents, _queries)
def test_the_match_set_is_every_product_with_a_word_of_the_query(
    path: Path, documents: list[list[str]], query: list[str]
) -> None:
    expected = [row for row, words in enumerate(documents) if set(words) & set(query)]
    for index in (postings(documents, path), OkapiIndex(documents)):
        assert index.match(plain_clauses(query)).rows.tolist() == expected


@given(_documents, _queries)
@settings(max_examples=30)
def test_full_coverage_asks_for_every_word_once_some_product_has_them_all(
    path: Path, documents: list[list[str]], query: list[str]
) -> None:
    known = set(query) & {word for document in documents for word in document}
    expected = [row for row, words in enumerate(documents) if known and known <= set(words)]
    found = postings(documents, path).match(plain_clauses(query), coverage=1.0).rows.tolist()
    if expected:
        assert found == expected
    else:
        assert bool(found) == bool(known)


@given(_documents, st.lists(_queries, min_size=1, max_size=5))
@settings(max_examples=30)
def test_an_earlier_query_leaves_no_trace(
    path: Path, documents: list[list[str]], queries: list[list[str]]
) -> None:
    index = postings(documents, path)
    for query in queries:
        fresh = postings(documents, path).match(plain_clauses(query), coverage=0.5)
        again = index.match(plain_clauses(query), coverage=0.5)
        np.testing.assert_array_equal(again.rows, fresh.rows)
        np.testing.assert_array_equal(again.scores, fresh.scores)


@given(_documents, _clauses, st.sampled_from([0.0, 0.4, 0.7, 1.0]))
@settings(max_examples=200)
def test_both_indexes_take_clauses_alike(
    path: Path, documents: list[list[str]], clauses: list[Clause], coverage: float
) -> None:
    indexes: list[LexicalIndex] = [postings(documents, path), OkapiIndex(documents)]
    ours, reference = (index.match(clauses, coverage=coverage) for index in indexes)
    np.testing.assert_array_equal(ours.rows, reference.rows)
    np.testing.assert_allclose(ours.scores, reference.scores, rtol=1e-4, atol=tolerance(clauses))
    np.testing.assert_allclose(ours.coverage, reference.coverage, rtol=1e-5)


@given(_documents, _clauses)
@settings(max_examples=40)
def test_no_score_is_above_the_ceiling_and_no_coverage_outside_its_bounds(
    path: Path, documents: list[list[str]], clauses: list[Clause]
) -> None:
    for index in (postings(documents, path), OkapiIndex(documents)):
        matches = index.match(clauses)
        assert (matches.scores <= matches.ceiling + 1e-4).all()
        assert ((matches.coverage >= 0) & (matches.coverage <= 1)).all()
        assert (np.diff(matches.rows) > 0).all()


@given(_documents, _clauses)
@settings(max_examples=40)
def test_a_product_matches_by_all_terms_of_an_alternative_of_what_is_asked(
    path: Path, documents: list[list[str]], clauses: list[Clause]
) -> None:
    asked = [clause for clause in clauses if not clause.optional] or clauses
    expected = [
        row
        for row, document in enumerate(documents)
        if any(set(way.terms) <= set(document) for clause in asked for way in clause.alternatives)
    ]
    for index in (postings(documents, path), OkapiIndex(documents)):
        assert index.match(clauses).rows.tolist() == expected


@given(_documents, _words)
@settings(max_examples=40)
def test_the_rows_of_a_term_are_those_that_have_it(
    path: Path, documents: list[list[str]], term: str
) -> None:
    expected = [row for row, document in enumerate(documents) if term in document]
    for index in (postings(documents, path), OkapiIndex(documents)):
        rows = index.rows(term)
        assert rows.dtype == np.int32
        assert rows.tolist() == expected
        assert index.count(term) == len(expected)


def clause(*terms: str, optional: bool = False, importance: float = 1.0) -> Clause:
    return Clause((Alternative(terms),), importance, optional)


_TITLES = [["the", "boys"], ["the", "lamp"], ["red", "lamp"], ["hat"], ["boot"], ["jacket"]]


@pytest.fixture(params=["postings", "okapi"])
def titles(request: pytest.FixtureRequest, tmp_path: Path) -> LexicalIndex:
    return (
        postings(_TITLES, tmp_path / "l") if request.param == "postings" else OkapiIndex(_TITLES)
    )


def test_function_words_beside_an_unknown_word_match_nothing(titles: LexicalIndex) -> None:
    assert not len(titles.match([clause("the", optional=True), clause("girls")]))


def test_function_words_alone_are_what_is_asked_for(titles: LexicalIndex) -> None:
    matches = titles.match([clause("the", optional=True), clause("who", optional=True)])
    assert matches.rows.tolist() == [0, 1]
    assert matches.coverage.tolist() == [1.0, 1.0]


def test_function_words_tell_products_apart_that_match_anyway(titles: LexicalIndex) -> None:
    matches = titles.match([clause("the", optional=True, importance=0.1), clause("lamp")])
    assert matches.rows.tolist() == [1, 2]
    assert matches.scores[0] != matches.scores[1]
    assert matches.coverage.tolist() == [1.0, 1.0]


def test_a_query_without_clauses_matches_nothing(titles: LexicalIndex) -> None:
    assert not len(titles.match([]))


def test_a_word_that_no_product_has_is_covered_by_none_and_keeps_the_ceiling_high(
    path: Path,
) -> None:
    documents = [["washing", "bag"], ["phone"], ["phone", "case"]]
    for index in (postings(documents, path), OkapiIndex(documents)):
        alone = index.match(plain_clauses(["washing"]))
        both = index.match(plain_clauses(["washing", "machine"]))
        assert alone.coverage.tolist() == [1.0]
        assert both.rows.tolist() == alone.rows.tolist() == [0]
        assert both.coverage[0] < 0.5
        assert both.ceiling > 1.5 * alone.ceiling


def test_a_guess_keeps_its_penalty_where_nothing_was_typed_right(path: Path) -> None:
    documents = [["mouse"], ["keyboard"]]
    guess = [Clause((Alternative(("mose",)), Alternative(("mouse",), 0.5)))]
    for index in (postings(documents, path), OkapiIndex(documents)):
        sure = index.match(plain_clauses(["mouse"]))
        found = index.match(guess)
        assert sure.scores[0] == pytest.approx(sure.ceiling)
        assert found.scores[0] == pytest.approx(found.ceiling / 2)


@given(_documents, st.lists(_words | st.just("unknown"), max_size=4))
def test_rows_in_common_are_those_of_documents_with_all_of_the_terms(
    path: Path, documents: list[list[str]], terms: list[str]
) -> None:
    holding = [row for row, it in enumerate(documents) if terms and set(terms) <= set(it)]
    for index in (OkapiIndex(documents), postings(documents, path)):
        assert index.together(terms) == len(holding)
        assert index.together(terms, 2) == min(2, len(holding))
        for term in terms:
            some = np.arange(0, len(documents), 2, dtype=np.int32)
            expected = [row for row in some.tolist() if term in documents[row]]
            assert index.among(some, term).tolist() == expected


def test_rows_in_common_are_found_in_every_chunk(path: Path) -> None:
    rng = np.random.default_rng(3)
    has = rng.random((3, 200_000)) < np.array([[0.001], [0.4], [0.02]])
    has[1, 65_536:131_072] = False  # a chunk without any
    names = np.array(["rare", "usual", "other"])
    index = postings([names[column].tolist() for column in has.T], path)
    assert index.together(names) == has.all(axis=0).sum()
    assert index.together(["usual", "rare"]) == (has[0] & has[1]).sum() > 40
    assert index.together(["usual", "rare"], 40) == 40
    rows = np.flatnonzero(has[2]).astype(np.int32)
    assert index.among(rows, "usual").tolist() == np.flatnonzero(has[2] & has[1]).tolist()
