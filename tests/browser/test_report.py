"""The relevance report, opened as a file in headless Chromium."""

from __future__ import annotations

import gzip
import json
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from benchmarks.report import write_report
from searchsvc.relevance.measures import Measure

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from selenium import webdriver
    from selenium.webdriver.remote.webelement import WebElement

pytestmark = pytest.mark.browser

JSON = dict[str, Any]

SHIPPED, BASELINE, OTHER = "judged (shipped)", "plain RRF", "reversed"
EVIL = '</script><img src="x" onerror="window.attacked = true">'
DEAD_PICTURE = "http://127.0.0.1:9/dead.jpg"  # the port that discards
TEN = 10

_POOR_CONTRAST = """
    const linear = (v) => (v <= 10 ? v / 3295 : ((v / 255 + 0.055) / 1.055) ** 2.4);
    const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const opaque = (e) => {
        const [r, g, b, a = 1] = numbers(getComputedStyle(e).backgroundColor);
        return a === 1 ? [r, g, b] : opaque(e.parentElement);
    };
    return [...document.querySelectorAll("main *, header *")]
        .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
        .filter((e) => e.checkVisibility() && !e.closest(".unseen, svg, option"))
        .map((e) => [e, light(numbers(getComputedStyle(e).color)), light(opaque(e))])
        .filter(([, a, b]) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5)
        .map(([e]) => e.outerHTML.slice(0, 90));
"""


def _sample() -> JSON:
    """A result over some of the sample's queries; the rankings are made of its judgments."""
    folder = files("searchsvc.sample")
    lines = (folder / "queries.jsonl").read_text("utf-8").splitlines()
    qrels: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        query_id, product_id, label = line.split("\t")
        qrels.setdefault(query_id, {})[product_id] = int(label)
    with gzip.open(str(folder / "feed.jsonl.gz")) as feed:
        products = {product["id"]: product for product in map(json.loads, feed)}
    queries = {query["id"]: query for query in map(json.loads, lines[:12])}
    rankings: dict[str, Callable[[dict[str, int]], list[str]]] = {
        OTHER: lambda judged: list(judged)[::-1][:TEN],
        BASELINE: lambda judged: list(judged)[3 : 3 + TEN],
        SHIPPED: lambda judged: sorted(judged, key=lambda i: -judged[i])[1 : 1 + TEN],
    }
    ndcg = Measure("nDCG", TEN)
    systems: JSON = {}
    for name, rank in rankings.items():
        answers = {}
        for query_id, query in queries.items():
            top = rank(qrels[query_id])
            value = ndcg.of(top, qrels[query_id])
            answers[query_id] = {**query, "nDCG@10": value, "P@10": 0.5, "top": top}
        mean = sum(answer["nDCG@10"] for answer in answers.values()) / len(answers)
        systems[name] = {"nDCG@10": mean, "P@10": 0.5, "median_ms": 1.0, "queries": answers}
    found = {i for s in systems.values() for a in s["queries"].values() for i in a["top"]}
    return {
        "collection": {"name": "sample", "products": len(products), "queries": len(queries)},
        "systems": systems,
        "qrels": {query_id: qrels[query_id] for query_id in queries},
        "products": {
            i: {name: products[i].get(name) for name in ("title", "image_link", "brand", "price")}
            for i in sorted(found)
        },
    }


def _odd() -> JSON:
    """A result in which everything is hostile, unknown or missing."""
    hit = {"text": EVIL, "class": EVIL, "nDCG@10": 0.25, "top": ["dead", "evil", "unknown"]}
    nothing = {"text": EVIL, "nDCG@10": 0.0, "top": []}
    unmeasured = {"text": "nothing relevant", "top": ["unknown"]}
    return {
        "collection": {"name": EVIL},
        "baseline": "silent",
        "systems": {
            "silent": {"nDCG@10": 0.0, "queries": {"q": nothing}},
            f"{EVIL} (shipped)": {"nDCG@10": 0.5, "queries": {"q": hit, "none": unmeasured}},
        },
        "qrels": {"q": {"evil": 1}},
        "products": {
            "dead": {"title": "Dead Picture", "image_link": DEAD_PICTURE},
            "evil": {
                "title": EVIL,
                "image_link": "javascript:window.attacked = true",
                "brand": EVIL,
                "price": EVIL,
            },
        },
    }


