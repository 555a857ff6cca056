"""The preview page: segments side by side, a draft with its errors in place, publishing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import searchsvc
from tests.browser.checks import OVERFLOW, PHONE, has_focus_ring, media, phone, violations
from tests.browser.conftest import CLUB, KEY

if TYPE_CHECKING:
    from collections.abc import Generator

    from selenium.webdriver.remote.webelement import WebElement

    from tests.browser.conftest import Site, Storefront

pytestmark = pytest.mark.browser

ADMIN = {"Authorization": f"Bearer {KEY}"}
PLACES = Path(searchsvc.__file__).parent / "storefront" / "src" / "preview" / "json-places.js"
SEGMENTS = "/v1/indexes/club/segments"
_WRITE = """
    const [box, text] = arguments;
    const {set} = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
    set.call(box, text);
    box.dispatchEvent(new Event("input", {bubbles: true}));
"""


@pytest.fixture
def bench(club_page: Storefront) -> Generator[Storefront]:
    """The page with the key entered; what a test publishes is taken back."""
    page = club_page
    _open(page, "?index=club&q=jacket")
    yield page
    _publish(page.site, CLUB)
    # A page with an unpublished draft asks whether to leave it.
    if page.all("textarea"):
        discard = (
            "[...document.querySelectorAll('button')].find((b) => /Discard/.test(b.textContent))"
        )
        page.script(f"document.querySelector('.draft').open = true; {discard}.click()")


def _open(page: Storefront, address: str = "", key: str = KEY) -> None:
    page.browser.get(f"{page.site.base}/preview.html{address}")
    page.await_that(lambda: page.all("[name=key]"))
    page.one("[name=key]").send_keys(key, Keys.ENTER)
    if key == KEY:
        _await_columns(page)


def _await_columns(page: Storefront) -> None:
    """Wait until the columns show the latest answer."""
    page.await_that(lambda: page.all(".column"))
    page.await_that(lambda: page.one(".columns").get_attribute("aria-busy") == "false")


def _publish(site: Site, document: dict[str, Any]) -> str:
    """Publish segments behind the page's back; gives the version."""
    answer = httpx2.put(f"{site.base}{SEGMENTS}", json=document, headers=ADMIN)
    version: str = answer.raise_for_status().headers["ETag"]
    return version


def _published(site: Site) -> dict[str, Any]:
    answer = httpx2.get(f"{site.base}{SEGMENTS}", headers=ADMIN).raise_for_status()
    document: dict[str, Any] = answer.json()
    return document


def _preview(site: Site, *names: str, **body: Any) -> list[dict[str, Any]]:
    """The columns that the service answers."""
    shoppers = [
        {"title": name, "user": {"consent": True, "segments": [name]} if name else {}}
        for name in names
    ]
    asked = {"query": "jacket", "limit": 12, "shoppers": shoppers, **body}
    answer = httpx2.post(f"{site.base}/v1/indexes/club/preview", json=asked, headers=ADMIN)
    columns: list[dict[str, Any]] = answer.raise_for_status().json()["columns"]
    return columns


def _texts(page: Storefront, selector: str) -> list[list[str]]:
    """The texts of the elements, by column."""
    found: list[list[str]] = page.script(
        "return [...document.querySelectorAll('.column')].map((column) =>"
        " [...column.querySelectorAll(arguments[0])].map((e) => e.textContent))",
        selector,
    )
    return found


def _titles(columns: list[dict[str, Any]]) -> list[list[str]]:
    return [[hit["product"]["title"] for hit in column["hits"]] for column in columns]


def _arrow(hit: dict[str, Any]) -> str:
    gained = hit["rank_before"] - hit["rank"]
    return "=" if gained == 0 else f"{'▲' if gained > 0 else '▼'}{abs(gained)}"


def _select(page: Storefront, label: str, option: str) -> None:
    (field,) = (one for one in page.all("label") if one.text.startswith(label))
    for one in field.find_elements(By.TAG_NAME, "option"):
        if one.text == option:
            one.click()
            return
    pytest.fail(f"no {option} in {label}")


