"""What is checked on every page: accessibility, visible focus, no sideways scrolling."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver.remote.webelement import WebElement

    from tests.browser.conftest import Storefront

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
OVERFLOW = """
    return [...document.querySelectorAll("body *")]
        .filter((e) => e.checkVisibility() && !e.closest(".unseen, .skip, dialog:not([open])"))
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)
        .map((e) => e.outerHTML.slice(0, 80));
"""
_HAS_FOCUS_RING = """
    const e = arguments[0];
    return [e, e.closest(".card"), e.closest(".aa-Form"), e.closest(".editor"),
            e.parentElement.querySelector(".knob")]
        .some((shown) => shown && getComputedStyle(shown).outlineStyle === "solid");
"""
_AXE = """
    const done = arguments[0];
    axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
        done(violations.map(({id, nodes}) => [id, ...nodes.map((n) => n.html.slice(0, 200))])));
"""


def media(page: Storefront, name: str, value: str) -> None:
    """Have the browser say that the user prefers something."""
    features = [{"name": name, "value": value}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def phone(page: Storefront) -> None:
    """Have the browser be a phone's."""
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)


def has_focus_ring(page: Storefront, focused: WebElement) -> bool:
    """Whether one sees where the focus is."""
    seen: bool = page.script(_HAS_FOCUS_RING, focused)
    return seen


def violations(page: Storefront, npm_folder: Path) -> list[list[str]]:
    """What axe finds on the page as it is."""
    page.script((npm_folder / "node_modules" / "axe-core" / "axe.min.js").read_text())
    found: list[list[str]] = page.browser.execute_async_script(_AXE)
    return found