class Report:
    """The comparison of the first collection as a reader uses it."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser

    def part(self, name: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, f"[data-part={name}]")

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def script(self, text: str, *arguments: object) -> Any:
        return self.browser.execute_script(text, *arguments)

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.script(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector
        )
        return found

    def column(self, name: str) -> list[str]:
        place = ["text", "class", "first", "second", "difference"].index(name) + 1
        inner = " button" if name == "text" else ""
        return self.texts(f"[data-part=rows] tr.query > :nth-child({place}){inner}")

    def numbers(self, name: str) -> list[float]:
        return [float(text.replace("−", "-")) for text in self.column(name)]

    def sort(self, name: str) -> str | None:
        """Press the column's head; gives how it is sorted now."""
        head = self.browser.find_element(By.CSS_SELECTOR, f"th[data-sort={name}]")
        head.find_element(By.TAG_NAME, "button").click()
        return head.get_attribute("aria-sort")

    def choose(self, part: str, option: str) -> None:
        Select(self.part(part)).select_by_visible_text(option)

    def filter(self, text: str) -> None:
        self.part("filter").clear()
        self.part("filter").send_keys(text)

    def toggle(self, place: int = 0) -> WebElement:
        """Click the button of a shown query."""
        button = self.all("tr.query button")[place]
        button.click()
        return button

    def listed(self) -> list[list[str]]:
        """The titles of each open result list."""
        lists = range(1, len(self.all(".list")) + 1)
        return [self.texts(f".list:nth-child({place}) .title") for place in lists]

    def emulate(self, command: str, **parameters: object) -> None:
        self.browser.execute_cdp_cmd(f"Emulation.{command}", parameters)


@pytest.fixture(scope="module")
def sample() -> JSON:
    return _sample()


@pytest.fixture
def opened(chromium: webdriver.Chrome, tmp_path: Path) -> Generator[Callable[[JSON], Report]]:
    """Opens a result's report; the test fails if the console reports an unexpected error."""
    chromium.get("about:blank")
    chromium.get_log("browser")  # forget what an earlier test left

    def open_(result: JSON) -> Report:
        path = tmp_path / "report.html"
        write_report([result], path)
        chromium.get(path.as_uri())
        return Report(chromium)

    yield open_
    for command in ("clearDeviceMetricsOverride", "setEmulatedMedia"):
        chromium.execute_cdp_cmd(f"Emulation.{command}", {})
    errors = [entry["message"] for entry in chromium.get_log("browser")]
    assert [message for message in errors if DEAD_PICTURE not in message] == []


@pytest.fixture
def report(opened: Callable[[JSON], Report], sample: JSON) -> Report:
    return opened(sample)


def _expected(sample: JSON, system: str, query: str, name: str = "title") -> list[str]:
    (answer,) = [a for a in sample["systems"][system]["queries"].values() if a["text"] == query]
    return [sample["products"][product_id][name] for product_id in answer["top"]]


def test_the_shipped_system_meets_the_baseline_worst_losses_first(
    report: Report, sample: JSON
) -> None:
    assert Select(report.part("first")).first_selected_option.text == SHIPPED
    assert Select(report.part("second")).first_selected_option.text == BASELINE
    systems = sample["systems"]
    differences = {
        answer["text"]: answer["nDCG@10"] - systems[BASELINE]["queries"][query_id]["nDCG@10"]
        for query_id, answer in systems[SHIPPED]["queries"].items()
    }
    assert report.column("text") == sorted(differences, key=differences.__getitem__)
    assert report.numbers("difference") == pytest.approx(sorted(differences.values()), abs=6e-4)
    better = sum(difference > 5e-4 for difference in differences.values())
    assert f"A better {better}" in report.part("summary").text
    mean = sum(differences.values()) / len(differences)
    assert f"mean difference {mean:+.3f}".replace("-", "−") in report.part("summary").text


@pytest.mark.parametrize("column", ["first", "second", "difference"])
def test_numbers_sort_by_value_both_ways(report: Report, column: str) -> None:
    states = {report.sort(column): report.numbers(column) for _ in range(2)}
    assert states["ascending"] == sorted(states["ascending"])
    assert states["descending"] == sorted(states["descending"], reverse=True)
    assert len(set(states["ascending"])) > 1


