"""The storefront page, driven in headless Chromium against the running service."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import searchsvc
from indexer.currencies import DECIMALS
from tests.browser.checks import OVERFLOW, PHONE, has_focus_ring, media, phone, violations

if TYPE_CHECKING:
    from selenium.webdriver.remote.webelement import WebElement

    from tests.browser.conftest import Site, Storefront

pytestmark = pytest.mark.browser

PACKAGE = Path(searchsvc.__file__).parent
SOURCES = PACKAGE / "storefront"
BUILT = PACKAGE / "http" / "web"
PAGE = 24


def _title(hit: dict[str, Any]) -> str:
    title: str = hit["title"]
    return title


def _first_titles(page: Storefront, **parameters: object) -> list[str]:
    return [_title(hit) for hit in page.site.ask(**parameters)["hits"]]


def _value(page: Storefront, text: str) -> WebElement:
    """The line of a facet's value."""
    (line,) = (one for one in page.all(".values label, .least") if text in one.text)
    return line


def _count(line: WebElement) -> int:
    return int(line.find_element(By.CSS_SELECTOR, ".count").text.replace(",", ""))


def _choose(page: Storefront, field: str, option: str) -> None:
    for one in page.all(f"{field} option"):
        if one.text == option:
            one.click()
            return
    pytest.fail(f"no option {option} in {field}")


def _prices(page: Storefront) -> list[float]:
    texts = page.texts(".card .price")
    return [float(re.findall(r"[\d,.]+", text)[0].replace(",", "")) for text in texts]


# What is found


def test_the_first_products_are_shown_before_anything_is_typed(page: Storefront) -> None:
    page.open()
    assert page.titles() == _first_titles(page, query="")
    assert page.total() == page.site.ask()["nbHits"]
    assert re.fullmatch(r"\d+ products in (\d+|under 1) ms", page.part("count").text)


def test_typing_shows_what_the_service_finds_without_pressing_enter(page: Storefront) -> None:
    page.open()
    page.box.send_keys("reading lamp")
    page.await_answer("reading lamp")
    assert page.titles() == _first_titles(page, query="reading lamp")
    assert page.titles()[0] == "Reading Lamp Brass"
    marked = page.texts(".card:first-child .title mark")
    assert " ".join(marked) == "Reading Lamp"


def test_variants_are_one_card_that_previews_each(page: Storefront) -> None:
    page.open("?q=pier+shirt", query="pier shirt")
    assert [title for title in page.titles() if "Pier Shirt" in title] == ["Pier Shirt Red"]
    card = page.one(".card:has(.variants)")
    assert card.find_element(By.CSS_SELECTOR, ".more").text == "+2 variants"
    blue = card.find_element(By.CSS_SELECTOR, "[aria-label='Show Blue']")
    blue.click()
    page.await_that(lambda: blue.get_attribute("aria-pressed") == "true")
    assert card.find_element(By.CSS_SELECTOR, ".title").text == "Pier Shirt Blue"
    assert page.script(
        "return arguments[0].querySelector(':scope > .picture img').src", card
    ).endswith("?Blue")


def test_prices_stand_in_line_beside_cards_with_variants(page: Storefront) -> None:
    page.open("?q=quayside", query="quayside")
    places = page.script(
        "const top = (e) => Math.round(e.getBoundingClientRect().top);"
        "return [...document.querySelectorAll('.card')].map((card) =>"
        " [top(card), top(card.querySelector('.price')), card.matches(':has(.variants)')])"
    )
    row = [place for place in places if place[0] == places[0][0]]
    assert {variants for _, _, variants in row} == {True, False}
    assert len({price for _, price, _ in row}) == 1


def test_the_pages_show_every_product_once(page: Storefront) -> None:
    page.open()
    total = page.site.ask()["nbHits"]
    seen, number = page.titles(), 1
    while len(seen) < total:
        page.one("[aria-label='Next Page']").click()
        number += 1
        page.await_address(f"page={number}")
        seen += page.titles()
    assert len(seen) == total == len(set(seen))
    assert page.script("return scrollY") == 0


