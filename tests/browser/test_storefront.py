"""The storefront page, driven in headless Chromium against the running service."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from indexer.currencies import DECIMALS

if TYPE_CHECKING:
    from conftest import Storefront

pytestmark = pytest.mark.browser

PAGE = 24
PHONE = {"width": 360, "height": 800, "deviceScaleFactor": 2, "mobile": True}

_OVERFLOW = """
    return [...document.querySelectorAll("body *")]
        .filter((e) => !e.closest(".chips, .unseen, .skip"))
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)
        .map((e) => e.outerHTML.slice(0, 80));
"""
_SMALL_TARGETS = """
    return [...document.querySelectorAll("button, select, .box, .switch, nav a, .brand")]
        .filter((e) => e.checkVisibility())
        .map((e) => [e.getBoundingClientRect(), e.outerHTML.slice(0, 80)])
        .filter(([box]) => Math.min(box.width, box.height) < 44)
        .map(([box, html]) => `${html}: ${box.width} x ${box.height}`);
"""
_HAS_FOCUS_RING = """
    const e = arguments[0];
    return [e, e.closest(".card"), e.closest(".switch")?.querySelector(".track")]
        .some((shown) => shown && getComputedStyle(shown).outlineStyle === "solid");
"""
_POOR_CONTRAST = """
    const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const parse = (text) => text.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) =>
        0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const ground = (e) => {
        for (; e; e = e.parentElement) {
            const color = parse(getComputedStyle(e).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
        }
        return [255, 255, 255];
    };
    const poor = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const e = walker.currentNode.parentElement;
        const text = walker.currentNode.data.trim();
        if (!text || !e.checkVisibility() || e.closest(".unseen")) continue;
        const [a, b] = [luminance(parse(getComputedStyle(e).color)), luminance(ground(e))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) poor.push(`${text}: ${ratio.toFixed(2)}`);
    }
    return poor;