def test_texts_sort_both_ways_and_one_column_sorts_at_a_time(report: Report) -> None:
    assert report.sort("text") == "ascending"
    assert report.column("text") == sorted(report.column("text"), key=str.casefold)
    assert report.sort("text") == "descending"
    assert report.column("text") == sorted(report.column("text"), key=str.casefold, reverse=True)
    assert [head.get_attribute("data-sort") for head in report.all("th[aria-sort]")] == ["text"]


def test_the_filter_keeps_queries_with_all_its_words(report: Report) -> None:
    queries = report.column("text")
    wanted = next(query for query in queries if " " in query)
    first, second = wanted.split()[:2]
    report.filter(f"{second.upper()} {first[:3]}")
    kept = report.column("text")
    assert wanted in kept
    assert all(second in query and first[:3] in query for query in kept)
    assert f"{len(kept)} of {len(queries)} queries" in report.part("summary").text
    assert len(report.all(".differences rect")) == len(kept)
    report.filter("no such query")
    assert report.column("text") == []
    assert report.part("rows").text == "No query matches."
    report.filter("name")  # a class
    assert len(report.column("text")) == len(queries)


def test_opening_a_query_shows_both_lists(report: Report, sample: JSON) -> None:
    query = report.column("text")[0]
    button = report.toggle()
    assert button.get_attribute("aria-expanded") == "true"
    assert report.listed() == [_expected(sample, name, query) for name in (SHIPPED, BASELINE)]
    assert report.texts(".list .name") == [SHIPPED, BASELINE]
    values = [report.column(name)[0] for name in ("first", "second")]
    assert report.texts(".list .value") == values
    report.toggle()
    assert report.listed() == []
    assert button.get_attribute("aria-expanded") == "false"


def test_every_product_has_its_label_and_where_the_other_has_it(
    report: Report, sample: JSON
) -> None:
    query = report.column("text")[0]
    report.toggle()
    tops = {}
    for name in (SHIPPED, BASELINE):
        for query_id, answer in sample["systems"][name]["queries"].items():
            if answer["text"] == query:
                tops[name] = answer["top"]
                judged = sample["qrels"][query_id]
    for side, (own, other) in enumerate([(SHIPPED, BASELINE), (BASELINE, SHIPPED)], start=1):
        marks = [
            f"{'BA'[side - 1]}: {tops[other].index(i) + 1}"
            if i in tops[other]
            else f"only in {'AB'[side - 1]}"
            for i in tops[own]
        ]
        assert report.texts(f".list:nth-child({side}) .mark") == marks
        labels = [f"label {judged[product_id]}" for product_id in tops[own]]
        assert report.texts(f".list:nth-child({side}) .badge") == labels


def test_another_system_changes_values_and_open_lists(report: Report, sample: JSON) -> None:
    query = report.column("text")[0]
    report.toggle()
    before = report.column("second")
    report.choose("second", OTHER)
    assert report.column("second") != before
    assert report.listed() == [_expected(sample, name, query) for name in (SHIPPED, OTHER)]
    report.choose("first", BASELINE)
    assert report.listed() == [_expected(sample, name, query) for name in (BASELINE, OTHER)]
    title = report.texts(".differences title")
    report.choose("measure", "P@10")
    assert set(report.column("difference")) == {"0.000"}
    assert report.texts(".differences title") != title


def test_everything_is_done_by_keyboard(report: Report) -> None:
    press = partial(lambda key: ActionChains(report.browser).send_keys(key).perform())
    report.script("arguments[0].focus()", report.part("filter"))
    for _ in range(6):  # over the five heads to the first query
        press(Keys.TAB)
    button = report.browser.switch_to.active_element
    assert button == report.all("tr.query button")[0]
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert report.script(outline) == "solid"
    press(Keys.ENTER)
    assert len(report.listed()) == 2
    press(Keys.SPACE)
    assert report.listed() == []
    ActionChains(report.browser).key_down(Keys.SHIFT).send_keys(Keys.TAB).perform()
    press(Keys.ENTER)
    head = report.browser.find_element(By.CSS_SELECTOR, "th[data-sort=difference]")
    assert head.get_attribute("aria-sort") == "descending"