def _edit(page: Storefront, before: str, after: str) -> str:
    """Change the draft; gives its text."""
    page.script("document.querySelector('.draft').open = true")
    box = page.one("textarea")
    text = _draft(page)
    assert text.count(before) == 1
    changed = text.replace(before, after)
    page.script(_WRITE, box, changed)
    return changed


def _draft(page: Storefront) -> str:
    text: str = page.script("return document.querySelector('textarea').value")
    return text


def _button(page: Storefront, text: str) -> WebElement:
    found = page.browser.find_elements(By.XPATH, f"//button[normalize-space()='{text}']")
    (shown,) = (one for one in found if one.is_displayed())
    return shown


# The key


def test_the_key_is_asked_for_once_and_kept_nowhere(club_page: Storefront) -> None:
    page = club_page
    page.expected_errors.append("401")
    _open(page, key="wrong")
    page.await_that(lambda: "not the key" in page.part("key-failure").text)
    assert not page.all(".column")
    page.one("[name=key]").clear()
    page.one("[name=key]").send_keys(KEY, Keys.ENTER)
    _await_columns(page)
    assert page.script("return [localStorage.length, sessionStorage.length]") == [0, 0]
    assert KEY not in page.browser.current_url
    assert KEY not in page.browser.page_source
    page.browser.refresh()
    page.await_that(lambda: page.all("[name=key]"))
    assert page.one("[name=key]").get_property("value") == ""


def test_a_service_without_a_key_says_how_to_set_one(page: Storefront) -> None:
    page.expected_errors.append("403")
    _open(page, key="any")
    page.await_that(lambda: "No key is set on this service" in page.part("key-failure").text)
    assert "SEARCHSVC_ADMIN_KEY=… searchsvc demo" in page.part("key-failure").text


# The columns


def test_columns_show_what_each_would_see_with_arrows(bench: Storefront) -> None:
    page = bench
    titles = [one.find_element(By.TAG_NAME, "h2").text for one in page.all(".column")]
    assert titles == ["Everybody", "Quayside fans", "bargains"]
    answers = _preview(page.site, "", "quayside", "bargains")
    assert _texts(page, ".title") == _titles(answers)
    assert _texts(page, ".shift [aria-hidden]") == [
        [_arrow(hit) for hit in one["hits"]] if one["personalization"]["applied"] else []
        for one in answers
    ]


def test_each_choice_stands_above_its_column(bench: Storefront) -> None:
    page = bench
    chosen = [one.rect for one in page.all(".columns select")]
    columns = [one.rect for one in page.all(".column")]
    assert len(chosen) == 3
    assert len({one["y"] for one in chosen}) == 1
    for choice, column in zip(chosen, columns, strict=True):
        assert choice["x"] == pytest.approx(column["x"], abs=1)
        assert choice["width"] == pytest.approx(column["width"], abs=1)
        assert choice["y"] < column["y"]


def test_a_small_picture_that_is_missing_has_no_room_for_a_brand(bench: Storefront) -> None:
    page = bench
    page.expected_errors.append("ERR_BLOCKED_BY_CLIENT")
    page.browser.execute_cdp_cmd("Network.enable", {})
    page.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/favicon.svg*"]})
    try:
        _open(page, "?index=club&q=jacket")
        page.await_that(lambda: page.all(".seen .drawing"))
        page.await_that(lambda: page.one(".seen .drawing svg").is_displayed())
        assert not any(one.is_displayed() for one in page.all(".seen .drawing span"))
    finally:
        page.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        page.browser.execute_cdp_cmd("Network.disable", {})


