"""The report's page: sections for each collection, style, script and data in one document."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report.charts import count_bins, histogram
from benchmarks.report.comparison import comparison_data, comparison_form
from benchmarks.report.markup import Element, element, raw_text, serialize
from benchmarks.report.result import parse_results
from benchmarks.report.tables import (
    circumstances,
    classes_table,
    facts,
    system_name,
    systems_table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.report.result import Result

_WEB = Path(__file__).parent / "web"
# Joined into one module script: a page that is opened as a file cannot import others.
_SCRIPTS = ("dom.js", "differences.js", "results.js", "comparison.js", "report.js")
_INTERVALS = (
    "Dots are means over the queries, whiskers their 95 % bootstrap intervals, the broken line is "
    "the baseline's mean. Differences are paired, query by query; p is of a two-sided "
    "randomization test and not corrected for the number of systems."
)
_MEANS = "Dots are means over the queries; the broken line is the baseline's mean."
_HISTOGRAMS = (
    "Bars count queries by their value, in twentieths; the outline is the baseline's. Below them "
    "the middle half of the queries as a box, with the median as a line and the mean as a dot."
)


def write_report(results: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the results of ``python -m benchmarks relevance --json`` as one HTML page.

    Equal results give equal bytes, whenever they were measured. The page loads nothing but the
    products' own http(s) pictures.

    Args:
        results: one per collection, at least one; see `benchmarks.relevance` for their form.
        path: the file to write or replace.

    Raises:
        ValueError: there is no result, or one has another form.
        OSError: the file cannot be written.
    """
    path.write_bytes(serialize(_document(parse_results(results))))


def _document(results: Sequence[Result]) -> Element:
    style = (_WEB / "style.css").read_text("utf-8")
    script = "\n".join((_WEB / name).read_text("utf-8") for name in _SCRIPTS)
    policy = (
        f"default-src 'none'; img-src data: http: https:; style-src {_hash(style)}; "
        f"script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    names = ", ".join(result.collection.name for result in results)
    head = element(
        "head",
        {},
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "referrer", "content": "no-referrer"}),
        element("title", {}, f"Relevance: {names}"),
    )
    raw_text(head, "style", style, {})
    body = element("body", {}, _header(results), _main(results))
    raw_text(body, "script", _data(results), {"type": "application/json", "id": "data"})
    raw_text(body, "script", script, {"type": "module"})
    return element("html", {"lang": "en"}, head, body)


def _header(results: Sequence[Result]) -> Element:
    links = [
        element("li", {}, element("a", {"href": f"#collection-{number}"}, result.collection.name))
        for number, result in enumerate(results, start=1)
    ]
    contents = element("nav", {"aria-label": "Collections"}, element("ul", {}, *links))
    title = element("h1", {}, "Relevance report")
    return element("header", {"class": "top"}, title, contents if len(results) > 1 else None)


def _main(results: Sequence[Result]) -> Element:
    sections = [_collection(result, number) for number, result in enumerate(results, start=1)]
    note = element("p", {}, "The comparison by query needs JavaScript, which is switched off.")
    return element("main", {}, element("noscript", {}, note), *sections)


def _collection(result: Result, number: int) -> Element:
    main = result.measures[0]
    by_class = classes_table(result)
    with_statistics = any(system.statistics for system in result.systems.values())
    return element(
        "section",
        {"id": f"collection-{number}", "class": "collection"},
        element("h2", {}, result.collection.name),
        facts(result),
        element("h3", {}, "Systems"),
        systems_table(result),
        element("p", {"class": "note"}, _INTERVALS if with_statistics else _MEANS),
        *([] if by_class is None else [element("h3", {}, f"{main} by class"), by_class]),
        element("h3", {}, f"{main} by query"),
        _histograms(result),
        element("p", {"class": "note"}, _HISTOGRAMS),
        element("h3", {}, "Wins and losses"),
        comparison_form(result, number),
        circumstances(result),
    )


def _histograms(result: Result) -> Element:
    main = result.measures[0]
    values = {
        name: [a.measures[main] for a in system.queries.values() if main in a.measures]
        for name, system in result.systems.items()
    }
    tallest = max((int(count_bins(of).max()) for of in values.values() if of), default=1)
    baseline = values[result.baseline]
    return element(
        "div",
        {"class": "histograms"},
        *(
            element(
                "figure",
                {"class": "own"} if name == result.shipped else {},
                element("figcaption", {}, *system_name(result, name)),
                histogram(
                    f"{main} by query, {name}",
                    of,
                    [] if name == result.baseline else baseline,
                    tallest,
                ),
            )
            for name, of in values.items()
            if of
        ),
    )


def _data(results: Sequence[Result]) -> str:
    data = [comparison_data(result) for result in results]
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", r"\u003c")  # a title may contain </script>


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