def test_nothing_found_offers_ways_on(page: Storefront) -> None:
    page.open("?q=jacket&in.effective_price=1:2", query="jacket")
    assert "Nothing found for “jacket”" in page.one(".empty").text
    without = page.site.ask(query="jacket")["nbHits"]
    page.one(".empty .strong").click()
    page.await_total(without)
    page.await_that(lambda: "effective_price" not in page.browser.current_url)


def test_a_query_that_matches_nothing_is_answered_by_meaning_and_says_so(page: Storefront) -> None:
    answer = page.site.ask(query="zzzyyy")
    assert answer["extensions"]["searchsvc"]["relaxed"]["kind"] == "meaning"
    page.open("?q=zzzyyy", query="zzzyyy")
    assert page.part("understood").text.startswith("No product has these words")
    assert page.total() == answer["nbHits"]


# Narrowing and ordering


def test_a_value_narrows_to_as_many_products_as_it_said(page: Storefront) -> None:
    page.open("?q=jacket", query="jacket")
    before = page.total()
    promised = _count(_value(page, "Quayside"))
    assert 0 < promised < before
    _value(page, "Quayside").click()
    page.await_total(promised)
    assert set(page.texts(".card .maker")) == {"Quayside"}
    others = _count(_value(page, "Saltmarsh"))
    assert others > 0  # what else could be chosen is still counted
    _value(page, "Saltmarsh").click()
    page.await_total(promised + others)


def test_active_filters_are_removed_one_by_one_and_all_at_once(page: Storefront) -> None:
    page.open("?is.brand=Quayside&rating=4&stock=1")
    narrowed = page.total()
    chips = {chip.removesuffix(" ✕") for chip in page.texts(".chips .chip")}
    assert chips == {"Brand: Quayside", "Rating from 4", "In stock"}
    page.one("[aria-label='Remove filter Brand: Quayside']").click()
    page.await_that(lambda: page.total() > narrowed)
    page.part("clear-filters").click()
    page.await_total(page.site.ask()["nbHits"])
    assert not page.all(".chip")


def test_categories_are_walked_down_and_up(page: Storefront) -> None:
    page.open()
    links = {link.text: link for link in page.all(".ais-HierarchicalMenu-link")}
    clothing = next(link for text, link in links.items() if text.startswith("Clothing"))
    promised = int(re.findall(r"\d+", clothing.text)[0])
    clothing.click()
    page.await_total(promised)
    below = [link.text.split()[0] for link in page.all(".ais-HierarchicalMenu-link")]
    assert {"Jackets", "Shirts"} <= set(below)
    page.await_address("category=Clothing")


def test_a_price_range_is_typed_and_slid(page: Storefront) -> None:
    page.open("?q=jacket", query="jacket")
    page.one("[aria-label='Price from']").send_keys("60")
    page.one("[aria-label='Price to']").send_keys("70", Keys.ENTER)
    page.await_that(
        lambda: (
            page.all(".chip")
            and _prices(page)
            and all(60 <= price <= 70 for price in _prices(page))
        )
    )
    narrowed = page.total()
    page.one("[aria-label='Greatest Price']").send_keys(Keys.ARROW_LEFT)
    page.await_that(lambda: page.total() < narrowed)


def test_what_only_this_feed_has_can_be_filtered_by_too(page: Storefront) -> None:
    page.open("?q=jacket", query="jacket")
    headings = page.texts("#facets h2")
    assert headings[0] == "Category"
    assert "Lining" in headings
    promised = _count(_value(page, "fleece"))
    _value(page, "fleece").click()
    page.await_total(promised)
    page.await_address("is.lining=fleece")
    page.browser.refresh()
    page.await_answer("jacket")
    page.await_total(promised)
    assert _value(page, "fleece").find_element(By.CSS_SELECTOR, "input").is_selected()


