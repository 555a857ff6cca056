"""The judging page in headless Chromium: the real command, rated by the keyboard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from searchsvc.judging.store import read_ratings
from searchsvc.relevance.judgments import load_judgments

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from selenium.webdriver.remote.webelement import WebElement

pytestmark = pytest.mark.browser

_MAIN = "from searchsvc.cli import main; main()"
_PATIENCE_SECONDS = 30
QUERIES = ("waterproof jacket", "red sofa", "gaming keyboard")
DEPTH = 3


@dataclass(frozen=True)
class Command:
    """A running ``searchsvc judge``."""

    process: subprocess.Popen[bytes]
    address: str

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Judging:
    """The page as a rater sees and uses it."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser

    def open(self, address: str) -> None:
        self.browser.get("about:blank")  # another fragment alone would not load the page again
        self.browser.get(address)
        self.await_that(lambda: self.items() or self.message())

    def press(self, *keys: str) -> None:
        """Press keys one after the other, as fast as they come."""
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def await_that(self, condition: Callable[[], object]) -> None:
        WebDriverWait(self.browser, _PATIENCE_SECONDS, 0.02).until(lambda _: condition())

    def await_progress(self, begin: str) -> None:
        self.await_that(lambda: self.text("progress").startswith(begin))

    def part(self, name: str) -> WebElement:
        return self.browser.find_element(By.ID, name)

    def text(self, name: str) -> str:
        text: str = self.script("return document.getElementById(arguments[0]).textContent", name)
        return text

    def message(self) -> str:
        return self.text("notice")

    def items(self) -> list[str]:
        """The products' ids in their order."""
        found: list[str] = self.script(
            "return [...document.querySelectorAll('.items > li')].map((e) => e.dataset.product)"
        )
        return found

    def pressed(self) -> dict[str, str]:
        """Product → what is said of it."""
        found: dict[str, str] = self.script(
            "return Object.fromEntries([...document.querySelectorAll('[aria-pressed=true]')]"
            ".map((e) => [e.closest('li').dataset.product, e.dataset.label]))"
        )
        return found

    def current(self) -> str:
        """The product that the next key rates; it has the focus, too."""
        found: list[str] = self.script(
            "return [document.querySelector('[aria-current=true]'), document.activeElement]"
            ".map((e) => e?.dataset.product ?? '')"
        )
        assert found[0] == found[1]
        return found[0]

    def script(self, text: str, *arguments: object) -> Any:
        return self.browser.execute_script(text, *arguments)


@pytest.fixture
def page(chromium: webdriver.Chrome) -> Generator[Judging]:
    """The page; the test fails if the browser's console reports an error."""
    chromium.get("about:blank")
    chromium.get_log("browser")  # forget what an earlier test left
    yield Judging(chromium)
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    errors = [e["message"] for e in chromium.get_log("browser") if e["level"] == "SEVERE"]
    chromium.get("about:blank")
    assert [error for error in errors if "ERR_CONNECTION_REFUSED" not in error] == []


@contextmanager
def judging(directory: Path, data_dir: Path, *options: str) -> Generator[Command]:
    command = [sys.executable, "-c", _MAIN, "judge", str(directory), "--index", "demo"]
    command += ["--data-dir", str(data_dir), "--port", "0", "--depth", str(DEPTH), "--json"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SEARCHSVC_")}
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, env=environment)
    try:
        assert process.stdout is not None
        told = b""
        while b"}" not in told:
            line = process.stdout.readline()
            assert line, "the command ended before it told its address"
            told += line
        yield Command(process, json.loads(told)["address"])
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "judged"
    folder.mkdir()
    lines = [
        json.dumps({"id": f"q{number}", "text": text}) for number, text in enumerate(QUERIES, 1)
    ]
    (folder / "queries.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def test_products_are_labelled_skipped_changed_and_undone_by_keys(
    page: Judging, directory: Path, sample_data_dir: Path
) -> None:
    with judging(directory, sample_data_dir) as command:
        page.open(command.address)
        assert page.text("query") == QUERIES[0]
        assert "token" not in page.browser.current_url
        items = page.items()
        count = len(items)
        assert DEPTH <= count <= 3 * DEPTH
        assert page.current() == items[0]
        page.press("3", "s", "0")
        page.await_progress(f"3 of {count} rated here")
        assert page.pressed() == {items[0]: "3", items[1]: "null", items[2]: "0"}
        assert page.current() == items[3]
        page.press("u")
        page.await_progress(f"2 of {count}")
        assert page.current() == items[2]
        page.press(Keys.ARROW_UP, "1")  # says something else of the second, then goes on
        page.await_that(lambda: page.pressed().get(items[1]) == "1")
        assert page.current() == items[2]
        page.press("u", "u", "u")  # that, the skip, and the first label
        page.await_progress(f"0 of {count}")
        page.press("u")
        page.await_that(lambda: page.text("said").startswith("Nothing to undo"))
        page.press("n", "0")
        page.await_that(lambda: page.text("query") == QUERIES[1])
        page.await_progress("1 of ")
        page.press("p")
        page.await_that(lambda: page.text("query") == QUERIES[0])
        page.press("u")  # a step that was taken elsewhere is undone there
        page.await_that(lambda: page.text("query") == QUERIES[1])
        page.await_progress("0 of ")
    assert load_judgments(directory).qrels == {}


