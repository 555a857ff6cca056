"""The pages of the documentation under their content security policy, in headless Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.browser.conftest import Storefront

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/docs", ".opblock-summary-path"), ("/redoc", "[data-role='redoc'] h1, h1")],
)
def test_the_documentation_works_under_its_policy(page: Storefront, path: str, shown: str) -> None:
    page.browser.get(page.site.base + path)
    page.await_that(lambda: page.all(shown))
    blocked = [
        entry["message"]
        for entry in page.browser.get_log("browser")
        if "Content Security Policy" in entry["message"]
    ]
    # ReDoc shows its maker's logo from its maker's host, which thereby learns nothing.
    assert all("https://cdn.redoc.ly/redoc/logo" in message for message in blocked), blocked