def test_prices_narrow_also_where_nothing_is_on_sale(page: Storefront) -> None:
    page.open("?index=brands")
    page.one("[aria-label='Price to']").send_keys("3", Keys.ENTER)
    page.await_total(3)
    assert _prices(page) == [1, 2, 3]


def test_the_largest_categories_come_first(page: Storefront) -> None:
    page.open()
    counts = [int(text) for text in page.texts(".ais-HierarchicalMenu-count")]
    assert len(counts) > 1
    assert counts == sorted(counts, reverse=True)


def test_in_another_order_a_line_divides_the_most_relevant_from_the_rest(page: Storefront) -> None:
    query = "harbour jacket 007"
    answer = page.site.ask("demo:price:asc", query=query)
    first, total = answer["nbSortedHits"], answer["nbHits"]
    assert 0 < first < PAGE < total
    page.open("?q=harbour+jacket+007&sort=price:asc", query=query)
    before, after = page.all(".cards")
    assert len(before.find_elements(By.CSS_SELECTOR, ".card")) == first
    assert after.accessible_name == "Less relevant"
    assert f"{total} products, the {first} most relevant first," in page.part("count").text
    page.open("?q=harbour+jacket+007&sort=price:asc&page=2", query=query)
    assert not page.all(".divider")
    page.open("?q=harbour+jacket+007", query=query)
    assert not page.all(".divider")


def test_values_can_be_searched(page: Storefront) -> None:
    brands = [f"Brand {letter}" for letter in "ABCDEFGHIJ"]
    page.open("?index=brands")
    page.one("[aria-label='Search in Brand']").send_keys("brand j")
    page.await_that(lambda: page.texts(".values .value") == [brands[-1]])
    page.one(".values label").click()
    page.await_total(1)


def test_orders_are_those_whose_columns_have_values(page: Storefront) -> None:
    page.open()
    assert page.texts("#sort option") == [
        "Relevance",
        "Price, low to high",
        "Price, high to low",
        "Newest",
        "Best rated",
        "Most popular",
    ]
    _choose(page, "#sort", "Price, high to low")
    page.await_address("sort=price%3Adesc")
    dollars = [price for price in _prices(page) if price < 4000]  # the kettle's are yen
    assert dollars == sorted(dollars, reverse=True)


def test_a_reload_brings_everything_back(page: Storefront) -> None:
    address = "?q=jacket&category=Clothing+%3E+Jackets&sort=price%3Aasc&is.brand=Saltmarsh&page=2"
    page.open(address, query="jacket")
    titles, total = page.titles(), page.total()
    assert titles
    page.browser.refresh()
    page.await_answer("jacket")
    assert (page.titles(), page.total()) == (titles, total)
    assert page.box.get_property("value") == "jacket"
    assert _value(page, "Saltmarsh").find_element(By.CSS_SELECTOR, "input").is_selected()


def test_back_leads_to_the_search_before(page: Storefront) -> None:
    page.open()
    page.search("lamp")
    page.await_address("q=lamp")
    page.search("ladder")
    page.await_address("q=ladder")
    page.browser.back()
    page.await_answer("lamp")
    assert page.box.get_property("value") == "lamp"
    page.browser.forward()
    page.await_answer("ladder")
    assert page.titles()[0] == "Step Ladder Telescopic"


def test_the_index_chooser_leads_to_another_catalogue(page: Storefront) -> None:
    page.open()
    assert page.texts("#indexes option") == ["brands", "demo", "outlet", "unplugged"]
    _choose(page, "#indexes", "outlet")
    page.await_that(lambda: page.titles() == ["Outlet Scarf"])
    assert "index=outlet" in page.browser.current_url
    assert page.texts("#sort option") == ["Relevance"]


def test_an_unknown_index_in_the_address_is_named_and_another_one_shown(page: Storefront) -> None:
    page.open("?index=nowhere")
    assert "There is no index “nowhere” here." in page.part("notice").text
    assert page.titles() == _first_titles(page)


# Suggestions