def test_other_segments_and_queries_are_chosen_and_stay_in_the_address(bench: Storefront) -> None:
    page = bench
    _select(page, "Column 1", "bargains")
    _select(page, "Column 3", "None")
    page.one("[type=search]").clear()
    page.one("[type=search]").send_keys("harbour 007")
    page.await_that(lambda: len(page.all(".column")) == 2)
    answers = _preview(page.site, "bargains", "quayside", query="harbour 007")
    page.await_that(lambda: _texts(page, ".title") == _titles(answers))
    choices = [one.rect["y"] for one in page.all(".columns select")]
    assert len(set(choices)) == 1
    assert page.browser.current_url.endswith(
        "?index=club&q=harbour+007&for=bargains&for=quayside&for=-"
    )
    page.browser.refresh()
    page.await_that(lambda: page.all("[name=key]"))
    page.one("[name=key]").send_keys(KEY, Keys.ENTER)
    _await_columns(page)
    assert _texts(page, ".title") == _titles(answers)


def test_why_is_told_on_hover_by_tap_and_by_key(bench: Storefront) -> None:
    page = bench
    (answer,) = _preview(page.site, "quayside")
    place, hit = next(
        (n, hit) for n, hit in enumerate(answer["hits"]) if hit["rank_before"] > hit["rank"]
    )
    row = page.all(".column")[1].find_elements(By.CSS_SELECTOR, ".seen")[place]
    button = row.find_element(By.CSS_SELECTOR, ".shift")
    assert button.get_attribute("aria-expanded") == "false"
    page.script("arguments[0].focus()", button)
    assert has_focus_ring(page, button)
    page.type(Keys.ENTER)
    page.await_that(lambda: row.find_elements(By.CSS_SELECTOR, ".reasons"))
    told = row.find_element(By.CSS_SELECTOR, ".reasons").text
    moved = f"Moved up from {hit['rank_before']} to {hit['rank']}, compared with the order"
    assert told.startswith(moved)
    assert moved in button.accessible_name
    for preference in hit["preferences"]:
        assert f"Quayside fans: {preference['name']}" in told
    page.type(Keys.ESCAPE)
    page.await_that(lambda: not page.all(".reasons"))
    hover = {"type": "mouseMoved", **_middle(page, row)}
    page.browser.execute_cdp_cmd("Input.dispatchMouseEvent", hover)
    page.await_that(lambda: row.find_elements(By.CSS_SELECTOR, ".reasons"))
    page.browser.execute_cdp_cmd("Input.dispatchMouseEvent", {**hover, "x": 1, "y": 1})
    page.await_that(lambda: not page.all(".reasons"))


def _middle(page: Storefront, element: WebElement) -> dict[str, float]:
    page.script("arguments[0].scrollIntoView({block: 'center'})", element)
    x, y = page.script(
        "const r = arguments[0].getBoundingClientRect();"
        "return [r.x + r.width / 2, r.y + r.height / 2]",
        element,
    )
    return {"x": x, "y": y}


# The draft


def test_a_draft_changes_the_columns_and_nothing_else(bench: Storefront) -> None:
    page = bench
    before = page.site.ask("club", query="jacket", consent=True, ruleContexts=["quayside"])
    published = _published(page.site)
    text = _edit(page, '"weight": 1, "name": "by Quayside"', '"weight": -1, "name": "no Quayside"')
    names = ("", "quayside", "bargains")
    answers = _preview(page.site, *names, segments=json.loads(text))
    page.await_that(lambda: _texts(page, ".title") == _titles(answers))
    assert _published(page.site) == published
    after = page.site.ask("club", query="jacket", consent=True, ruleContexts=["quayside"])
    assert [hit["title"] for hit in after["hits"]] == [hit["title"] for hit in before["hits"]]
    _button(page, "Discard the draft").click()
    page.await_that(lambda: _texts(page, ".title") == _titles(_preview(page.site, *names)))


def test_a_segment_of_the_draft_can_be_chosen_before_it_is_published(bench: Storefront) -> None:
    page = bench
    new = '"segments": [{"name": "new", "title": "Brand new", "boosts": []},'
    _edit(page, '"segments": [', new)
    _await_columns(page)
    _select(page, "Column 3", "Brand new")
    page.await_that(lambda: page.texts(".column h2")[2:] == ["Brand new"])