def test_keys_after_the_last_product_label_nothing(
    page: Judging, directory: Path, sample_data_dir: Path
) -> None:
    with judging(directory, sample_data_dir) as command:
        page.open(command.address)
        items = page.items()
        page.press(*["2"] * len(items))
        page.await_progress(f"{len(items)} of {len(items)} rated here")
        page.press("0", "1", "3")
        page.press("u")  # the only thing that can be undone is the last label
        page.await_progress(f"{len(items) - 1} of {len(items)}")
        assert page.pressed() == dict.fromkeys(items[:-1], "2")
    ratings = (directory / "ratings.jsonl").read_text().splitlines()
    assert len(ratings) == len(items) + 1


def test_a_killed_command_loses_nothing_and_the_next_one_goes_on_to_the_end(
    page: Judging, directory: Path, sample_data_dir: Path
) -> None:
    with judging(directory, sample_data_dir, "--rater", "anna") as command:
        page.open(command.address)
        items = page.items()
        page.press("2", "s")
        page.await_progress(f"2 of {len(items)}")
        command.kill()
        page.press("3")
        page.await_that(lambda: "The command does not answer" in page.message())
        assert page.current() == items[2]
        said = page.pressed()
    assert said == {items[0]: "2", items[1]: "null"}

    with judging(directory, sample_data_dir, "--rater", "anna") as command:
        page.open(command.address)
        assert page.items() == items
        assert page.pressed() == said
        assert page.current() == items[2]
        page.press(*"3" * (len(items) - 2))
        page.await_that(lambda: page.part("done").is_displayed())
        labels = dict.fromkeys(items[2:], 3) | {items[0]: 2}
        assert load_judgments(directory).qrels == {"q1": labels}
        for text in QUERIES[1:]:
            assert page.browser.switch_to.active_element.text == "Next query"
            page.press(Keys.ENTER)
            page.await_that(lambda text=text: page.text("query") == text)
            assert not page.part("done").is_displayed()
            page.press(*"1" * len(page.items()))
            page.await_that(lambda: page.part("done").is_displayed())
        assert "You can stop the command" in page.text("done-text")
        assert f"{len(QUERIES)} of {len(QUERIES)} queries done" in page.text("progress")


def test_a_second_rater_sees_nothing_of_the_first_and_the_table_heeds_both(
    page: Judging, directory: Path, sample_data_dir: Path
) -> None:
    with (
        judging(directory, sample_data_dir, "--rater", "anna") as annas,
        judging(directory, sample_data_dir, "--rater", "ben") as bens,
    ):
        page.open(annas.address)
        items = page.items()
        page.press(*"3" * len(items))
        page.await_that(lambda: page.part("done").is_displayed())
        page.open(bens.address)
        assert page.pressed() == {}
        assert page.items() != items
        assert sorted(page.items()) == sorted(items)
        disputed = page.items()[0]
        page.press("0")
        page.await_progress(f"1 of {len(items)}")
    labels = dict.fromkeys(items, 3) | {disputed: 0}  # the lower of two
    assert load_judgments(directory).qrels == {"q1": labels}
    assert {one.rater for one in read_ratings(directory)} == {"anna", "ben"}