def test_suggestions_complete_what_is_typed_and_are_chosen_by_keys(page: Storefront) -> None:
    page.open()
    page.box.send_keys("harb")
    page.await_that(lambda: page.all(".aa-Item"))
    page.await_that(lambda: any("Harbour" in text for text in page.texts(".aa-Item")))
    assert page.box.get_attribute("aria-controls")
    page.box.send_keys(Keys.ARROW_DOWN)
    page.await_that(lambda: page.all(".aa-Item[aria-selected=true]"))
    chosen = page.box.get_property("value")
    page.box.send_keys(Keys.ENTER)
    page.await_answer(chosen)
    page.await_that(lambda: not page.all(".aa-Panel"))


def test_a_suggested_brand_narrows(page: Storefront) -> None:
    page.open()
    page.box.send_keys("quays")
    selector = "[data-autocomplete-source-id=brands] .aa-Item"
    page.await_that(lambda: page.all(selector))
    page.one(selector).click()
    page.await_that(lambda: set(page.texts(".card .maker")) == {"Quayside"})
    assert "Brand: Quayside" in page.texts(".chip")[0]


def test_recent_searches_stay_in_the_browser_until_they_are_cleared(page: Storefront) -> None:
    page.open()
    page.script("localStorage.clear()")
    page.box.send_keys("brass lamp", Keys.ENTER)
    page.await_answer("brass lamp")
    page.open()
    page.box.click()
    recent = "[data-autocomplete-source-id=recent] .aa-Item"
    page.await_that(lambda: page.texts(recent) == ["brass lamp"])
    page.one(".aa-SourceHeader button").click()
    page.await_that(lambda: not page.all(recent))
    assert "brass lamp" not in page.script("return JSON.stringify(localStorage)")


# Cards and details


def test_a_sale_shows_both_prices_and_what_is_not_in_stock_says_so(page: Storefront) -> None:
    page.open("?q=reading+lamp", query="reading lamp")
    card = page.all(".card")[0]
    assert card.find_element(By.CSS_SELECTOR, ".sale").text == "€19.99"
    assert card.find_element(By.CSS_SELECTOR, ".price s").text == "€29.99"
    assert card.find_element(By.CSS_SELECTOR, ".availability").text == "Out of stock"
    page.search("tea kettle")
    card = page.all(".card")[0]
    assert card.find_element(By.CSS_SELECTOR, ".price").text == "¥4,800"
    availability = card.find_element(By.CSS_SELECTOR, ".availability")
    assert availability.text == "Pre-order from Feb 3, 2031"


def test_a_rating_is_read_out_as_a_number(page: Storefront) -> None:
    page.open("?q=harbour+jacket+007", query="harbour jacket 007")
    assert page.one(".card .stars").get_attribute("aria-label") == "Rated 4 of 5"


def test_a_missing_and_a_broken_picture_give_way_to_a_drawing(page: Storefront) -> None:
    page.open("?q=reading+lamp", query="reading lamp")
    assert "blank" in page.all(".picture")[0].get_attribute("class")
    page.search("tea kettle")
    page.await_that(lambda: "blank" in page.all(".picture")[0].get_attribute("class"))
    assert not page.all(".picture")[0].find_elements(By.CSS_SELECTOR, "img")


def test_pictures_that_fail_at_once_leave_no_broken_one(page: Storefront) -> None:
    page.expected_errors.append("ERR_BLOCKED_BY_CLIENT")
    page.browser.execute_cdp_cmd("Network.enable", {})
    page.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/favicon.svg*"]})
    try:
        page.open("?q=jacket", query="jacket")
        page.await_that(lambda: not page.all(".cards > li:first-child .picture img"))
        broken = (
            "return [...document.images].filter((i) => i.closest('.card') && i.complete).length"
        )
        page.await_that(lambda: page.script(broken) == 0)
        assert len(page.all(".card > .picture .drawing")) == len(page.all(".card"))
        page.await_that(lambda: page.one(".card .drawing span").is_displayed())
    finally:
        page.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        page.browser.execute_cdp_cmd("Network.disable", {})