@pytest.mark.parametrize(
    ("before", "after", "said", "selected"),
    [
        ("effective_price < 60", "efective_price < 60", "unknown field", '"efective_price < 60"'),
        ('"weight": -0.5', '"weight": -5', "greater than or equal to -1", "-5"),
        ('"name": "phones"', '"name": "bargains"', "already; rename", '"bargains"'),
        ('"fact": "device",', '"fact": "orders",', "cannot be compared", '"mobile"'),
        ('"enabled": false', '"enabled": falsch', "expected a value", "f"),
        ('"timezone": "UTC",', '"timezone": "UTC"', "expected a comma or }", '"'),
    ],
)
def test_what_is_wrong_with_a_draft_is_shown_at_its_place(
    bench: Storefront, before: str, after: str, said: str, selected: str
) -> None:
    page = bench
    page.expected_errors.append("400")
    text = _edit(page, before, after)
    page.await_that(lambda: said in page.part("complaints").text)
    assert page.one("textarea").get_attribute("aria-invalid") == "true"
    assert not _button(page, "Publish …").is_enabled()
    (line,) = page.texts(".gutter .wrong")
    page.one("#complaints button").click()
    chosen = page.script(
        "const e = document.activeElement;"
        "return [e.tagName, e.value.slice(e.selectionStart, e.selectionEnd), e.selectionStart]"
    )
    assert chosen[:2] == ["TEXTAREA", selected]
    assert text[: chosen[2]].count("\n") + 1 == int(line)
    assert f"Line {line}" in page.part("complaints").text


def test_a_draft_is_published_after_it_was_confirmed(bench: Storefront) -> None:
    page = bench
    text = _edit(page, '"title": "Quayside fans"', '"title": "Friends of the quay"')
    _await_columns(page)
    page.await_that(lambda: _button(page, "Publish …").is_enabled())
    _button(page, "Publish …").click()
    page.await_that(lambda: page.all("dialog[open]"))
    assert "changed: quayside" in page.one("dialog[open]").text
    _button(page, "Cancel").click()
    assert "Friends" not in json.dumps(_published(page.site))
    _button(page, "Publish …").click()
    _button(page, "Publish").click()
    page.await_that(lambda: "Friends of the quay" in json.dumps(_published(page.site)))
    page.await_that(lambda: page.texts(".column h2")[1:2] == ["Friends of the quay"])
    assert json.loads(_draft(page)) == json.loads(text)
    names = httpx2.get(f"{page.site.base}{SEGMENTS}/names").json()["segments"]
    assert "Friends of the quay" in [one["title"] for one in names]


def test_what_somebody_else_published_meanwhile_is_not_overwritten(bench: Storefront) -> None:
    page = bench
    page.expected_errors.append("412")
    _edit(page, '"title": "Quayside fans"', '"title": "Mine"')
    theirs = {"segments": [{"name": "theirs", "title": "Theirs"}]}
    _publish(page.site, theirs)
    page.await_that(lambda: _button(page, "Publish …").is_enabled())
    _button(page, "Publish …").click()
    _button(page, "Publish").click()
    page.await_that(lambda: "Somebody else" in page.one("dialog[open]").text)
    assert [one["name"] for one in _published(page.site)["segments"]] == ["theirs"]
    _button(page, "Drop the draft and load theirs").click()
    page.await_that(lambda: "Theirs" in _draft(page))


# Places in JSON


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text('ab"\\{}[],:. \n', max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=12,
)