def test_a_bar_names_its_query_and_opens_it(report: Report) -> None:
    chart = report.browser.find_element(By.CSS_SELECTOR, ".differences svg")
    report.script("arguments[0].scrollIntoView({ block: 'center' })", chart)
    worst = report.column("text")[0]
    at_the_right_end = chart.size["width"] // 2 - 4
    pointer = ActionChains(report.browser)
    pointer.move_to_element_with_offset(chart, at_the_right_end, 0).perform()
    assert worst in report.part("readout").text
    pointer.click().perform()
    assert report.texts("tr:has(+ tr.results) button") == [worst]
    assert report.browser.switch_to.active_element.text == worst


def test_the_samples_pictures_come_from_the_file_itself(report: Report) -> None:
    report.toggle()
    shown = (
        "return [...document.querySelectorAll('.picture img')].filter((i) => i.complete"
        " && i.naturalWidth && i.referrerPolicy === 'no-referrer').length"
    )
    for picture in report.all(".picture img"):
        report.script("arguments[0].scrollIntoView()", picture)
    WebDriverWait(report.browser, TEN).until(lambda _: report.script(shown) == 2 * TEN)
    loaded = report.script("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert [name[:60] for name in loaded if not name.startswith("data:")] == []


def test_hostile_texts_and_missing_parts_do_no_harm(opened: Callable[[JSON], Report]) -> None:
    report = opened(_odd())
    assert report.texts("h2") == [EVIL]
    # Of the second query nothing is known: it stands last, whichever way is up.
    for _ in range(2):
        report.sort("difference")
        assert report.column("text") == [EVIL, "nothing relevant"]
    assert report.column("difference") == ["+0.250", "–"]
    report.toggle(0)
    assert report.listed()[0] == ["Dead Picture", EVIL, "unknown"]
    assert report.texts(".list:nth-child(1) .badge") == ["unjudged", "label 1", "unjudged"]
    assert report.texts(".list .note") == ["Nothing found."]
    wait = WebDriverWait(report.browser, TEN)
    wait.until(lambda _: len(report.all(".picture .blank")) == 3)
    report.toggle(1)
    assert report.texts(".list .note") == ["Nothing found.", "Not asked."]
    assert report.script("return window.attacked") is None


def test_without_judgments_there_are_no_badges(
    opened: Callable[[JSON], Report], sample: JSON
) -> None:
    report = opened({**sample, "qrels": None})
    report.toggle()
    assert report.all(".list .mark")
    assert report.all(".badge") == []


@pytest.mark.parametrize("width", [360, 390, 768])
def test_a_narrow_screen_needs_no_horizontal_scrolling(report: Report, width: int) -> None:
    report.emulate(
        "setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=2, mobile=True
    )
    report.toggle()
    assert report.script("return document.documentElement.scrollWidth") == width
    outside = (
        "return [...document.querySelectorAll('body *')].filter((e) => !e.closest('.scroll,"
        " .unseen') && e.getBoundingClientRect().right > innerWidth + 0.5)"
        ".map((e) => e.outerHTML.slice(0, 80))"
    )
    assert report.script(outside) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_meets_the_contrast_of_wcag_aa(report: Report, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    report.emulate("setEmulatedMedia", features=features)
    report.toggle()
    background = report.script("return getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(247, 248, 246)", "dark": "rgb(16, 20, 18)"}[scheme]
    assert report.script(_POOR_CONTRAST) == []


def test_every_control_has_a_name(report: Report) -> None:
    controls = report.all("select, input, button, summary, [tabindex]")
    assert len(controls) > TEN
    assert [one.get_attribute("outerHTML") for one in controls if not one.accessible_name] == []


def test_print_says_what_is_compared_and_how_it_is_filtered(report: Report) -> None:
    report.toggle()
    report.emulate("setEmulatedMedia", media="print")
    assert report.part("first").is_displayed()
    assert not report.part("filter").is_displayed()
    report.script("arguments[0].value = 'name'", report.part("filter"))
    assert report.part("filter").is_displayed()
    assert len(report.all(".list li")) == 2 * TEN
    pdf = report.browser.execute_cdp_cmd("Page.printToPDF", {})["data"]
    assert pdf.startswith("JVBERi")  # %PDF-