def test_a_product_opens_with_its_facts_and_others_like_it(page: Storefront) -> None:
    page.open("?q=harbour+jacket+007", query="harbour jacket 007")
    page.one(".card .title a").click()
    page.await_that(lambda: page.all("#detail[open] .similar li"))
    dialog = page.part("detail")
    assert dialog.accessible_name == "Harbour Jacket 007 Navy"
    assert page.one("#detail .button.strong").get_attribute("href") == (
        "https://shop.example/jackets/7"
    )
    assert "Lining" in page.texts("#detail dt")
    page.await_address("product=j-007")
    similar = page.one("#detail .similar a > span")
    name = similar.text
    assert page.browser.title == "Harbour Jacket 007 Navy – demo – searchsvc"
    similar.click()
    page.await_that(lambda: page.part("detail").accessible_name == name)
    page.await_address("product=")
    assert page.browser.title == f"{name} – demo – searchsvc"
    page.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    page.await_that(lambda: not page.all("#detail[open]"))
    page.await_that(lambda: "product=" not in page.browser.current_url)
    assert page.browser.title == "harbour jacket 007 – demo – searchsvc"


def test_a_link_to_a_product_that_is_gone_says_so(page: Storefront) -> None:
    page.expected_errors.append("404")
    page.open("?product=gone")
    page.await_that(lambda: "not in the catalogue" in page.part("detail").text)


def test_markup_in_a_product_is_shown_as_text_and_never_run(page: Storefront) -> None:
    page.open("?q=marionette&explain=1", query="marionette")
    product = page.site.search(query="marionette")["hits"][0]["product"]
    assert "onerror=" in product["title"]
    assert page.titles()[0] == product["title"]
    card = page.all(".card")[0]
    assert card.find_element(By.CSS_SELECTOR, ".maker").text == product["brand"]
    assert not card.find_elements(By.CSS_SELECTOR, "img, script")
    assert product["brand"] in page.texts(".values .value")
    _value(page, product["brand"]).click()
    page.await_that(lambda: page.all(".chip"))
    page.one(".card .title a").click()
    page.await_that(lambda: page.part("detail").accessible_name == product["title"])
    assert not page.all("#detail .button.strong")  # its link runs code
    page.open()
    page.box.send_keys("marionet")
    page.await_that(lambda: any("onerror" in text for text in page.texts(".aa-Item")))
    page.search("<img src=x onerror=window.attacked=true> zzzyyyxxx")
    assert page.script("return window.attacked") is None


def test_every_currency_has_the_digits_that_the_indexer_counts_with(page: Storefront) -> None:
    page.open()
    money = SOURCES / "src" / "money.js"
    currencies = page.script("return Intl.supportedValuesOf('currency')")
    digits = page.module(money, "a[0].map(m.minorDigits)", currencies)
    assert len(currencies) > 100
    assert digits == [DECIMALS.get(currency, 2) for currency in currencies]
    shown = page.module(money, "m.formatPrice(1234.5, 'IQD')")
    assert shown == "IQD\N{NO-BREAK SPACE}1,234.500"


@pytest.mark.parametrize(
    ("sale", "period", "shown"),
    [
        (9, "", True),
        (10, "", False),
        (9, "2026-01-01T00:00Z/2026-12-31T00:00Z", True),
        (9, "2026-07-01T00:00Z/2026-12-31T00:00Z", False),
        (9, "2026-01-01T00:00Z/2026-05-31T00:00Z", False),
        (9, "whenever", True),
    ],
)
def test_a_sale_price_counts_only_while_it_is_lower_and_in_its_time(
    page: Storefront, sale: int, period: str, *, shown: bool
) -> None:
    product = {
        "price": 10,
        "sale_price": {"minor_units": 100 * sale, "currency": "EUR"},
        "currency": "EUR",
        "sale_price_effective_date": period,
    }
    money = SOURCES / "src" / "money.js"
    prices = page.module(money, "m.pricesOf(a[0], Date.UTC(2026, 5, 15))", product)
    expected = {"amount": sale, "was": 10} if shown else {"amount": 10, "was": None}
    assert prices == {**expected, "currency": "EUR"}


