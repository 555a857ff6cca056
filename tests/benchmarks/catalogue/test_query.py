from __future__ import annotations

import re
from collections import Counter

import pytest

from benchmarks.catalogue.judgment import candidate
from benchmarks.catalogue.query import QUERIES_PER_CLASS, make_queries
from benchmarks.catalogue.record import iter_variants
from benchmarks.catalogue.vocabulary import load_vocabulary

VARIANTS = list(iter_variants(3_000, 5))
RECORDS = {variant.record["id"]: variant.record for variant in VARIANTS}
QUERIES = make_queries(VARIANTS, 5)


def _of(query_class: str) -> list[tuple[str, dict[str, int]]]:
    return [(q.text, dict(q.labels)) for q in QUERIES if q.query_class == query_class]


def _best(labels: dict[str, int]) -> list[str]:
    return [product_id for product_id, label in labels.items() if label == 3]


def test_there_are_about_120_distinct_queries_of_six_classes() -> None:
    assert Counter(q.query_class for q in QUERIES) == QUERIES_PER_CLASS
    assert 110 <= len(QUERIES) <= 130
    assert len({q.id for q in QUERIES}) == len(QUERIES)
    assert len({(q.query_class, q.text) for q in QUERIES}) == len(QUERIES)


def test_every_query_has_a_perfect_answer_in_the_catalogue() -> None:
    for query in QUERIES:
        assert _best(dict(query.labels)), query.text
        assert set(query.labels) <= RECORDS.keys()
        assert set(query.labels.values()) <= {0, 1, 2, 3}


def test_the_queries_are_the_same_each_time() -> None:
    assert make_queries(VARIANTS, 5) == QUERIES


def test_irrelevant_products_named_share_a_word_with_the_query() -> None:
    zeros = 0
    for query in QUERIES:
        for product_id, label in query.labels.items():
            if label == 0:
                zeros += 1
                title = RECORDS[product_id]["title"].lower().replace(",", " ")
                assert set(query.text.split()) & set(title.split())
    assert zeros > 500


def test_a_name_is_spelled_with_words_of_its_best_answers() -> None:
    for text, labels in _of("name"):
        titles = " ".join(RECORDS[product_id]["title"] for product_id in _best(labels)).lower()
        assert all(word in titles for word in text.split()), text


def test_descriptive_words_are_missing_from_the_titles_of_most_best_answers() -> None:
    nouns = {noun.lower() for kind in load_vocabulary() for noun in (kind.name, *kind.nouns)}
    for text, labels in _of("descriptive"):
        noun = max((noun for noun in nouns if noun in text), key=len)
        asked = set(re.findall(r"[a-z]{4,}", text.replace(noun, "")))
        assert asked
        titles = [set(re.findall(r"[a-z]+", RECORDS[i]["title"].lower())) for i in _best(labels)]
        complete = sum(asked <= words for words in titles)
        assert complete <= len(titles) / 4, text


def test_a_brand_query_is_best_answered_by_that_brand() -> None:
    for text, labels in _of("brand"):
        assert all(
            text.startswith(RECORDS[product_id]["brand"].lower()) for product_id in _best(labels)
        )


def test_an_identifier_names_one_product_or_one_group() -> None:
    for text, labels in _of("identifier"):
        best = [RECORDS[product_id] for product_id in _best(labels)]
        assert len({record.get("item_group_id", record["id"]) for record in best}) == 1
        plain = text.upper().replace(" ", "-")
        for record in best:
            numbers = {record["gtin"], record["mpn"], record["attributes"]["model_number"]}
            assert plain in numbers


def test_attributes_in_combination_are_all_true_of_the_best_answers() -> None:
    facts = {variant.record["id"]: candidate(variant).facts for variant in VARIANTS}
    families = {colour.family for kind in load_vocabulary() for colour in kind.colours}
    for text, labels in _of("attribute-combination"):
        first = text.split()[0]
        if first in families:
            assert {facts[product_id]["colour_family"] for product_id in _best(labels)} == {first}
        for whom in ("men", "women", "kids"):
            if text.endswith(f" {whom}"):
                audiences = {facts[product_id]["audience"] for product_id in _best(labels)}
                assert audiences <= {whom, "unisex"}


def test_a_misspelt_query_has_a_word_that_no_title_has() -> None:
    words = {word for record in RECORDS.values() for word in record["title"].lower().split()}
    for text, _ in _of("typo"):
        assert set(text.split()) - words, text


@pytest.mark.parametrize("products", [0, 3])
def test_a_catalogue_too_small_for_the_queries_is_refused(products: int) -> None:
    with pytest.raises(ValueError, match=f"{products} products give only"):
        make_queries(VARIANTS[:products], 5)
