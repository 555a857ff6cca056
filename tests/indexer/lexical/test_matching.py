"""Matching over several chunks of rows, against sums over whole arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.hits import Matches
from indexer.lexical.bm25 import Bm25Index
from indexer.lexical.builder import Bm25Builder, FieldTerms
from indexer.lexical.clause import Alternative, Clause, plain_clauses
from indexer.lexical.merging import merge_postings
from indexer.lexical.postings import CHUNK_ROWS
from indexer.settings import LexicalSettings

PRODUCTS = 2 * CHUNK_ROWS + 4_000
SHARES = {"usual": 0.7, "often": 0.3, "some": 0.02, "few": 0.001, "last": 0.0}
SETTINGS = LexicalSettings(weights={"title": 1.0}, k1=1.2, b=0.0)
STEP = 2.2 / 131_070

Held = dict[str, NDArray[np.bool_]]


@pytest.fixture(scope="module")
def held() -> Held:
    """Which products have which word; the last word is in the last chunk alone."""
    rng = np.random.default_rng(3)
    drawn = {word: rng.random(PRODUCTS) < share for word, share in SHARES.items()}
    drawn["last"][[-1, -700, -2_000]] = True
    return drawn


@pytest.fixture(scope="module")
def path(held: Held, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("chunks") / "lexical.safetensors"
    build(held, target)
    return target


def build(held: Held, target: Path) -> None:
    builder = Bm25Builder(SETTINGS)
    words = list(held)
    for having in np.stack(list(held.values()), axis=1).tolist():
        chosen = [word for word, has in zip(words, having, strict=True) if has]
        builder.add({"title": FieldTerms(chosen)})
    builder.write(target)


def expected(held: Held, clauses: list[Clause], coverage: float) -> Matches:
    """With tf 1 everywhere a term's impact is its idf."""
    products = len(next(iter(held.values())))

    def idf(count: int) -> float:
        return float(np.log1p((products - count + 0.5) / (count + 0.5)))

    scores, covered, asked = np.zeros(products), np.zeros(products), 0.0
    for clause in clauses:
        ways = [np.all([held[term] for term in way.terms], axis=0) for way in clause.alternatives]
        having = np.any(ways, axis=0)
        best = np.zeros(products)
        for way, rows in zip(clause.alternatives, ways, strict=True):
            own = sum(idf(int(held[term].sum())) for term in way.terms)
            together = own if len(ways) == 1 else idf(int(having.sum()))
            best = np.maximum(best, rows * way.weight * together)
        scores += best * clause.importance
        if not clause.optional:
            covered += having * idf(int(having.sum()))
            asked += idf(int(having.sum()))
    rows = np.flatnonzero((covered > 0) & (covered >= coverage * covered.max() * (1 - 1e-6)))
    return Matches(
        rows, scores[rows].astype(np.float32), (covered[rows] / asked).astype(np.float32), 0.0
    )


def either(*terms: str) -> Clause:
    return Clause(
        tuple(Alternative((term,), 0.5 + 0.1 * place) for place, term in enumerate(terms))
    )


QUESTIONS = [
    plain_clauses(["usual"]),
    plain_clauses(["last"]),
    plain_clauses(["few", "usual"]),
    plain_clauses(["some", "often", "usual"]),
    plain_clauses(["last", "some", "usual"]),
    [either("often", "some"), *plain_clauses(["few"])],
    [either("usual", "often"), *plain_clauses(["last", "few"])],
    [Clause((Alternative(("usual", "often")), Alternative(("few",), 0.8)))],
    [Clause((Alternative(("few", "usual")),)), *plain_clauses(["often"])],
    [*plain_clauses(["some"]), Clause((Alternative(("usual",)),), 0.3, optional=True)],
    [*plain_clauses(["few", "often"]), Clause((Alternative(("some", "usual")),), optional=True)],
    [Clause((Alternative(("often",)),)), Clause((Alternative(("usual", "some")),), 0.5)],
]


@pytest.mark.parametrize("coverage", [0.0, 0.4, 0.8, 1.0])
@pytest.mark.parametrize("question", QUESTIONS)
def test_what_matches_in_all_chunks_is_what_sums_over_all_products_say(
    held: Held, path: Path, question: list[Clause], coverage: float
) -> None:
    found = Bm25Index(path).match(question, coverage=coverage)
    wanted = expected(held, question, coverage)
    np.testing.assert_array_equal(found.rows, wanted.rows)
    np.testing.assert_allclose(found.scores, wanted.scores, rtol=1e-5, atol=40 * STEP)
    np.testing.assert_allclose(found.coverage, wanted.coverage, rtol=1e-5)
    assert found.scores.max() <= found.ceiling * (1 + 1e-6)


def test_products_with_the_same_words_score_the_same_in_every_chunk(
    held: Held, path: Path
) -> None:
    question = plain_clauses(["some", "often", "usual", "few"])
    for coverage in (0.0, 0.4, 1.0):
        found = Bm25Index(path).match(question, coverage=coverage)
        kinds = np.stack([held[word][found.rows] for word in SHARES], axis=1)
        for kind in np.unique(kinds, axis=0):
            alike = (kinds == kind).all(axis=1)
            assert len(np.unique(found.scores[alike])) == 1
            assert len(np.unique(found.coverage[alike])) == 1


def test_one_scratch_serves_one_question_after_the_other(path: Path) -> None:
    index = Bm25Index(path)
    for question in QUESTIONS:
        for coverage in (0.0, 0.5, 1.0):
            again = index.match(question, coverage=coverage)
            fresh = Bm25Index(path).match(question, coverage=coverage)
            np.testing.assert_array_equal(again.rows, fresh.rows)
            np.testing.assert_array_equal(again.scores, fresh.scores)


def test_rows_that_move_to_other_chunks_are_found_there(
    held: Held, path: Path, tmp_path: Path
) -> None:
    gone = np.zeros(PRODUCTS, np.bool_)
    gone[CHUNK_ROWS - 3_000 : CHUNK_ROWS + 3_000] = True
    gone[::1_000] = True
    kept = np.flatnonzero(~gone)
    # New products with the words of old ones stand before, among and behind those that stay.
    added = np.array([0, 1, 50_000, CHUNK_ROWS + 5, len(kept) + 4])
    rows = np.setdiff1d(np.arange(len(kept) + len(added)), added)
    moved = np.full(PRODUCTS, -1, np.int32)
    moved[kept] = rows
    order = np.empty(len(rows) + len(added), np.int64)
    order[rows], order[added] = kept, np.arange(len(added)) * 999
    after = {word: having[order] for word, having in held.items()}
    builder = Bm25Builder(SETTINGS)
    for row in added:
        builder.add({"title": FieldTerms([word for word in SHARES if after[word][row]])})
    merged, whole = tmp_path / "merged.safetensors", tmp_path / "whole.safetensors"
    merge_postings(path, merged, moved, builder, added.astype(np.int32))
    build(after, whole)
    for word, having in after.items():
        assert Bm25Index(merged).rows(word).tolist() == np.flatnonzero(having).tolist()
    averages = 8  # bytes at the end, which stay those of the first build
    assert abs(merged.stat().st_size - whole.stat().st_size) <= averages
