import math
import threading
from pathlib import Path

import numpy as np
import pytest

from indexer.lexical.bm25 import Bm25Index
from indexer.lexical.builder import Bm25Builder, FieldTerms
from indexer.lexical.clause import Alternative, Clause, plain_clauses
from indexer.lexical.okapi import OkapiIndex
from indexer.lexical.weighting import inverse_document_frequency
from indexer.settings import LexicalSettings


def built(path: Path, settings: LexicalSettings, *rows: dict[str, list[str]]) -> Bm25Index:
    builder = Bm25Builder(settings)
    for row in rows:
        builder.add({field: FieldTerms(terms) for field, terms in row.items()})
    builder.write(path)
    return Bm25Index(path)


def test_weighted_fields_follow_the_formula(tmp_path: Path) -> None:
    settings = LexicalSettings(weights={"title": 3.0, "description": 0.5}, k1=1.2, b=0.75)
    rows = (
        {"title": ["red", "shoe"], "description": ["a", "red", "red", "thing"]},
        {"title": ["blue", "hat", "big", "round"], "description": ["red", "one"]},
    )
    matches = built(tmp_path / "l", settings, *rows).match(plain_clauses(["red"]))
    idf = math.log1p((2 - 2 + 0.5) / (2 + 0.5))
    first = 3.0 * 1 / (0.25 + 0.75 * 2 / 3) + 0.5 * 2 / (0.25 + 0.75 * 4 / 3)
    second = 0.5 * 1 / (0.25 + 0.75 * 2 / 3)
    expected = [idf * tf * 2.2 / (tf + 1.2) for tf in (first, second)]
    np.testing.assert_allclose(matches.scores, expected, atol=idf * 2.2 / 131_070, rtol=1e-6)


def test_lucene_idf_is_positive_even_for_a_word_in_every_product() -> None:
    counts = np.array([1, 5, 10])
    assert (inverse_document_frequency(counts, 10, "lucene") > 0).all()


def test_a_field_without_weight_is_not_searched(tmp_path: Path) -> None:
    settings = LexicalSettings(weights={"title": 1.0})
    index = built(tmp_path / "l", settings, {"title": ["hat"], "description": ["red"]})
    assert len(index.match(plain_clauses(["red"]))) == 0
    assert len(index.match(plain_clauses(["hat"]))) == 1


def test_the_order_in_which_words_first_occur_does_not_change_the_file(tmp_path: Path) -> None:
    settings = LexicalSettings(weights={"title": 1.0})
    built(tmp_path / "one", settings, {"title": ["b", "a"]}, {"title": ["ä", "a"]})
    built(tmp_path / "two", settings, {"title": ["a", "b"]}, {"title": ["a", "ä"]})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_threads_share_an_index(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = [f"w{number}" for number in range(50)]
    rows = [{"title": list(rng.choice(words, 8))} for _ in range(400)]
    index = built(tmp_path / "l", LexicalSettings(weights={"title": 1.0}), *rows)
    queries = [list(rng.choice(words, 3)) for _ in range(100)]
    expected = [index.match(plain_clauses(query), coverage=0.5) for query in queries]
    wrong = []

    def work() -> None:
        for query, answer in zip(queries, expected, strict=True):
            found = index.match(plain_clauses(query), coverage=0.5)
            if not np.array_equal(found.rows, answer.rows) or not np.array_equal(
                found.scores, answer.scores
            ):
                wrong.append(query)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_rank_bm25_refuses_a_catalogue_without_words() -> None:
    with pytest.raises(ValueError, match="at least one term"):
        OkapiIndex([[], []])


def test_joined_forms_are_found_without_making_a_field_longer(tmp_path: Path) -> None:
    settings = LexicalSettings(weights={"title": 1.0}, k1=1.2, b=0.75)
    tf = 1 / (0.25 + 0.75 * 2 / 1.5)  # two words, one and a half on average
    for extra in ((), ("tshirt",)):
        builder = Bm25Builder(settings)
        builder.add({"title": FieldTerms(["t", "shirt"], extra=extra)})
        builder.add({"title": FieldTerms(["hat"])})
        builder.write(tmp_path / "l")
        index = Bm25Index(tmp_path / "l")
        assert ("tshirt" in index) == bool(extra)
        scores = index.match(plain_clauses(["shirt"])).scores
        expected = math.log(2) * tf * 2.2 / (tf + 1.2)
        step = math.log(2) * 2.2 / 65_535
        np.testing.assert_allclose(scores, expected, atol=step / 2, rtol=1e-6)


def test_an_unproven_form_counts_where_some_product_proves_it(tmp_path: Path) -> None:
    builder = Bm25Builder(LexicalSettings(weights={"title": 1.0}))
    builder.add({"title": FieldTerms(["head", "set"], unproven=["headset"])})
    builder.add({"title": FieldTerms(["big", "hat"], unproven=["bighat"])})
    builder.add({"title": FieldTerms(["headset"])})
    builder.write(tmp_path / "l")
    index = Bm25Index(tmp_path / "l")
    assert index.rows("headset").tolist() == [0, 2]
    assert "bighat" not in index
    assert index.rows("bighat").tolist() == []


def test_a_ceiling_is_what_no_product_exceeds_even_with_negative_impacts(tmp_path: Path) -> None:
    # "red" is in most products, so that okapi's idf makes it count against them.
    settings = LexicalSettings(weights={"title": 1.0}, idf="okapi")
    titles = [["red"], ["red", "hat"], ["hat", "red"], ["red", "hat"], ["hat"]]
    index = built(tmp_path / "l", settings, *({"title": title} for title in titles))
    matches = index.match(plain_clauses(["red", "hat"]))
    assert matches.scores.min() < 0
    assert matches.scores.max() <= matches.ceiling


def test_a_product_without_text_disturbs_nothing_whatever_length_counts(tmp_path: Path) -> None:
    settings = LexicalSettings(weights={"title": 1.0}, b=1.0)
    index = built(tmp_path / "l", settings, {"title": ["red", "hat"]}, {"title": []})
    assert index.match(plain_clauses(["hat"])).rows.tolist() == [0]
    assert np.isfinite(index.match(plain_clauses(["hat"])).ceiling)


def test_full_coverage_looks_up_few_rows_in_many_and_finds_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    often = ("often", "usual", "common")
    rows = [
        {"title": [word for word in often if rng.random() < 0.8] + ["rare"] * (number % 17 == 3)}
        for number in range(300)
    ]
    index = built(tmp_path / "l", LexicalSettings(weights={"title": 1.0}), *rows)
    either = Clause(
        (Alternative(("common",)), Alternative(("usual",), weight=0.5)), importance=0.7
    )
    for clauses in (
        plain_clauses(["often"]),
        plain_clauses(["rare", "often"]),
        [
            *plain_clauses(["often", "rare", "usual"]),
            Clause((Alternative(("common",)),), optional=True),
        ],
        [either, *plain_clauses(["rare"])],
        [Clause((Alternative(("rare",)), Alternative(("often", "common"), weight=0.9))), either],
        plain_clauses(["rare", "absent"]),
    ):
        found = index.match(clauses, coverage=1.0)
        added_up = index.match(clauses, coverage=0.99999)
        assert len(found)
        assert found.rows.tolist() == added_up.rows.tolist()
        np.testing.assert_allclose(found.scores, added_up.scores, rtol=1e-5)
        np.testing.assert_allclose(found.coverage, added_up.coverage, rtol=1e-5)
        assert found.ceiling == pytest.approx(added_up.ceiling)