# The query understood, the ranking explained, the shoppers


def test_a_misspelt_query_says_what_was_searched_for_and_can_be_insisted_on(
    page: Storefront,
) -> None:
    page.open("?q=harbuor", query="harbuor")
    line = page.one("#understood [role=status]")
    assert line.text.startswith("Showing results for harbour instead of harbuor.")
    page.part("as-typed").click()
    page.await_that(lambda: not page.all("#as-typed"))
    page.await_address("exact=1")
    page.search("harbuor jacket")  # another query is corrected again
    page.await_that(lambda: page.all("#as-typed"))
    page.await_address("q=harbuor+jacket")
    assert "exact" not in page.browser.current_url


def test_the_switch_explains_each_place_and_how_the_query_was_read(page: Storefront) -> None:
    page.open("?q=the+harbuor+jacket+007", query="the harbuor jacket 007")
    assert not page.all(".explanation")
    page.one("#explain input").send_keys(Keys.SPACE)
    page.await_that(lambda: page.all(".explanation") and page.all(".understanding li"))
    answer = page.site.ask(query="the harbuor jacket 007", getRankingInfo=True)
    parts = answer["hits"][0]["_rankingInfo"]["searchsvc"]
    shown = dict(
        zip(
            page.texts(".cards > li:first-child .explanation dt"),
            page.texts(".cards > li:first-child .explanation dd"),
            strict=True,
        )
    )
    assert shown["Rank"] == "1"
    assert shown["Words"] == f"#{parts['lexical_rank']} · {parts['lexical_score']:.2f}"
    assert shown["Meaning"].endswith(f"{parts['similarity']:.3f}")
    assert shown["Fused"] == f"{parts['fused_score']:.4f}"
    steps = page.texts(".understanding li")
    assert "harbuor → harbour: spelling" in steps
    assert "the: counts little beside the other words" in steps
    page.await_address("explain=1")
    page.one("#explain input").send_keys(Keys.SPACE)
    page.await_that(lambda: not page.all(".explanation"))


def test_a_product_that_was_asked_for_by_number_is_marked(page: Storefront) -> None:
    page.open("?q=qx4711&explain=1", query="qx4711")
    assert page.titles()[0] == "Step Ladder Telescopic"
    assert page.texts(".explanation dd")[0] == "1, named by its number"


def test_a_shopper_moves_what_they_like_and_hides_nothing(page: Storefront) -> None:
    page.open("?q=jacket", query="jacket")
    names, total = page.texts("#shopper option"), page.total()
    before = page.titles()
    assert names[0] == "Everyone"
    assert 4 <= len(names) <= 8
    _choose(page, "#shopper", "Prefers Saltmarsh")
    page.await_that(lambda: page.all(".moved.up"))
    assert page.total() == total
    after = page.titles()
    assert after != before
    everyone = _first_titles(page, query="jacket", hitsPerPage=1000)
    for place, title in enumerate(after):
        gained = everyone.index(title) - place
        shown = page.texts(f".cards > li:nth-child({place + 1}) .moved [aria-hidden]")
        assert shown == ([] if gained == 0 else [f"{'▲' if gained > 0 else '▼'}{abs(gained)}"])
    assert "nothing is stored" in page.part("shopper-note").text
    page.one("#consent input").send_keys(Keys.SPACE)
    page.await_that(lambda: page.part("consent").text.find("On, but not while") >= 0)
    page.await_answer("jacket")
    assert not any(b"userToken" in body for _, body in page.site.record.posted)
    page.one("#consent input").send_keys(Keys.SPACE)
    page.await_address("shopper=brand")
    _choose(page, "#shopper", "Everyone")
    page.await_that(lambda: page.titles() == before)
    assert not page.all(".moved")


# When something is wrong