def test_the_mouse_does_what_the_keys_do(
    page: Judging, directory: Path, sample_data_dir: Path
) -> None:
    with judging(directory, sample_data_dir) as command:
        page.open(command.address)
        items = page.items()
        second = page.browser.find_elements(By.CSS_SELECTOR, ".items > li")[1]
        second.find_element(By.TAG_NAME, "summary").click()
        assert second.find_element(By.CSS_SELECTOR, ".more dl").is_displayed()
        second.find_element(By.CSS_SELECTOR, "[data-label='3']").click()
        page.await_that(lambda: page.pressed() == {items[1]: "3"})
        assert page.current() == items[2]
        page.part("next").click()
        page.await_that(lambda: page.text("query") == QUERIES[1])
        page.part("previous").click()
        page.await_that(lambda: page.text("query") == QUERIES[0])
        page.part("help").click()
        assert page.part("dialog").is_displayed()
        page.press("0")  # keys rate nothing while the help is open
        page.press(Keys.ESCAPE)
        assert not page.part("dialog").is_displayed()
        page.press("?")
        page.await_that(page.part("dialog").is_displayed)
        page.press(Keys.ESCAPE)
        assert len(read_ratings(directory)) == 1
        page.part("queries").send_keys(QUERIES[0][:1])  # a list takes its own keys
        assert len(read_ratings(directory)) == 1


def test_everything_has_a_name_and_a_visible_focus(
    page: Judging, directory: Path, sample_data_dir: Path
) -> None:
    with judging(directory, sample_data_dir) as command:
        page.open(command.address)
        group = page.browser.find_element(By.CSS_SELECTOR, ".labels")
        title = page.browser.find_element(By.CSS_SELECTOR, ".card .title").text
        assert group.aria_role == "group"
        assert group.accessible_name == title
        assert page.browser.switch_to.active_element.accessible_name == title
        names = [one.accessible_name for one in group.find_elements(By.TAG_NAME, "button")]
        assert names == ["0 Irrelevant", "1 Partly", "2 Good", "3 Exact", "s Skip"]
        assert page.part("queries").accessible_name == "Query"
        for _ in range(8):
            outline = page.script(
                "return getComputedStyle(document.activeElement).outlineStyle !== 'none'"
            )
            assert outline, page.script("return document.activeElement.outerHTML.slice(0, 90)")
            page.press(Keys.TAB)
        page.browser.find_element(By.CSS_SELECTOR, ".say").click()
        page.await_progress("1 of ")
        bar = page.part("bar")
        assert bar.aria_role == "progressbar"
        assert bar.get_attribute("aria-valuenow") == "1"
        assert int(bar.get_attribute("aria-valuemax") or 0) >= DEPTH * len(QUERIES)
        assert page.text("said").startswith("Irrelevant. 1 of")


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_the_page_fits_and_fingers_hit_what_they_aim_at(
    page: Judging, directory: Path, sample_data_dir: Path, width: int
) -> None:
    phone = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    with judging(directory, sample_data_dir) as command:
        page.open(command.address)
        page.press("1")
        page.await_progress("1 of ")
        overflow = page.script(
            "return [...document.querySelectorAll('body *')]"
            ".filter((e) => !e.closest('.unseen, .skip, dialog'))"
            ".filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)"
            ".map((e) => e.outerHTML.slice(0, 80))"
        )
        assert overflow == []
        small = page.script(
            "return [...document.querySelectorAll('button, select')]"
            ".filter((e) => e.checkVisibility())"
            ".map((e) => [e.getBoundingClientRect(), e.outerHTML.slice(0, 80)])"
            ".filter(([box]) => Math.min(box.width, box.height) < 44).map(([, html]) => html)"
        )
        assert small == []
        covered = page.script(
            "const b = document.activeElement.getBoundingClientRect();"
            "const e = document.elementFromPoint(b.left + 20, b.top + 20);"
            "return document.activeElement.contains(e) ? '' : e?.outerHTML.slice(0, 80) ?? 'out'"
        )
        assert covered == ""


def test_an_address_of_an_earlier_run_is_told_what_to_do(
    page: Judging, directory: Path, sample_data_dir: Path
) -> None:
    with judging(directory, sample_data_dir) as command:
        page.open(command.address.rpartition("=")[0] + "=old")
        assert "open the address that the command printed" in page.message()
        page.browser.get_log("browser")  # the 403 is what is tested
        page.open(command.address)
        assert page.message() == ""
        page.browser.refresh()
        page.await_that(page.items)
    assert read_ratings(directory) == []
