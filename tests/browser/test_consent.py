"""Consent on the storefront: what is kept and sent before, with and after it; segments; why."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.checks import OVERFLOW, PHONE, has_focus_ring, media, phone, violations
from tests.browser.conftest import CLUB, KEY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import Site, Storefront

pytestmark = pytest.mark.browser

QUERIES = "/1/indexes/*/queries"
EVENTS = "/v1/events"
AS_QUAYSIDE = {"consent": True, "ruleContexts": ["quayside"]}
ABOUT_SHOPPERS = {
    "userToken",
    "consent",
    "clickAnalytics",
    "enablePersonalization",
    "ruleContexts",
    "viewed",
    "context",
}
_STORED = """
    return [localStorage, sessionStorage].flatMap((one) => Object.entries(one))
        .filter(([name]) => !/^searchsvc-(recent|theme)/.test(name));
"""


def _agree(page: Storefront) -> str:
    """Switch personalization on; gives the token."""
    page.one("#consent input").send_keys(Keys.SPACE)
    page.await_that(lambda: re.search(r"\bOn[:,]", page.part("consent").text))
    page.await_that(lambda: _last_search(page).get("consent"))
    token: str = page.script("return localStorage.getItem('searchsvc-visitor')")
    return token


def _sent(page: Storefront) -> list[dict[str, Any]]:
    """All requests for hits or counts that the page has sent, latest last."""
    bodies = [json.loads(body) for path, body in page.site.record.posted if path == QUERIES]
    return [one for body in bodies for one in body["requests"]]


def _searches(page: Storefront) -> list[dict[str, Any]]:
    """The searches for hits that the page has sent, latest last."""
    return [one for one in _sent(page) if one.get("hitsPerPage") == 24]


def _last_search(page: Storefront) -> dict[str, Any]:
    return _searches(page)[-1]


def _events(page: Storefront) -> list[dict[str, Any]]:
    """The events that the page has sent, each with what its request says of all."""
    bodies = [json.loads(body) for path, body in page.site.record.posted if path == EVENTS]
    return [{**body, **event} for body in bodies for event in body.pop("events")]


def _known(site: Site, token: str) -> dict[str, Any]:
    """What the service knows of a user."""
    address = f"{site.base}/v1/users/{token}"
    answer = httpx2.get(address, headers={"Authorization": f"Bearer {KEY}"}).raise_for_status()
    known: dict[str, Any] = answer.json()
    return known


def _open_first(page: Storefront) -> str:
    """Open the first product; gives its id."""
    page.one(".card .title a").click()
    page.await_that(lambda: page.all("#detail[open] #detail-title"))
    page.await_address("product=")
    address: str = page.browser.current_url
    return parse_qs(urlsplit(address).query)["product"][0]


def _close(page: Storefront) -> None:
    page.one("#detail .icon").click()
    page.await_that(lambda: not page.all("#detail[open]"))


def _choose(page: Storefront, option: str) -> None:
    (found,) = (one for one in page.all("#shopper option") if one.text == option)
    found.click()


# Without consent


def test_without_consent_nothing_about_the_shopper_is_kept_or_sent(club_page: Storefront) -> None:
    page = club_page
    page.open("?q=jacket", query="jacket")
    assert not page.one("#consent input").is_selected()
    _open_first(page)
    page.await_that(lambda: page.all("#detail .similar li"))
    assert not page.all("#detail .trade")
    _close(page)
    page.search("harbour")
    assert page.script(_STORED) == []
    assert _events(page) == []
    assert all(not ABOUT_SHOPPERS & one.keys() for one in _searches(page))
    assert not page.all("#why summary")
    assert page.browser.get_cookies() == []


def test_consent_that_was_withdrawn_leaves_the_requests_of_before(club_page: Storefront) -> None:
    page = club_page
    page.open("?q=jacket", query="jacket")
    before = [body for path, body in page.site.record.posted if path == QUERIES]
    token = _agree(page)
    _open_first(page)
    page.await_that(lambda: len(_events(page)) == 2)
    _close(page)
    assert {name for name, _ in page.script(_STORED)} == {
        "searchsvc-visitor",
        "searchsvc-viewed-club",
    }
    page.one("#consent input").send_keys(Keys.SPACE)
    assert page.script(_STORED) == []
    assert f"Your number was {token}: give it to the shop" in page.part("forgotten").text
    assert "nothing more about you" in page.part("consent").text
    page.site.record.posted.clear()
    page.open("?q=jacket", query="jacket")
    assert [body for path, body in page.site.record.posted if path == QUERIES] == before
    assert token not in page.browser.page_source
    _open_first(page)
    page.await_that(lambda: page.all("#detail .similar li"))
    assert _events(page) == []


# With consent


def test_searches_carry_the_token_and_what_was_viewed(club_page: Storefront) -> None:
    page = club_page
    page.open("?q=jacket", query="jacket")
    token = _agree(page)
    assert re.fullmatch(r"[0-9a-f]{32}", token)
    sent = _last_search(page)
    assert sent["userToken"] == token
    assert sent["context"] == {"device": "desktop"}
    assert "viewed" not in sent
    count = len(_searches(page))
    viewed = _open_first(page)
    _close(page)
    assert len(_searches(page)) == count  # what is on the page keeps its order
    page.search("harbour")
    assert _last_search(page)["viewed"] == [viewed]
    others = [one for one in _sent(page) if one.get("hitsPerPage") == 0]
    assert others
    assert all("userToken" not in one for one in others)  # what only counts needs nobody
    page.await_address("q=harbour")
    page.browser.refresh()
    page.await_answer("harbour")
    assert page.one("#consent input").is_selected()
    assert _last_search(page)["userToken"] == token


def test_what_is_done_reaches_the_shop_with_its_search_and_place(club_page: Storefront) -> None:
    page = club_page
    page.open("?q=jacket", query="jacket")
    token = _agree(page)
    page.await_that(lambda: len(page.all(".card")) == 24)
    page.all(".card .title a")[2].click()
    page.await_that(lambda: page.all("#detail .trade"))
    page.await_address("product=")
    opened = parse_qs(urlsplit(page.browser.current_url).query)["product"]
    for button in page.all("#detail .trade button"):
        button.click()
    assert "Noted as bought." in page.one("#detail .trade").text
    page.await_that(lambda: len(_events(page)) == 4)
    click, view, cart, purchase = _events(page)
    assert [one["type"] for one in (click, view, cart, purchase)] == [
        "click",
        "view",
        "add_to_cart",
        "purchase",
    ]
    assert all(one["user_token"] == token and one["index"] == "club" for one in (click, view))
    assert click["items"][0]["position"] == 3
    assert {item["id"] for one in _events(page) for item in one["items"]} == set(opened)
    assert purchase["currency"] == "USD"
    assert purchase["items"] == cart["items"]
    shown = page.one("#detail .price").text
    assert shown == f"${purchase['items'][0]['price']:.2f}"
    page.await_that(lambda: len(_known(page.site, token)["events"]) >= 5)
    events = _known(page.site, token)["events"]
    (searched,) = (one for one in events if one["kind"] == "search")
    assert searched["query"] == "jacket"
    assert {one["query_id"] for one in events} == {searched["query_id"]}


def test_events_that_cannot_be_sent_do_not_disturb(club_page: Storefront) -> None:
    page = club_page
    page.expected_errors.append("ERR_BLOCKED_BY_CLIENT")
    page.browser.execute_cdp_cmd("Network.enable", {})
    page.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/v1/events"]})
    try:
        page.open("?q=jacket", query="jacket")
        _agree(page)
        _open_first(page)
        page.await_that(lambda: page.all("#detail .trade"))
        page.one("#detail .trade button").click()
        assert "Noted" in page.one("#detail .trade").text
        _close(page)
        page.search("harbour")
        assert page.part("notice").text == ""
        assert _events(page) == []
    finally:
        page.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        page.browser.execute_cdp_cmd("Network.disable", {})


def test_another_tab_that_forgets_the_shopper_forgets_here_too(club_page: Storefront) -> None:
    page = club_page
    page.open("?q=jacket", query="jacket")
    _agree(page)
    _open_first(page)
    _close(page)
    first = page.browser.current_window_handle
    page.browser.switch_to.new_window("tab")
    try:
        page.open("?q=jacket", query="jacket")
        page.one("#consent input").send_keys(Keys.SPACE)
    finally:
        page.browser.close()
        page.browser.switch_to.window(first)
    page.await_that(lambda: not page.one("#consent input").is_selected())
    assert page.script(_STORED) == []


def test_a_browser_that_stores_nothing_remembers_until_it_is_left(club_page: Storefront) -> None:
    page = club_page
    refuse = "Storage.prototype.setItem = () => { throw new Error('no space') }"
    command = "Page.addScriptToEvaluateOnNewDocument"
    added = page.browser.execute_cdp_cmd(command, {"source": refuse})
    try:
        page.open("?q=jacket", query="jacket")
        page.one("#consent input").send_keys(Keys.SPACE)
        page.await_that(lambda: _last_search(page).get("userToken"))
        viewed = _open_first(page)
        _close(page)
        page.search("harbour")
        assert _last_search(page)["viewed"] == [viewed]
        assert page.script(_STORED) == []
        page.await_address("q=harbour")
        page.browser.refresh()
        page.await_answer("harbour")
        assert not page.one("#consent input").is_selected()
    finally:
        page.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


def test_the_privacy_note_says_what_happens_and_tells_the_number(club_page: Storefront) -> None:
    page = club_page
    page.open()
    page.one("#consent .link").send_keys(Keys.ENTER)
    page.await_that(lambda: page.all("#privacy[open]"))
    assert "no IP address" in page.part("privacy").text
    assert "stays stored until the retention period ends" in page.part("privacy").text
    assert page.part("number").text == ""
    page.type(Keys.ESCAPE)
    page.await_that(lambda: not page.all("#privacy[open]"))
    assert page.focused().text == "Privacy"
    page.one("#consent input").send_keys(Keys.SPACE)
    page.one("#consent .link").click()
    token = page.script("return localStorage.getItem('searchsvc-visitor')")
    assert token in page.part("number").text
    page.one("#privacy button").click()
    page.await_that(lambda: not page.all("#privacy[open]"))


def test_the_numbers_that_were_forgotten_stand_there_until_they_are_dismissed(
    club_page: Storefront,
) -> None:
    page = club_page
    page.open("?q=jacket", query="jacket")
    first = _agree(page)
    page.one("#consent input").send_keys(Keys.SPACE)
    second = _agree(page)
    assert page.texts("#forgotten code") == [first]  # whose events are still stored
    page.one("#consent input").send_keys(Keys.SPACE)
    page.one("#forgotten code").click()
    assert page.script("return String(getSelection())").strip() == first
    page.search("harbour")
    assert page.texts("#forgotten code") == [first, second]
    page.script("arguments[0].focus()", page.one("#forgotten button"))
    assert has_focus_ring(page, page.focused())
    page.type(Keys.ENTER)
    assert page.texts("#forgotten code") == [second]
    assert page.focused() == page.one("#consent input")
    assert page.script(_STORED) == []
    page.await_address("q=harbour")
    page.browser.refresh()
    page.await_answer("harbour")
    assert page.part("forgotten").text == ""


# Segments


def test_the_page_can_be_seen_as_a_segment_of_the_shop(club_page: Storefront) -> None:
    page = club_page
    page.open("?q=jacket", query="jacket")
    names = ["Everyone", "Quayside fans", "bargains", "On a phone"]
    assert page.texts("#shopper option") == names  # the one that is not enabled is not among them
    before, total = page.titles(), page.total()
    _choose(page, "Quayside fans")
    page.await_that(lambda: page.all(".moved.up"))
    sent = _last_search(page)
    assert {name: sent[name] for name in ABOUT_SHOPPERS & sent.keys()} == AS_QUAYSIDE
    assert "optionalFilters" not in sent
    assert page.total() == total
    after = page.titles()
    assert after != before
    asked = page.site.ask("club", query="jacket", consent=True, ruleContexts=["quayside"])
    assert after == [hit["title"] for hit in asked["hits"]]
    everyone = [
        hit["title"] for hit in page.site.ask("club", query="jacket", hitsPerPage=1000)["hits"]
    ]
    for place, title in enumerate(after):
        gained = everyone.index(title) - place
        shown = page.texts(f".cards > li:nth-child({place + 1}) .moved [aria-hidden]")
        assert shown == ([] if gained == 0 else [f"{'▲' if gained > 0 else '▼'}{abs(gained)}"])
    note = page.part("shopper-note").text
    assert "counts as your consent" in note
    assert "nothing is stored" in note
    assert page.script(_STORED) == []
    assert _events(page) == []
    compared = "compared with the order of everybody"
    for arrow in page.all(".moved"):
        assert arrow.get_attribute("title") == compared
        assert compared in arrow.text
    page.await_address("shopper=quayside")
    _choose(page, "Everyone")
    page.await_that(lambda: page.titles() == before)


def test_nothing_is_stored_of_whoever_sees_the_page_as_a_segment(club_page: Storefront) -> None:
    page = club_page
    page.open("?q=jacket", query="jacket")
    token = _agree(page)
    _open_first(page)
    _close(page)
    page.await_that(lambda: len(_known(page.site, token)["events"]) == 3)
    viewed = page.script("return sessionStorage.getItem('searchsvc-viewed-club')")
    page.site.record.posted.clear()
    _choose(page, "Quayside fans")
    page.await_that(lambda: page.all(".moved.up"))
    assert "not while you see the page as somebody else" in page.part("consent").text
    page.one("#explain input").send_keys(Keys.SPACE)
    page.await_that(lambda: page.all(".explanation"))
    page.one("#explain input").send_keys(Keys.SPACE)
    page.one("#why summary").click()
    page.await_that(lambda: page.all("#reasons li"))
    _open_first(page)
    page.await_that(lambda: page.all("#detail .similar li"))
    assert not page.all("#detail .trade")
    _close(page)
    page.search("harbour")
    sent = _sent(page)
    for one in sent:
        about = {name: one[name] for name in ABOUT_SHOPPERS & one.keys()}
        assert about in ({}, AS_QUAYSIDE)  # nothing in what asks for everybody's order or counts
    assert sum("ruleContexts" in one for one in sent) == 5
    assert _events(page) == []
    assert page.script("return sessionStorage.getItem('searchsvc-viewed-club')") == viewed
    assert len(_known(page.site, token)["events"]) == 3
    _choose(page, "Everyone")
    page.await_that(lambda: _last_search(page).get("userToken") == token)
    assert "ruleContexts" not in _last_search(page)
    page.await_that(lambda: len(_known(page.site, token)["events"]) == 4)


def test_the_explanation_names_segment_and_boost_and_the_ranks(club_page: Storefront) -> None:
    page = club_page
    page.open("?q=jacket&explain=1&shopper=quayside", query="jacket")
    page.await_that(lambda: page.all(".moved.up"))
    answer = page.site.ask(
        "club", query="jacket", consent=True, ruleContexts=["quayside"], getRankingInfo=True
    )
    everyone = [
        hit["title"] for hit in page.site.ask("club", query="jacket", hitsPerPage=1000)["hits"]
    ]
    moved = 0
    for place, hit in enumerate(answer["hits"], 1):
        card = f".cards > li:nth-child({place})"
        rows = [
            (name, text)
            for name, text in zip(
                page.texts(f"{card} .explanation dt"),
                page.texts(f"{card} .explanation dd"),
                strict=True,
            )
            if name in {"Rank", "Quayside fans"}
        ]
        before = everyone.index(hit["title"]) + 1
        arrow = f"{'▲' if before > place else '▼'}{abs(before - place)}"
        rank = f"{place}" if before == place else f"{place}, {arrow} from {before}"
        signed = [
            (it["name"], f"{'−' if it['gain'] < 0 else '+'}{abs(it['gain']):.3f}")
            for it in hit["_rankingInfo"]["searchsvc"]["preferences"]
        ]
        moved += bool(signed)
        assert rows == [
            ("Rank", rank),
            *(("Quayside fans", f"{name} {gain}") for name, gain in signed),
        ]
    assert moved


def test_why_this_order_is_said_in_plain_words(club_page: Storefront) -> None:
    page = club_page
    page.open("?q=jacket&shopper=quayside", query="jacket")
    assert not page.all("#reasons li")
    assert page.one("#why details").get_property("open") is False
    page.one("#why summary").send_keys(Keys.ENTER)
    page.await_that(lambda: page.all("#reasons li"))
    sentence = page.texts("#reasons li")[0]
    assert sentence.startswith("You see the page as “Quayside fans”: first comes “by Quayside”")
    page.one("#why summary").send_keys(Keys.ENTER)
    page.await_that(lambda: not page.all("#reasons li"))


def test_what_was_just_viewed_is_a_reason_and_nobody_counts_it_as_a_search(
    club_page: Storefront,
) -> None:
    page = club_page
    page.open("?q=jacket", query="jacket")
    token = _agree(page)
    _open_first(page)
    _close(page)
    page.search("harbour")
    page.await_that(lambda: page.all("#why summary"))
    page.one("#why summary").click()
    page.await_that(lambda: page.all("#reasons li"))
    assert "You looked at similar products just now." in page.texts("#reasons li")
    page.await_that(lambda: len(_known(page.site, token)["events"]) >= 4)
    kinds = [one["kind"] for one in _known(page.site, token)["events"]]
    assert kinds.count("search") == 2


def test_only_what_the_phone_says_of_itself_brings_a_segment_by_rule(
    club_page: Storefront,
) -> None:
    page = club_page
    phone(page)
    page.open("?q=jacket", query="jacket")
    _agree(page)
    assert _last_search(page)["context"] == {"device": "mobile"}
    answer = page.site.ask("club", query="jacket", consent=True, context={"device": "mobile"})
    found = answer["extensions"]["searchsvc"]["personalization"]["segments"]
    assert [one["name"] for one in found] == ["phones"]


def test_the_names_of_segments_say_nothing_else(club: Site) -> None:
    answer = httpx2.get(f"{club.base}/v1/indexes/club/segments/names").raise_for_status().json()
    enabled = [one for one in CLUB["segments"] if one.get("enabled", True)]
    assert answer == {
        "segments": [
            {"name": one["name"], "title": one.get("title", one["name"])} for one in enabled
        ]
    }


# For everybody


def test_consent_is_given_and_asked_about_by_keyboard(club_page: Storefront) -> None:
    page = club_page
    page.open("?q=jacket", query="jacket")
    page.script("document.querySelector('#explain input').focus()")
    page.type(Keys.TAB)
    assert page.focused().accessible_name == "Personalize my results"
    assert has_focus_ring(page, page.focused())
    described = page.focused().get_attribute("aria-describedby")
    assert page.part(described or "").text == (
        "Off: nothing about you is sent or stored by the shop; "
        "recent searches stay in this browser."
    )
    page.type(Keys.SPACE)
    page.await_that(lambda: page.part("consent").text.find("On:") >= 0)
    page.type(Keys.TAB)
    assert page.focused().text == "Privacy"
    assert has_focus_ring(page, page.focused())


def test_nothing_needs_sideways_scrolling_on_a_phone(club_page: Storefront) -> None:
    page = club_page
    phone(page)
    page.open("?q=jacket&shopper=quayside&explain=1", query="jacket")
    assert page.one("#why details").get_property("open") is False
    page.await_that(lambda: page.all(".understanding"))
    assert page.one(".understanding details").get_property("open") is False
    _agree(page)
    page.await_that(lambda: page.all("#why summary"))
    page.one("#why summary").click()
    page.await_that(lambda: page.all("#reasons li"))
    page.one(".understanding summary").click()
    page.one("#consent input").send_keys(Keys.SPACE)  # says a long number
    assert page.script("return document.documentElement.scrollWidth") == PHONE["width"]
    assert page.script(OVERFLOW) == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_with_consent(
    club_page: Storefront, npm_folder: Path, scheme: str
) -> None:
    page = club_page
    media(page, "prefers-color-scheme", scheme)
    page.open("?q=jacket&shopper=quayside&explain=1", query="jacket")
    page.one("#consent input").send_keys(Keys.SPACE)
    page.one("#consent input").send_keys(Keys.SPACE)
    page.await_that(lambda: page.all("#forgotten code"))
    _agree(page)
    page.await_that(lambda: page.all("#why summary"))
    page.one("#why summary").click()
    page.await_that(lambda: page.all("#reasons li"))
    assert violations(page, npm_folder) == []
    page.one("#consent .link").click()
    page.await_that(lambda: page.all("#privacy[open]"))
    assert violations(page, npm_folder) == []
    page.one("#privacy button").click()
    _choose(page, "Everyone")
    page.await_that(lambda: "shopper" not in page.browser.current_url)
    _open_first(page)
    page.await_that(lambda: page.all("#detail .trade"))
    assert violations(page, npm_folder) == []