def test_a_degraded_answer_is_shown_with_a_notice(page: Storefront) -> None:
    page.open("?index=unplugged&q=jacket", query="jacket")
    assert page.titles() == ["Harbour Jacket 001 Navy"]
    assert "Ranked by words alone" in page.part("understood").text


def test_after_a_network_failure_the_page_recovers(page: Storefront) -> None:
    page.expected_errors.append("ERR_INTERNET_DISCONNECTED")
    page.open()
    before = page.titles()
    page.browser.set_network_conditions(offline=True, latency=0, throughput=0)
    try:
        page.box.send_keys("lamp")
        page.await_that(lambda: "cannot be reached" in page.part("notice").text)
        assert page.titles() == before
    finally:
        page.browser.delete_network_conditions()
    page.one("#notice button").click()
    page.await_that(lambda: page.titles()[0] == "Reading Lamp Brass")
    assert page.part("notice").text == ""


def test_without_any_index_the_page_says_how_to_build_one(private_page: Storefront) -> None:
    private_page.browser.get(private_page.site.base)
    private_page.await_that(lambda: "searchsvc reindex" in private_page.part("notice").text)


# For everybody


def test_everything_can_be_reached_and_used_by_keyboard_alone(page: Storefront) -> None:
    page.open()
    page.type("/")
    assert page.focused() == page.box
    page.type("harbour")
    page.await_answer("harbour")
    page.type(Keys.ESCAPE)
    stops: list[str] = []
    while len(stops) < 150 and "Next Page" not in stops:
        page.type(Keys.TAB)
        focused = page.focused()
        stops.append(focused.accessible_name)
        assert has_focus_ring(page, focused), f"no visible focus on {stops[-1]}"
    expected = {"Index", "API", "In stock only", "Sort results by", "Shopper", "Explain"}
    assert expected <= set(stops)
    assert {"Price from", "Least Price", "Hide Category"} <= set(stops)
    assert "Clear the search" in stops
    assert page.one(".aa-SubmitButton").accessible_name == "Search"
    page.type(Keys.ENTER)
    page.await_address("page=2")
    assert page.focused() == page.part("results")


def test_the_skip_link_leads_to_the_results(page: Storefront) -> None:
    page.open()
    page.script("document.querySelector('.skip').focus()")
    assert page.focused().text == "Skip to the results"
    page.type(Keys.ENTER)
    # The browser follows the link in its own time; a Tab before that would start elsewhere.
    page.await_that(lambda: page.focused().get_attribute("id") == "results")
    page.type(Keys.TAB)
    page.await_that(lambda: page.focused().tag_name == "a")
    assert page.focused().text == page.texts(".title a")[0]


def test_a_phone_has_its_filters_in_a_drawer_and_needs_no_sideways_scrolling(
    page: Storefront,
) -> None:
    phone(page)
    page.open("?q=jacket&explain=1&shopper=brand", query="jacket")
    assert not page.part("facets").is_displayed()
    assert page.one("#shopper .field-name").is_displayed()
    assert page.script("return document.documentElement.scrollWidth") == PHONE["width"]
    assert page.script(OVERFLOW) == []
    page.part("open-filters").click()
    assert page.all("#drawer[open] #facets")
    promised = _count(_value(page, "Quayside"))
    _value(page, "Quayside").click()
    page.await_that(lambda: page.one(".done").text == f"Show {promised} products")
    page.one(".done").click()
    page.await_that(lambda: not page.all("#drawer[open]"))
    assert page.total() == promised
    assert page.focused() == page.part("open-filters")
    assert page.part("open-filters").text.split() == ["Filters", "1"]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(page: Storefront, npm_folder: Path, scheme: str) -> None:
    media(page, "prefers-color-scheme", scheme)

    page.open("?q=jacket&explain=1&shopper=brand&is.lining=fleece", query="jacket")
    page.await_that(lambda: page.all(".moved"))
    background = page.script("return getComputedStyle(document.body).backgroundColor")
    assert (int(re.findall(r"\d+", background)[0]) < 128) == (scheme == "dark")
    assert violations(page, npm_folder) == []
    page.open("?q=harbuor", query="harbuor")
    page.box.click()
    page.await_that(lambda: page.all(".aa-Item"))
    assert violations(page, npm_folder) == []
    page.open("?q=jacket&in.effective_price=1:2", query="jacket")
    assert violations(page, npm_folder) == []
    page.open("?q=harbour+jacket+007&sort=price:asc", query="harbour jacket 007")
    assert page.all(".divider")
    assert violations(page, npm_folder) == []
    page.open("?product=j-007", query="Harbour Jacket 007 Navy")
    page.await_that(lambda: page.all("#detail[open] .similar li"))
    assert violations(page, npm_folder) == []
    phone(page)
    page.open("?index=nowhere")
    assert violations(page, npm_folder) == []
    page.part("open-filters").click()
    assert violations(page, npm_folder) == []