def _parts(value: Any, path: str = "") -> dict[str, Any]:
    """All parts of decoded JSON by their paths."""
    found = {path: value}
    if isinstance(value, dict):
        for name, part in value.items():
            found |= _parts(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            found |= _parts(part, f"{path}[{number}]")
    return found


def test_every_part_of_a_document_is_found_where_it_stands(club_page: Storefront) -> None:
    page = club_page
    page.module(PLACES, "window.places = m")

    @given(value=_JSON, indent=st.none() | st.integers(0, 3))
    @settings(max_examples=60, deadline=None)
    def check(value: Any, indent: int | None) -> None:
        text = json.dumps(value, indent=indent)
        read, places = page.script(
            "const {value, places} = window.places.readJson(arguments[0]);"
            "const spans = [...places].map(([path, {start, end}]) => [path, start, end]);"
            "return [JSON.stringify(value), spans]",
            text,
        )
        assert json.loads(read) == value
        assert {path: json.loads(text[start:end]) for path, start, end in places} == _parts(value)

    check()


def test_what_is_no_json_is_refused_where_the_browser_refuses_it(club_page: Storefront) -> None:
    page = club_page
    page.module(PLACES, "window.places = m")

    @given(
        value=_JSON, at=st.integers(0, 60), sign=st.sampled_from(["", *'{}[]",:0-e\\ \n\x01tx'])
    )
    @settings(max_examples=100, deadline=None)
    def check(value: Any, at: int, sign: str) -> None:
        text = json.dumps(value)
        text = text[:at] + sign + text[at + 1 :]
        wrong, parsed = page.script(
            "const {wrong} = window.places.readJson(arguments[0]); let parsed = true;"
            "try { JSON.parse(arguments[0]) } catch { parsed = false }"
            "return [wrong ? [wrong.start, wrong.message] : null, parsed]",
            text,
        )
        assert (wrong is None) == parsed
        if wrong is not None:
            assert 0 <= wrong[0] <= len(text)
            assert wrong[1].startswith("expected ")

    check()


# For everybody


def test_everything_on_the_page_can_be_used_by_keyboard(bench: Storefront) -> None:
    page = bench
    page.script("document.querySelector('.draft').open = true")
    page.script("document.querySelector('.logo').focus()")
    stops: list[str] = []
    while len(stops) < 60 and page.all(".shift")[-1] != page.focused():
        page.type(Keys.TAB)
        focused = page.focused()
        stops.append(focused.accessible_name)
        assert has_focus_ring(page, focused), f"no visible focus on {stops[-1]}"
    expected = {
        "Query",
        "Column 1",
        "Column 2",
        "Column 3",
        "Segments as JSON",
        "Edit the segments",
    }
    assert expected <= set(stops)
    assert "What they would see" in stops


def test_a_phone_needs_no_sideways_scrolling_of_the_page(bench: Storefront) -> None:
    page = bench
    phone(page)
    page.await_that(lambda: page.script("return innerWidth") == PHONE["width"])
    page.script("document.querySelector('.draft').open = true")
    assert page.script("return document.documentElement.scrollWidth") == PHONE["width"]
    assert page.script("return document.querySelector('.columns').scrollWidth") > PHONE["width"]
    hidden = "document.querySelectorAll('.columns > *').forEach((e) => e.hidden = true);"
    page.script(hidden)  # they scroll in a frame of their own
    assert page.script(OVERFLOW) == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_on_the_preview(
    bench: Storefront, npm_folder: Path, scheme: str
) -> None:
    page = bench
    page.expected_errors.append("400")
    media(page, "prefers-color-scheme", scheme)
    page.all(".shift")[0].click()
    page.await_that(lambda: page.all(".reasons"))
    assert violations(page, npm_folder) == []
    _edit(page, "effective_price < 60", "efective_price < 60")
    page.await_that(lambda: page.part("complaints").text)
    assert violations(page, npm_folder) == []
    _edit(page, "efective_price < 60", "effective_price < 50")
    page.await_that(lambda: _button(page, "Publish …").is_enabled())
    _button(page, "Publish …").click()
    assert violations(page, npm_folder) == []
    _button(page, "Cancel").click()
    phone(page)
    page.await_that(lambda: page.script("return innerWidth") == PHONE["width"])
    assert violations(page, npm_folder) == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_where_the_key_is_asked_for(
    club_page: Storefront, npm_folder: Path, scheme: str
) -> None:
    page = club_page
    page.expected_errors.append("401")
    media(page, "prefers-color-scheme", scheme)
    _open(page, key="wrong")
    page.await_that(lambda: page.part("key-failure").text)
    assert violations(page, npm_folder) == []