"""


def _first_titles(page: Storefront, **parameters: str | int) -> list[str]:
    answer = page.site.search(limit=PAGE, **parameters)
    return [hit["product"]["title"] for hit in answer["hits"]]


def _media(page: Storefront, name: str, value: str) -> None:
    features = [{"name": name, "value": value}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


# What is found


def test_the_first_products_are_shown_before_anything_is_typed(page: Storefront) -> None:
    page.open()
    assert page.titles() == _first_titles(page, query="")
    assert page.part("count").text == f"All {page.site.search()['total']} products"


def test_typing_shows_what_the_service_finds_without_pressing_enter(page: Storefront) -> None:
    page.open()
    assert page.focused() == page.part("box")
    page.type("reading lamp")
    page.await_answer("reading lamp")
    answer = page.site.search(query="reading lamp")
    assert page.titles() == [hit["product"]["title"] for hit in answer["hits"]]
    assert page.titles()[0] == "Reading Lamp Brass"
    assert page.part("count").text.split()[0] == str(answer["total"])
    assert re.fullmatch(r"in \d+\.\d ms", page.part("took").text)


def test_a_burst_of_keys_asks_once(page: Storefront) -> None:
    page.open()
    page.script(
        "const real = fetch; window.asked = [];"
        "window.fetch = (a, o) => { asked.push(String(a)); return real(a, o) };"
        "const box = document.getElementById('box');"
        "for (const text of ['l', 'la', 'lam', 'lamp']) {"
        "  box.value = text; box.dispatchEvent(new InputEvent('input')); }"
    )
    page.await_answer("lamp")
    asked = page.script("return asked")
    assert [re.findall(r"query=(\w+)", address) for address in asked] == [["lamp"]]


def test_a_slow_answer_is_aborted_by_the_next_search(page: Storefront) -> None:
    page.open()
    page.site.delays.seconds["kettle"] = 0.4
    page.script(
        "const real = fetch; window.ends = [];"
        "window.fetch = (a, o) => { const answer = real(a, o);"
        " answer.catch((e) => ends.push(e.name)); return answer };"
    )
    page.type("kettle")
    page.await_that(lambda: "q=kettle" in page.browser.current_url)
    page.search("ladder")
    assert page.script("return ends") == ["AbortError"]


def test_an_answer_that_arrives_out_of_order_never_overwrites_a_newer_one(
    page: Storefront,
) -> None:
    page.open()
    page.site.delays.seconds["kettle"] = 0.4
    page.script(  # a browser that cannot abort: the late answer does arrive
        "const real = fetch; window.arrived = [];"
        "window.fetch = (a) => { const answer = real(a);"
        " answer.then(() => arrived.push(String(a))); return answer };"
    )
    page.type("kettle")
    page.await_that(lambda: "q=kettle" in page.browser.current_url)
    page.search("ladder")
    newer = page.titles()
    page.await_that(lambda: any("query=kettle" in one for one in page.script("return arrived")))
    page.script("return new Promise((done) => setTimeout(done, 50))")
    assert page.titles() == newer
    assert page.browser.title.startswith("ladder")


def test_load_more_walks_the_whole_match_set_without_duplicates(page: Storefront) -> None:
    page.open()
    total = page.site.search()["total"]
    assert 2 * PAGE < total <= 3 * PAGE
    for shown in (PAGE, 2 * PAGE, total):
        page.await_that(lambda shown=shown: len(page.all(".card")) == shown)
        assert page.part("more").is_displayed() == (shown < total)
        if shown < total:
            assert page.part("more").text == f"Show more ({shown} of {total})"
            page.part("more").click()
    everything = page.site.search(query="", limit=total)
    assert page.titles() == [hit["product"]["title"] for hit in everything["hits"]]
    assert len({hit["id"] for hit in everything["hits"]}) == total


def test_a_query_without_a_match_says_so_and_offers_a_way_on(page: Storefront) -> None:
    page.open("?q=zzzyyyxxx", query="zzzyyyxxx")
    assert page.part("count").text == "0 products"
    assert "Nothing matches “zzzyyyxxx”" in page.part("nothing").text
    page.all("#nothing button")[0].click()
    page.await_answer("")
    assert page.titles() == _first_titles(page, query="")
    assert not page.part("nothing").is_displayed()


# Cards


def test_a_card_shows_brand_price_and_link(page: Storefront) -> None:
    page.open("?q=harbour+jacket+007", query="harbour jacket 007")
    card = page.all(".card")[0]
    link = card.find_element(By.CSS_SELECTOR, ".title a")
    assert link.text == "Harbour Jacket 007 Navy"
    assert link.get_dom_attribute("href") == "https://shop.example/jackets/7"
    assert link.get_dom_attribute("rel") == "noopener"
    assert card.find_element(By.CSS_SELECTOR, ".maker").text == "Saltmarsh"
    assert card.find_element(By.CSS_SELECTOR, ".price").text == "$50.02"
    image = card.find_element(By.CSS_SELECTOR, ".picture img")
    assert image.get_dom_attribute("alt") == "Harbour Jacket 007 Navy"
    assert image.get_dom_attribute("loading") == "lazy"
    page.await_that(lambda: page.script("return arguments[0].naturalWidth > 0", image))


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


def test_a_missing_and_a_broken_picture_give_way_to_the_placeholder(page: Storefront) -> None:
    page.open("?q=reading+lamp", query="reading lamp")
    assert "blank" in page.all(".picture")[0].get_attribute("class")
    page.search("tea kettle")
    page.await_that(lambda: "blank" in page.all(".picture")[0].get_attribute("class"))
    assert not page.all(".picture")[0].find_elements(By.CSS_SELECTOR, "img")


def test_markup_in_a_product_is_shown_as_text_and_never_run(page: Storefront) -> None:
    page.open("?q=marionette&explain=1", query="marionette")
    card = page.all(".card")[0]
    product = page.site.search(query="marionette")["hits"][0]["product"]
    assert "onerror=" in product["title"]
    assert page.titles()[0] == product["title"]
    assert card.find_element(By.CSS_SELECTOR, ".maker").text == product["brand"]
    assert not card.find_elements(By.CSS_SELECTOR, "img, script, a")
    card.click()
    page.search("<img src=x onerror=window.attacked=true> zzzyyyxxx")
    assert page.script("return window.attacked") is None


def test_every_currency_has_the_digits_that_the_indexer_counts_with(page: Storefront) -> None:
    page.open()
    currencies = page.script("return Intl.supportedValuesOf('currency')")
    digits = page.module("money.js", "a[0].map(m.minorDigits)", currencies)
    assert len(currencies) > 100
    assert digits == [DECIMALS.get(currency, 2) for currency in currencies]
    price = {"minor_units": 1234500, "currency": "IQD"}
    assert (
        page.module("money.js", "m.formatPrice(a[0])", price) == "IQD\N{NO-BREAK SPACE}1,234.500"
    )


@pytest.mark.parametrize(
    ("sale", "period", "shown"),
    [
        (900, "", True),
        (1000, "", False),
        (900, "2026-01-01T00:00Z/2026-12-31T00:00Z", True),
        (900, "2026-07-01T00:00Z/2026-12-31T00:00Z", False),
        (900, "2026-01-01T00:00Z/2026-05-31T00:00Z", False),
        (900, "whenever", True),
    ],
)
def test_a_sale_price_counts_only_while_it_is_lower_and_in_its_time(
    page: Storefront, sale: int, period: str, *, shown: bool
) -> None:
    page.open()
    product = {
        "price": {"minor_units": 1000, "currency": "EUR"},
        "sale_price": {"minor_units": sale, "currency": "EUR"},
        "sale_price_effective_date": period,
    }
    current = page.module("money.js", "m.currentSalePrice(a[0], Date.UTC(2026, 5, 15))", product)
    assert (current == product["sale_price"]) is shown


def test_pictures_of_the_sample_come_from_this_service_wherever_it_listens(
    page: Storefront,
) -> None:
    page.open()
    source = page.module(
        "card.js",
        "m.createCard(a[0]).querySelector('img').src",
        {
            "title": "Lamp",
            "image_link": "http://127.0.0.1:8000/sample/image/floor-lamp/aabbcc.svg",
        },
    )
    assert source == f"{page.site.base}/sample/image/floor-lamp/aabbcc.svg"


# The query understood


def test_a_misspelt_query_says_what_was_searched_for_instead(page: Storefront) -> None:
    page.open("?q=harbuor+jacket+007", query="harbuor jacket 007")
    line = page.part("corrected")
    assert line.text == "Showing results for harbour jacket 007 — you typed harbuor jacket 007"
    assert line.get_attribute("role") == "status"
    assert line.is_displayed()
    assert page.titles()[0] == "Harbour Jacket 007 Navy"
    assert page.part("box").get_property("value") == "harbuor jacket 007"
    assert not page.part("understood").is_displayed()
    page.search("harbour jacket 007")
    assert line.text == ""


def test_a_correction_is_not_announced_again_while_it_stays_the_same(page: Storefront) -> None:
    page.open("?q=harbuor+jacket", query="harbuor jacket")
    page.script(
        "window.changes = 0; new MutationObserver(() => window.changes++)"
        ".observe(document.getElementById('corrected'), {childList: true, subtree: true})"
    )
    page.part("explain").send_keys(Keys.SPACE)
    page.await_that(lambda: page.all(".explanation"))
    assert page.script("return window.changes") == 0
    page.search("harbuor lamp")
    assert page.script("return window.changes") == 1


def test_a_shopper_can_search_for_exactly_what_was_typed(page: Storefront) -> None:
    page.open("?q=harbuor", query="harbuor")
    assert page.part("as-typed").is_displayed()
    page.part("as-typed").click()
    page.await_that(lambda: not page.part("as-typed").is_displayed())
    assert page.part("corrected").text == ""
    assert "exact=1" in page.script("return location.search")
    page.search("harbuor jacket")  # another query is corrected again
    assert page.part("corrected").text.startswith("Showing results for harbour jacket")
    assert "exact" not in page.script("return location.search")


def test_markup_in_a_corrected_query_is_text(page: Storefront) -> None:
    query = "<b id=bold>harbuor</b>"
    page.open()
    page.search(query)
    shown = page.texts("#corrected q")
    assert shown == [query]
    assert not page.all("#bold")


def test_each_step_is_listed_in_plain_words(page: Storefront) -> None:
    page.open("?q=the+harbuor+ja+cket&explain=1", query="the harbuor ja cket")
    answer = page.site.search(query="the harbuor ja cket", explain="true")
    kinds = [step["kind"] for step in answer["understood"]["steps"]]
    assert {"corrected", "discounted"} <= set(kinds)
    lines = page.texts("#understood li")
    assert "harbuor → harbour: no product says “harbuor”" in lines
    assert lines[-1] == "the: counts little beside the other words"
    assert page.part("understood").accessible_name == "How the query was read"
    page.search("ladder")
    assert page.texts("#understood li") == ["Taken as it was typed."]
    page.search("")
    assert not page.part("understood").is_displayed()


@pytest.mark.parametrize(
    ("steps", "lines"),
    [
        (
            [("corrected", "mosue", "mouse", 0.9), ("corrected", "mosue", "mosque", 0.4)],
            [
                "mosue → mouse: no product says “mosue”",
                "mosue → or mosque: less likely, 40 % of the weight",
            ],
        ),
        (
            [("expanded", "form", "foam", 0.5)],
            ["form → also foam: more products say so, 50 % of the weight"],
        ),
        (
            [("split", "redshoe", "red shoe", 0.9)],
            ["redshoe → red shoe: a space was missing"],
        ),
        (
            [("joined", "head set", "headset", 0.75)],
            ["head set = headset: also looked for as one word"],
        ),
        ([("quantity", "17 inch", "43.2cm", 1)], ["17 inch → 43.2 cm: whatever the unit"]),
        (
            [("synonym", "sneaker", "trainers", 0.9)],
            ["sneaker → also trainers: a synonym"],
        ),
        ([("forbidden", "vans", "minivan", 0)], ["vans ≠ minivan: never taken for it"]),
        (
            [("discounted", "for", "for", 0), ("discounted", "my", "my", 0)],
            ["for, my: count little beside the other words"],
        ),
        ([("telepathy", "shoe", "boot", 1)], ["shoe → boot: telepathy"]),
        ([], ["Taken as it was typed."]),
    ],
)
def test_every_kind_of_step_has_its_words(
    page: Storefront, steps: list[tuple[str, str, str, float]], lines: list[str]
) -> None:
    page.open()
    names = ("kind", "typed", "meant", "weight")
    understood = {
        "steps": [dict(zip(names, step, strict=True)) for step in steps],
        "embedded": ["as typed"],
    }
    assert _understanding(page, understood) == lines


def test_the_readings_by_synonyms_are_listed(page: Storefront) -> None:
    page.open()
    understood = {"steps": [], "embedded": ["red hoover", "red vacuum cleaner", "red sweeper"]}
    assert _understanding(page, understood) == [
        "By meaning also red vacuum cleaner; red sweeper: with the synonym in its place"
    ]


def _understanding(page: Storefront, understood: dict[str, object]) -> list[str]:
    lines: list[str] = page.module(
        "understanding.js",
        "(m.showUnderstanding(a[1], a[0]), [...a[1].querySelectorAll('li')]"
        ".map((e) => e.textContent))",
        understood,
        page.part("understood"),
    )
    return lines


# The ranking explained


def test_the_switch_explains_each_place_and_where_the_time_went(page: Storefront) -> None:
    page.open("?q=harbour+jacket+007", query="harbour jacket 007")
    assert not page.all(".explanation")
    page.part("explain").send_keys(Keys.SPACE)
    page.await_that(lambda: page.all(".explanation"))
    answer = page.site.search(query="harbour jacket 007", limit=PAGE, explain="true")
    lines = page.texts(".card:first-child .explanation > div")
    explain = answer["hits"][0]["explain"]
    assert lines == [
        f"Place1 · score {answer['hits'][0]['score']:.3f}",
        f"BM25rank {explain['lexical_rank']} · {explain['lexical_score']:.2f}",
        f"Coverage{100 * explain['coverage']:.0f} % of the words",
        f"Similarityrank {explain['semantic_rank']} · {explain['similarity']:.3f}",
        f"Feedback+{explain['feedback']:.3f}",
    ]
    places = page.texts(".explanation > div:first-child dd")
    assert [int(place.split()[0]) for place in places] == list(range(1, len(places) + 1))
    assert page.texts(".legend dt") == [*answer["stages_ms"], "rest"]
    assert all(re.fullmatch(r"\d+\.\d\d ms", time) for time in page.texts(".legend dd"))
    assert len(page.all(".stages .segment")) == len(answer["stages_ms"]) + 1
    page.part("explain").send_keys(Keys.SPACE)
    page.await_that(lambda: not page.all(".explanation"))
    assert not page.part("stages").is_displayed()


def test_a_product_that_was_asked_for_by_number_is_marked(page: Storefront) -> None:
    page.open("?q=qx4711&explain=1", query="qx4711")
    assert page.titles()[0] == "Step Ladder Telescopic"
    assert page.texts(".card:first-child .badge") == ["Identified by number"]
    assert len(page.all(".badge")) == 1


def test_places_go_on_over_further_pages(page: Storefront) -> None:
    page.open("?explain=1")
    page.part("more").click()
    page.await_that(lambda: len(page.all(".card")) == 2 * PAGE)
    places = page.texts(".explanation > div:first-child dd")
    assert [int(place.split()[0]) for place in places] == list(range(1, 2 * PAGE + 1))


def test_explaining_keeps_the_pages_that_were_loaded(page: Storefront) -> None:
    page.open()
    page.part("more").click()
    page.await_that(lambda: len(page.all(".card")) == 2 * PAGE)
    before = page.titles()
    page.part("explain").send_keys(Keys.SPACE)
    page.await_that(lambda: page.all(".explanation"))
    assert page.titles() == before


# The address


def test_a_reload_brings_back_query_index_and_explanation(page: Storefront) -> None:
    page.open("?q=scarf&index=outlet&explain=1", query="scarf")
    page.browser.refresh()
    page.await_answer("scarf")
    assert page.part("box").get_property("value") == "scarf"
    assert page.part("index").get_property("value") == "outlet"
    assert page.part("explain").is_selected()
    assert page.titles() == ["Outlet Scarf"]


def test_back_and_forward_go_from_search_to_search_not_from_letter_to_letter(
    page: Storefront,
) -> None:
    page.open()
    page.type("lamp")
    page.await_answer("lamp")
    page.type(" brass")
    page.await_answer("lamp brass")
    page.type(Keys.ENTER)
    page.search("ladder")
    page.browser.back()
    page.await_answer("lamp brass")
    assert page.part("box").get_property("value") == "lamp brass"
    page.browser.back()
    page.await_answer("")
    assert page.part("box").get_property("value") == ""
    page.browser.forward()
    page.await_answer("lamp brass")
    page.browser.forward()
    page.await_answer("ladder")
    assert page.browser.current_url.endswith("/?q=ladder")


def test_the_index_picker_searches_the_chosen_index_and_keeps_it(page: Storefront) -> None:
    page.open()
    options = [option.text for option in page.all("#index option")]
    assert options == [f"demo ({page.site.search()['total']})", "outlet (1)", "unplugged (1)"]
    assert page.part("examples").is_displayed()
    page.part("index").send_keys("outlet")
    page.await_that(lambda: page.titles() == ["Outlet Scarf"])
    assert page.browser.current_url.endswith("/?index=outlet")
    assert not page.part("examples").is_displayed()
    page.browser.back()
    page.await_that(lambda: page.titles() == _first_titles(page, query=""))


def test_an_unknown_index_in_the_address_is_named_and_another_one_shown(page: Storefront) -> None:
    page.open("?index=nowhere")
    assert "There is no index “nowhere” here." in page.part("notice").text
    assert page.titles() == _first_titles(page, query="")


def test_an_example_is_searched_at_a_click(page: Storefront) -> None:
    page.open()
    chip = page.all(".chip")[0]
    page.script("arguments[0].focus()", chip)
    page.type(Keys.ENTER)
    page.await_answer(chip.text)
    assert page.part("box").get_property("value") == chip.text
    assert chip.get_attribute("aria-current") == "true"


def test_the_curl_line_asks_for_the_same_and_can_be_copied(page: Storefront) -> None:
    query = "it's a $HOME `jacket`"
    page.open()
    page.search(query)
    page.part("shell").click()
    assert page.part("shell").get_attribute("aria-expanded") == "true"
    line = page.part("command").text
    command, get, address, *options = shlex.split(line)
    assert (command, get) == ("curl", "-G")
    assert address == f"{page.site.base}/v1/indexes/demo/search"
    assert options[::2] == ["--data-urlencode"] * (len(options) // 2)
    parameters = dict(option.split("=", 1) for option in options[1::2])
    assert parameters == {"query": query, "limit": str(PAGE)}
    assert _first_titles(page, query=query) == page.titles()
    page.browser.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]},
    )
    page.part("copy").click()
    page.await_that(lambda: page.texts("#copied") == ["Copied"])
    page.part("box").send_keys(Keys.CONTROL, "a")
    page.part("box").send_keys(Keys.CONTROL, "v")
    assert page.part("box").get_property("value") == line
    page.await_answer(line)


# When something is wrong


def test_a_degraded_answer_is_shown_with_a_notice(page: Storefront) -> None:
    page.open("?index=unplugged&q=jacket", query="jacket")
    assert page.titles() == ["Harbour Jacket 001 Navy"]
    assert page.part("notice").text.startswith("Ranked by words alone")
    assert page.part("notice").get_attribute("role") == "status"
    page.open("?q=jacket", query="jacket")
    assert page.part("notice").text == ""


def test_after_a_network_failure_the_next_keystroke_recovers(page: Storefront) -> None:
    page.open()
    before = page.titles()
    page.script(
        "window.real = fetch; window.fetch = () => Promise.reject(new TypeError('no network'))"
    )
    page.type("lamp")
    page.await_that(lambda: "cannot be reached" in page.part("notice").text)
    assert page.titles() == before
    page.script("window.fetch = real")
    page.type(" brass")
    page.await_answer("lamp brass")
    assert page.part("notice").text == ""
    assert page.titles()[0] == "Reading Lamp Brass"


def test_a_failure_can_be_tried_again_and_further_pages_are_not_lost(page: Storefront) -> None:
    page.open()
    page.script(
        "window.real = fetch; window.fetch = () => Promise.reject(new TypeError('no network'))"
    )
    page.part("more").click()
    page.await_that(lambda: page.part("retry").is_displayed())
    page.script("window.fetch = real")
    page.part("retry").click()
    page.await_that(lambda: len(page.all(".card")) == 2 * PAGE)
    assert not page.part("retry").is_displayed()
    assert page.focused().text == page.titles()[PAGE]


def test_what_the_service_refuses_is_said_in_its_words(page: Storefront) -> None:
    page.expected_errors.append("400")
    page.browser.get(f"{page.site.base}/?q={'x' * 600}")
    page.await_that(lambda: "at most 512 characters" in page.part("notice").text)


def test_without_any_index_the_page_says_how_to_build_one_and_finds_it_then(
    private_page: Storefront,
) -> None:
    page = private_page
    page.open()
    assert "searchsvc reindex" in page.part("nothing").text
    page.site.publish_jackets("first", [1])
    page.part("retry").click()
    page.await_that(lambda: page.titles() == ["Harbour Jacket 001 Navy"])
    assert not page.part("picker").is_displayed()
    assert not page.part("nothing").is_displayed()


def test_pages_of_two_generations_are_never_mixed(private_page: Storefront) -> None:
    page = private_page
    page.site.publish_jackets("demo", range(30))
    page.open()
    page.site.publish_jackets("demo", range(10, 40))
    page.part("more").click()
    page.await_that(lambda: len(page.all(".card")) == 30)
    assert page.titles() == [f"Harbour Jacket {n:03} Navy" for n in range(10, 40)]


# For everybody


def test_everything_can_be_reached_and_used_by_keyboard_alone(page: Storefront) -> None:
    page.open()
    page.type("harbour")
    page.await_answer("harbour")
    stops = []
    while len(stops) < 40 and "more" not in stops:
        page.type(Keys.TAB)
        focused = page.focused()
        stops.append(focused.get_attribute("id") or focused.text)
        assert page.script(_HAS_FOCUS_RING, focused), f"no visible focus on {stops[-1]}"
    assert {"API", "index", "explain", "shell", "more"} <= set(stops)
    assert stops.index("more") - len(page.titles()) > stops.index("shell")
    page.type(Keys.ENTER)
    page.await_that(lambda: len(page.all(".card")) == 2 * PAGE)
    assert page.focused().text == page.titles()[PAGE]  # the first of the new ones
    page.type("/")
    assert page.focused() == page.part("box")
    assert page.part("box").get_property("value") == "harbour"
    page.type("ladder/")
    page.await_answer("ladder/")


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


def test_the_count_is_announced_and_the_landmarks_are_there(page: Storefront) -> None:
    page.open()
    assert page.part("count").get_attribute("role") == "status"
    for selector in ("header", "main", "footer", "form[role=search]", "h1", "label[for=box]"):
        assert len(page.all(selector)) == 1, selector
    controls = page.script(
        "return [...document.querySelectorAll('input, select, button, a, section, nav')]"
        ".filter((e) => e.checkVisibility())"
    )
    assert len(controls) > PAGE
    assert [one.get_attribute("outerHTML") for one in controls if not one.accessible_name] == []


def test_a_phone_of_360_pixels_needs_no_horizontal_scrolling(page: Storefront) -> None:
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    for address, query in (
        ("?explain=1", ""),
        ("?q=marionette&explain=1", "marionette"),
        (f"?q=harbuor+{'jacket' * 12}&explain=1", f"harbuor {'jacket' * 12}"),
    ):
        page.open(address, query=query)
        page.part("shell").click()
        assert page.script("return document.documentElement.scrollWidth") == PHONE["width"]
        assert page.script(_OVERFLOW) == []
        assert page.script(_SMALL_TARGETS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_meets_the_contrast_of_wcag_aa(page: Storefront, scheme: str) -> None:
    _media(page, "prefers-color-scheme", scheme)
    page.open("?q=reading+lamp&explain=1&index=nowhere", query="reading lamp")
    page.part("shell").click()
    background = page.script("return getComputedStyle(document.body).backgroundColor")
    assert (int(re.findall(r"\d+", background)[0]) < 128) == (scheme == "dark")
    assert page.script(_POOR_CONTRAST) == []
    for query in ("zzzyyyxxx", "the harbuor jacket"):
        page.open(f"?q={query}&explain=1", query=query)
        assert page.script(_POOR_CONTRAST) == []


def test_nothing_moves_for_those_who_ask_for_it(page: Storefront) -> None:
    _media(page, "prefers-reduced-motion", "reduce")
    page.open()
    moving = page.script(
        "return [...document.querySelectorAll('*')].filter((e) => ['', '::before', '::after']"
        ".some((p) => { const s = getComputedStyle(e, p || null);"
        " return s.animationName !== 'none' || s.transitionDuration !== '0s' })).length"
    )
    assert moving == 0


def test_the_page_needs_nothing_from_elsewhere_and_no_inline_code(page: Storefront) -> None:
    page.open()
    policy = page.all("meta[http-equiv=Content-Security-Policy]")[0].get_attribute("content")
    assert policy.startswith("default-src 'self'; img-src * data:;")
    assert page.script("return document.querySelectorAll('[style], style, [onclick]').length") == 0
    loaded = page.script("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert loaded
    assert all(address.startswith(page.site.base) for address in loaded)