def test_the_colours_can_be_changed_and_stay(page: Storefront) -> None:
    media(page, "prefers-color-scheme", "light")
    page.open()
    page.one("[aria-label='Use dark colours']").click()
    page.open()
    assert page.script("return document.documentElement.dataset.theme") == "dark"
    page.one("[aria-label='Use light colours']").click()
    assert page.script("return document.documentElement.dataset.theme") == "light"
    page.script("localStorage.clear()")


def test_nothing_moves_for_those_who_ask_for_it(page: Storefront) -> None:
    media(page, "prefers-reduced-motion", "reduce")
    page.open()
    moving = page.script(
        "return [...document.querySelectorAll('*')].filter((e) => ['', '::before', '::after']"
        ".some((p) => { const s = getComputedStyle(e, p || null);"
        " return s.animationName !== 'none' || s.transitionDuration !== '0s' })).length"
    )
    assert moving == 0


def test_nothing_jumps_while_the_page_loads(page: Storefront) -> None:
    page.open()
    shift = page.script(
        "return new Promise((done) => { let sum = 0; new PerformanceObserver((list) => {"
        " for (const one of list.getEntries()) sum += one.value })"
        ".observe({type: 'layout-shift', buffered: true}); setTimeout(() => done(sum), 100) })"
    )
    assert shift < 0.1  # what web.dev calls good


# What is served


def test_the_page_asks_no_other_server_and_runs_no_inline_code(page: Storefront) -> None:
    page.open("?q=jacket&explain=1&shopper=brand", query="jacket")
    page.box.click()
    page.await_that(lambda: page.all(".aa-Item"))
    policy = page.one("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy is not None
    assert policy.startswith("default-src 'self'; img-src * data:;")
    loaded = page.script("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert any("/suggest?" in address for address in loaded)
    assert [address for address in loaded if not address.startswith(page.site.base)] == []
    index = (BUILT / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", index)


def test_the_script_travels_compressed_and_is_not_large(site: Site) -> None:
    with httpx2.stream("GET", f"{site.base}/storefront.js") as answer:
        travelled = sum(len(chunk) for chunk in answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    assert travelled < 150_000
    again = httpx2.get(
        f"{site.base}/storefront.js", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


@pytest.mark.slow
def test_the_files_that_are_served_are_what_the_sources_build(
    npm_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "web"
    subprocess.run(
        [shutil.which("node") or "node", "build.mjs", out],
        cwd=npm_folder,
        check=True,
        capture_output=True,
    )
    fresh = {file.name: file.read_bytes() for file in out.iterdir()}
    served = {file.name: file.read_bytes() for file in BUILT.iterdir()}
    assert sorted(fresh) == sorted(served)
    changed = [name for name, content in fresh.items() if served[name] != content]
    assert changed == [], "run make page and commit searchsvc/http/web"


def test_the_packages_of_the_page_are_locked_to_exact_versions() -> None:
    package = json.loads((SOURCES / "package.json").read_text())
    versions = [*package["dependencies"].values(), *package["devDependencies"].values()]
    assert versions
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    assert all(entry["integrity"] for name, entry in lock["packages"].items() if name)
