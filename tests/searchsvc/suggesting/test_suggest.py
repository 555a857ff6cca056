"""Suggestions for what is being typed, of a small shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.livedocuments import compile_suggestions
from searchsvc.livefile import parse
from searchsvc.policy import RankingPolicy
from searchsvc.suggesting.curation import Curation
from searchsvc.suggesting.document import SuggestionsDocument
from searchsvc.suggesting.suggest import SuggestionRequest, Suggestions, suggest

if TYPE_CHECKING:
    from tests.conftest import Build

POLICY = RankingPolicy()


def record(number: int, title: str, brand: str, path: str) -> dict[str, Any]:
    return {
        "id": f"p{number}",
        "title": title,
        "brand": brand,
        "product_type": path,
        "price": f"{number + 1}.00 EUR",
        "image_link": f"https://shop.example/{number}.jpg",
        "description": "never shown",
    }


HEADPHONES = "Audio > Headphones"
HEADSETS = "Audio > Gaming Headsets"
SHOES = "Shoes > Running Shoes"
RECORDS = [
    *(record(n, f"Sony wireless headphones black {n}", "Sony", HEADPHONES) for n in range(4)),
    *(record(n, f"Bose headphones {n}", "Bose", HEADPHONES) for n in range(4, 6)),
    *(record(n, f"gaming headset {n}", "Razer", HEADSETS) for n in range(6, 9)),
    *(record(n, f"red running shoe {n}", "Nike", SHOES) for n in range(9, 14)),
    *(record(n, f"blue toy gun {n}", "Nike", "Toys > Guns") for n in range(14, 16)),
    record(16, "Coffret <b>café</b> & crème", "Maison", "Food"),
    record(17, "USB hub with bluetoth", "Acme", "Computer"),
    *(record(n, f"bluetooth speaker {n}", "Acme", "Audio > Speakers") for n in range(18, 40)),
]


@pytest.fixture
def shop(build: Build, layout: IndexLayout) -> Snapshot:
    build(RECORDS)
    return open_snapshot(layout)


def ask(
    snapshot: Snapshot, text: str, curation: Curation | None = None, **changes: int
) -> Suggestions:
    return suggest(
        SuggestionRequest(text, **changes), snapshot, POLICY, curation or Curation.none()
    )


def texts(found: Suggestions) -> list[str]:
    return [query.text for query in found.queries]


def curated(snapshot: Snapshot, **content: Any) -> Curation:
    return compile_suggestions(parse(SuggestionsDocument, orjson.dumps(content)), snapshot)


def popular(*entries: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"text": text, "count": count} for text, count in entries]


# Completions.


def test_a_beginning_is_completed_at_the_first_word_and_then_at_others(shop: Snapshot) -> None:
    found = texts(ask(shop, "head"))
    assert found[0] == "headphones"
    assert "gaming headset" in found or "Gaming Headsets" in found
    assert all("head" in text.lower() for text in found)


def test_case_and_accents_do_not_matter(shop: Snapshot) -> None:
    assert texts(ask(shop, "CAF")) == texts(ask(shop, "café")) != []
    assert texts(ask(shop, "creme"))


def test_words_may_come_in_another_order(shop: Snapshot) -> None:
    assert "Sony Headphones" in texts(ask(shop, "headphones so"))


def test_the_last_word_is_completed_beside_others_that_products_have_with_it(
    shop: Snapshot,
) -> None:
    (found,) = texts(ask(shop, "black wireless sony he"))[:1]
    assert found.lower().endswith("headphones")
    assert texts(ask(shop, "red he")) == []  # no headphones are red
    assert texts(ask(shop, "the he")) == []  # nothing stands before that says anything


def test_one_thing_is_suggested_once(shop: Snapshot) -> None:
    for text in ("s", "head", "red run", "gaming "):
        terms = [" ".join(shop.analyzer.terms(it)) for it in texts(ask(shop, text))]
        assert len(terms) == len(set(terms))


@pytest.mark.parametrize("text", ["zzz", "--", "x" * 300, "red lamp " * 50, "\x00", "' OR 1=1"])
def test_what_nothing_completes_has_no_completions(shop: Snapshot, text: str) -> None:
    assert ask(shop, text).queries == ()


def test_no_more_is_suggested_than_was_asked_for(shop: Snapshot) -> None:
    found = ask(shop, "s", limit=1, products=1, categories=1, brands=1)
    assert list(map(len, (found.queries, found.products, found.categories, found.brands))) == [
        1, 1, 1, 1,
    ]  # fmt: skip
    found = ask(shop, "s", limit=0, products=0, categories=0, brands=0)
    assert found == Suggestions(None, (), (), (), ())


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(record=st.sampled_from(RECORDS), start=st.integers(0, 3), length=st.integers(0, 14))
def test_whatever_part_of_a_title_is_typed_every_suggestion_finds_a_product(
    shop: Snapshot, record: dict[str, Any], start: int, length: int
) -> None:
    typed = " ".join(record["title"].split()[start:])[:length]
    for query in ask(shop, typed).queries:
        rows = [set(shop.lexical.rows(it).tolist()) for it in shop.analyzer.terms(query.text)]
        assert set.intersection(*rows), query.text


# Typing errors.


@pytest.mark.parametrize(
    ("typed", "corrected", "suggested"),
    [
        ("haedp", "headp", "Headphones"),
        ("gamign head", "gaming head", "gaming headset"),
        ("bluetoth spe", "bluetooth spe", "bluetooth speaker"),
        ("runing shoe", "running shoe", "red running shoe"),
        ("headphonez", "headphones", "Headphones"),
    ],
)
def test_a_typing_error_is_corrected_where_nothing_completes_it(
    shop: Snapshot, typed: str, corrected: str, suggested: str
) -> None:
    found = ask(shop, typed)
    assert found.corrected == corrected
    assert suggested.lower() in [text.lower() for text in texts(found)]
    assert found.products


@pytest.mark.parametrize("typed", ["head", "son", "gun", "acm", "zzz", "x900", "sony x900", "hx"])
def test_what_is_right_or_has_digits_or_is_hopeless_is_not_corrected(
    shop: Snapshot, typed: str
) -> None:
    assert ask(shop, typed).corrected is None


def test_nothing_is_corrected_where_the_policy_forbids_it(shop: Snapshot) -> None:
    policy = RankingPolicy(correct_spelling=False)
    found = suggest(SuggestionRequest("haedp"), shop, policy, Curation.none())
    assert (found.corrected, found.queries) == (None, ())


# Categories, brands and products.


def test_categories_brands_and_products_are_those_of_the_best_completion(shop: Snapshot) -> None:
    found = ask(shop, "headph")
    assert [(it.value, it.count) for it in found.categories] == [(HEADPHONES, 6)]
    assert [(it.value, it.count) for it in found.brands] == [("Sony", 4), ("Bose", 2)]
    assert len(found.products) == 3
    for product in found.products:
        assert "headphones" in product["title"]
        assert set(product) == {"id", "title", "brand", "price", "image_link"}


def test_what_was_typed_in_full_is_what_products_are_shown_for(shop: Snapshot) -> None:
    curation = curated(shop, queries=popular(("sony speaker", 9), ("sony", 1)))
    assert {it.value for it in ask(shop, "sony", curation).brands} == {"Sony"}


def test_without_a_completion_products_are_those_that_begin_like_it(shop: Snapshot) -> None:
    found = ask(shop, "toy gun 1")
    assert {product["id"] for product in found.products} & {"p14", "p15"}


def test_nothing_typed_counts_everything_and_shows_no_product(shop: Snapshot) -> None:
    found = ask(shop, "  ")
    assert (found.queries, found.products) == ((), ())
    assert [(it.value, it.count) for it in found.categories] == [
        ("Audio > Speakers", 22),
        (HEADPHONES, 6),
        (SHOES, 5),
    ]
    assert found.brands[0].value == "Acme"


def test_a_shop_without_categories_has_none(build: Build, layout: IndexLayout) -> None:
    build([{"id": "1", "title": "lamp"}])
    found = ask(open_snapshot(layout), "la")
    assert (texts(found), found.categories, found.brands) == (["lamp"], (), ())


def test_categories_may_be_those_of_google(build: Build, layout: IndexLayout) -> None:
    build([{"id": "1", "title": "lamp", "google_product_category": "Home > Lighting"}])
    found = ask(open_snapshot(layout), "la")
    assert [it.value for it in found.categories] == ["Home > Lighting"]


# What the shop says.


def test_popular_queries_come_first_by_how_often_they_are_asked(shop: Snapshot) -> None:
    curation = curated(
        shop, queries=popular(("headset", 5), ("headphones sony", 70), ("running shoes", 9))
    )
    found = ask(shop, "he", curation)
    assert [(it.text, it.source) for it in found.queries[:2]] == [
        ("headphones sony", "popular"),
        ("headset", "popular"),
    ]
    assert {it.source for it in found.queries[2:]} == {"catalogue"}
    assert texts(ask(shop, "", curation)) == ["headphones sony", "running shoes", "headset"]


def test_a_popular_query_that_finds_nothing_any_more_is_not_suggested(shop: Snapshot) -> None:
    curation = curated(shop, queries=popular(("zeppelin", 90), ("headset", 1)))
    assert texts(ask(shop, "", curation)) == ["headset"]
    assert texts(ask(shop, "ze", curation)) == []


@pytest.mark.parametrize(
    "typed", ["", "g", "gu", "gun", "guns", "toy", "toy g", "blue", "nike", "gnu"]
)
def test_a_blocked_word_is_in_no_suggestion_of_any_kind(shop: Snapshot, typed: str) -> None:
    curation = curated(shop, queries=popular(("toy guns", 90)), blocked=["gun"])
    found = ask(shop, typed, curation, limit=50, products=50, categories=50, brands=50)
    shown = [*texts(found), *(it.value for it in (*found.categories, *found.brands))]
    shown += [product["title"] for product in found.products]
    assert not [text for text in shown if "gun" in text.lower()]
    assert found.corrected != "gun"


def test_a_blocked_phrase_is_blocked_within_longer_ones_only_as_a_whole(shop: Snapshot) -> None:
    curation = curated(shop, blocked=["sony headphones"])
    found = texts(ask(shop, "sony", curation)) + texts(ask(shop, "black sony headph", curation))
    assert found
    assert not [text for text in found if "sony headphones" in text.lower()]


def test_html_in_titles_is_escaped(shop: Snapshot) -> None:
    curation = curated(shop, queries=popular(("<b>café</b> & crème", 9)))
    found = ask(shop, "caf", curation)
    assert found.queries[0].highlighted == (
        "<mark>&lt;b&gt;</mark>caf<mark>é&lt;/b&gt; &amp; crème</mark>"
    )


def test_what_is_computed_is_kept_beside_the_snapshot(shop: Snapshot) -> None:
    curation = curated(shop, queries=popular(("headset", 9)), blocked=["gun"])
    first = ask(shop, "he", curation)
    assert shop.derived.used_bytes > 0
    assert ask(shop, "he", curation) == first


def test_a_language_without_function_words_is_completed_as_well(
    build: Build, layout: IndexLayout
) -> None:
    build(RECORDS, settings=IndexSettings(language="none"))
    assert texts(ask(open_snapshot(layout), "the headph")) == []
    assert texts(ask(open_snapshot(layout), "headph"))
