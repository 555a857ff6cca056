"""The storefront of a service that needs keys."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import httpx2
import pytest
from selenium.webdriver.common.keys import Keys

from searchsvc.keys.draft import KeyDraft
from searchsvc.keys.role import Role
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.browser.checks import violations
from tests.browser.conftest import Storefront, _storefront, build, jacket, serve

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from selenium import webdriver

    from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """A service that answers nobody without a key; its index is `demo`."""
    data_dir = tmp_path_factory.mktemp("guarded")

    def prepare(base: str) -> None:
        build(data_dir, "demo", [jacket(number, base) for number in range(8)])

    with serve(data_dir, prepare, keys="required") as running:
        yield running


@pytest.fixture
def page(chromium: webdriver.Chrome, guarded: Site) -> Generator[Storefront]:
    """Its storefront, in a tab where no key was entered yet."""
    chromium.get(f"{guarded.base}/favicon.svg")
    chromium.execute_script("localStorage.clear(); sessionStorage.clear()")
    guarded.record.posted.clear()
    for storefront in _storefront(chromium, guarded):
        storefront.expected_errors += ["401", "403"]  # as the browser calls a refusal
        yield storefront


def make_key(site: Site, *roles: Role) -> str:
    """A new key that the service knows."""
    key, secret = KeyDraft(frozenset(roles)).key(time.time_ns() // 1_000_000)
    with closing(StateStore.open(Settings(data_dir=site.data_dir))) as store:
        store.put_key(key, actor="cli:test")
    return await_status(site, secret.text, {200, 403})


def await_status(site: Site, secret: str, wanted: set[int]) -> str:
    headers = {"X-API-Key": secret}
    for _ in range(500):
        if httpx2.get(f"{site.base}/v1/indexes", headers=headers).status_code in wanted:
            return secret
        time.sleep(0.02)
    pytest.fail(f"the service did not answer with one of {wanted}")


def enter(page: Storefront, key: str) -> None:
    page.await_that(lambda: page.all("[name=key]"))
    field = page.one("[name=key]")
    field.clear()
    field.send_keys(key, Keys.ENTER)


def test_the_page_asks_for_a_key_and_uses_it_for_all_that_it_asks(page: Storefront) -> None:
    key = make_key(page.site, Role.SEARCH, Role.EVENTS)
    page.browser.get(f"{page.site.base}/?q=harbour")
    enter(page, "wrong")
    page.await_that(lambda: "not a key of this service" in page.part("key-failure").text)
    assert page.script("return sessionStorage.length") == 0
    enter(page, key)
    page.await_answer("harbour")
    assert len(page.titles()) == 8
    assert key not in page.browser.current_url
    assert key not in page.browser.page_source
    assert page.script("return localStorage.getItem('searchsvc.key')") is None
    page.browser.refresh()
    page.await_answer("harbour")
    page.box.send_keys(Keys.CONTROL, "a")
    page.box.send_keys("harb")
    page.await_that(lambda: page.all("[role=option]"))


def test_events_are_sent_with_the_key(page: Storefront) -> None:
    key = make_key(page.site, Role.SEARCH, Role.EVENTS)
    page.browser.get(page.site.base)
    enter(page, key)
    page.await_answer("")
    page.one("#consent input").send_keys(Keys.SPACE)
    page.await_that(lambda: page.one("#consent input").is_selected())
    page.await_answer("")
    page.one(".card a").send_keys(Keys.ENTER)
    with closing(StateStore.open(Settings(data_dir=page.site.data_dir))) as store:
        page.await_that(lambda: {event.kind for event in store.events("demo")} >= {"click"})


def test_a_key_for_something_else_is_refused_in_words(page: Storefront) -> None:
    page.browser.get(page.site.base)
    enter(page, make_key(page.site, Role.METRICS))
    page.await_that(lambda: "not for searching" in page.part("key-failure").text)


def test_the_page_asks_again_when_its_key_holds_no_more(page: Storefront) -> None:
    key = make_key(page.site, Role.SEARCH)
    page.browser.get(page.site.base)
    enter(page, key)
    page.await_answer("")
    with closing(StateStore.open(Settings(data_dir=page.site.data_dir))) as store:
        store.revoke_key(key.split("_")[1], actor="cli:test")
    await_status(page.site, key, {401})
    page.box.send_keys("jacket", Keys.ENTER)
    page.await_that(lambda: page.all("[name=key]"))


def test_the_form_can_be_used_by_everybody(page: Storefront, npm_folder: Path) -> None:
    page.browser.get(page.site.base)
    page.await_that(lambda: page.all("[name=key]"))
    assert violations(page, npm_folder) == []


def test_the_preview_takes_a_key_of_an_administrator(page: Storefront) -> None:
    page.browser.get(f"{page.site.base}/preview.html")
    enter(page, make_key(page.site, Role.SEARCH))
    page.await_that(lambda: "not an administrator" in page.part("key-failure").text)
    enter(page, make_key(page.site, Role.ADMIN))
    page.await_that(lambda: page.all(".column"))
