from __future__ import annotations

import json
import re
from base64 import b64encode
from copy import deepcopy
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.report import write_report

JSON = dict[str, Any]

_VOID = {"meta", "input"}
_HOSTILE = (
    "</script><script>window.attacked = true</script>",
    "<!--<script>",
    '"><img src=x onerror="window.attacked = true">',
    "' onmouseover='window.attacked = true",
    "]]></style><b>&lt;&amp;",
    "half a pair \ud800, \u2028 and \x00",
)


class Page(HTMLParser):
    """The elements of a report, checked for their nesting."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.append((self.open[-1], data))

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]

    @property
    def data(self) -> list[JSON]:
        collections: list[JSON] = json.loads(self.text("script")[0])
        return collections


def written(results: list[JSON], folder: Path) -> Page:
    path = folder / "report.html"
    write_report(results, path)
    return Page(path.read_text("utf-8"))


def poison(value: Any, text: str) -> Any:
    """`value` with all its texts, as far as they are free, replaced by `text`."""
    match value:
        case dict():
            fixed = {"image_link", "baseline"}
            return {k: v if k in fixed else poison(v, text) for k, v in value.items()}
        case str():
            return text
        case _:
            return value


def poisoned(result: JSON, text: str) -> JSON:
    """A result whose names, titles, queries, classes, ids and circumstances are all `text`."""
    hostile = poison(result, text) | {"baseline": text}
    products = [hostile["products"][i] for i in ("a", "b", "c")]
    hostile["products"] = {f"{text}{i}": p | {"price": text} for i, p in enumerate(products)}
    hostile["qrels"] = {f"{text}q": {f"{text}0": 3}}
    top = list(hostile["products"])
    for name in list(hostile["systems"]):
        system = hostile["systems"].pop(name)
        answer = system["queries"]["q1"] | {"top": top}
        hostile["systems"][f"{text}{name}"] = system | {"queries": {f"{text}q": answer}}
    return hostile


def test_the_page_needs_nothing_but_itself(result: JSON, tmp_path: Path) -> None:
    page = written([result], tmp_path)
    addresses = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in {"src", "href", "srcset", "action", "style"} or name.startswith("on")
    ]
    assert addresses == []
    assert not re.search(r"url\(|@import", page.text("style")[0])
    assert not re.search(
        r"\b(?:import|fetch|XMLHttpRequest|innerHTML|eval)\b", "".join(page.text("script")[1:])
    )


def test_the_policy_allows_exactly_the_style_and_the_script_of_the_page(
    result: JSON, tmp_path: Path
) -> None:
    page = written([result], tmp_path)
    (policy,) = [m["content"] for m in page.attributes("meta") if "http-equiv" in m]
    assert policy is not None
    directives = dict(part.split(" ", 1) for part in policy.split("; "))

    def hash_of(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    assert directives == {
        "default-src": "'none'",
        "img-src": "data: http: https:",
        "style-src": hash_of(page.text("style")[0]),
        "script-src": hash_of(page.text("script")[1]),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


@pytest.mark.parametrize("text", _HOSTILE)
def test_hostile_texts_stay_texts(result: JSON, tmp_path: Path, text: str) -> None:
    tame = written([poisoned(result, "x")], tmp_path)
    page = written([poisoned(result, text)], tmp_path)
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in tame.elements]
    assert [list(a) for _, a in page.elements] == [list(a) for _, a in tame.elements]
    shown = text.encode(errors="replace").decode()
    if "\ud800" not in text:
        assert page.text("h2") == [shown]
    assert page.data[0]["queries"][0]["text"] == shown
    assert page.data[0]["products"][0]["title"] == shown


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_whatever_a_query_says_arrives_in_the_data(
    result: JSON, tmp_path: Path, text: str
) -> None:
    asked = deepcopy(result)
    for system in asked["systems"].values():
        system["queries"]["q1"]["text"] = text
    assert written([asked], tmp_path).data[0]["queries"][0]["text"] == text


def test_equal_results_are_equal_bytes_whenever_they_were_measured(
    result: JSON, tmp_path: Path
) -> None:
    later = deepcopy(result)
    later["machine"]["measured_at"] = "2032-01-01T00:00:00+00:00"
    one, two = tmp_path / "one.html", tmp_path / "two.html"
    write_report([result], one)
    write_report([later], two)
    assert one.read_bytes() == two.read_bytes()


def test_each_collection_has_a_section_that_is_linked(result: JSON, tmp_path: Path) -> None:
    other = deepcopy(result)
    other["collection"]["name"] = "outlet"
    page = written([result, other], tmp_path)
    sections = [s["id"] for s in page.attributes("section")]
    assert [a["href"] for a in page.attributes("a")] == [f"#{name}" for name in sections]
    assert page.text("a") == page.text("h2") == ["shop", "outlet"]
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(set(ids)) == len(ids)
    assert len(page.data) == 2
    assert written([result], tmp_path).attributes("a") == []


def test_charts_say_what_they_show(result: JSON, tmp_path: Path) -> None:
    page = written([result], tmp_path)
    drawn = [a for a in page.attributes("svg") if a.get("role") == "img"]
    hidden = [a for a in page.attributes("svg") if a.get("aria-hidden") == "true"]
    assert len(drawn) == 6
    assert len(hidden) == 1
    assert len(page.text("desc")) == len(drawn)
    assert "nDCG@10 by query, hybrid (shipped)" in page.text("title")


def test_all_histograms_have_one_scale(result: JSON, tmp_path: Path) -> None:
    # The external run has both queries in one bin, the others one in each.
    texts = written([result], tmp_path).text("text")
    assert texts.count("2") == 3


def test_older_results_and_systems_without_values_are_shown(result: JSON, tmp_path: Path) -> None:
    older = {name: result[name] for name in ("collection", "systems")}
    for system in older["systems"].values():
        system.pop("statistics", None)
    for answer in older["systems"]["external run"]["queries"].values():
        answer.pop("nDCG@10", None)
    page = written([older], tmp_path)
    assert len(page.text("figcaption")) > 1
    assert not any("bootstrap" in text for text in page.text("p"))
    assert not any("external run" in text for text in page.text("figcaption"))


def test_a_query_without_any_class_needs_no_table_of_classes(result: JSON, tmp_path: Path) -> None:
    assert "nDCG@10 by class" in written([result], tmp_path).text("h3")
    for system in result["systems"].values():
        for answer in system["queries"].values():
            del answer["class"]
    assert "nDCG@10 by class" not in written([result], tmp_path).text("h3")


def test_a_result_of_another_form_leaves_no_file(result: JSON, tmp_path: Path) -> None:
    del result["collection"]
    with pytest.raises(ValueError, match="collection"):
        write_report([result], tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_five_hundred_queries_and_six_systems_are_a_few_megabytes(
    result: JSON, tmp_path: Path
) -> None:
    places = range(10)
    systems = {}
    for number in range(6):
        queries = {
            f"q{q}": {
                "text": f"a query of several words {q}",
                "class": "descriptive",
                **{f"M{m}@10": 0.1234 for m in range(6)},
                "nDCG@10": q / 500,
                # Half of what a system finds is found by no other.
                "top": [f"product-{q}-{p if p < 5 else p + 10 * number}" for p in places],
            }
            for q in range(500)
        }
        systems[f"system {number}"] = {"nDCG@10": 0.5, "queries": queries}
    ids = {i for s in systems.values() for a in s["queries"].values() for i in a["top"]}
    products = {
        i: {
            "title": "A title of eighty letters, which is about what shops write ".ljust(80, "."),
            "image_link": f"https://pictures.shop.example/large/{i}.jpg",
            "brand": "Some Brand",
            "price": {"minor_units": 1999, "currency": "EUR"},
        }
        for i in sorted(ids)
    }
    qrels = {f"q{q}": {f"product-{q}-{p}": p % 4 for p in places} for q in range(500)}
    assert len(products) == 500 * 35
    large = result | {"systems": systems, "products": products, "qrels": qrels}
    write_report([large], tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 6_000_000
