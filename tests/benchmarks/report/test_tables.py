from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import pytest

from benchmarks.report.result import Result, parse_results
from benchmarks.report.tables import circumstances, classes_table, facts, systems_table

JSON = dict[str, Any]


@pytest.fixture
def parsed(result: JSON) -> Result:
    return parse_results([result])[0]


def text(part: Element) -> str:
    return "".join(part.itertext())


def cells(table: Element) -> list[list[str]]:
    """The texts of all rows, without those of charts."""
    return [
        [text(cell) if cell.get("class") != "interval" else "" for cell in row]
        for row in table.iter("tr")
    ]


def definitions(part: Element) -> dict[str | None, str]:
    return {pair.findtext("dt"): text(pair[1]) for pair in part.iter("div")}


def test_what_was_searched_stands_at_the_head(parsed: Result) -> None:
    assert definitions(facts(parsed)) == {
        "products": "1,234",
        "queries": "3 of 4",
        "judgments": "4",
        "gain of each label": "0 → 0, 1 → 1, 2 → 3, 3 → 7",
    }


def test_the_gain_in_words_stands_for_an_unknown_map(result: JSON) -> None:
    del result["gains"], result["collection"]["judgments"]
    shown = definitions(facts(parse_results([result])[0]))
    assert shown["gain of each label"] == "2^label - 1"
    assert shown["judgments"] == "–"


def test_the_circumstances_are_told_but_the_date(result: JSON, parsed: Result) -> None:
    result["collection"] |= {"format": "BEIR", "excluded_queries": 1, "missing_products": 2}
    assert definitions(circumstances(parse_results([result])[0])) == {
        "digest of the collection": "0123456789ab",
        "format": "BEIR",
        "queries without a relevant product, in no mean": "1",
        "judged products that the catalogue lacks": "2",
        "machine": "cores 2",
        "versions": "numpy 2.4.6",
        "ranking policy": "fusion weighted",
    }
    assert "2031" not in text(circumstances(parsed))
    assert "format" not in definitions(circumstances(parsed))


def test_every_system_has_a_line_with_its_figures(parsed: Result) -> None:
    head, *rows = cells(systems_table(parsed))
    assert head == [
        "System", "nDCG@10", "", "Difference", "p", "MRR@10", "No result", "Median ms",
    ]  # fmt: skip
    bm25, hybrid, external = rows
    assert bm25 == [
        "BM25 baseline", "0.600", "", "–", "–", "1.000", "1.6 %", "1.25 p95 2.50",
    ]  # fmt: skip
    assert hybrid == [
        "hybrid shipped", "0.800", "", "+0.200 −0.100 to +0.200", "<0.001", "1.000", "1.6 %",
        "1.25 p95 2.50",
    ]  # fmt: skip
    assert external[0] == "external run"
    assert external[-1] == "– "


def test_the_baselines_mean_is_drawn_beside_every_interval(parsed: Result) -> None:
    charts = [svg for svg in systems_table(parsed).iter("svg") if svg.get("role") == "img"]
    lines = [
        next(e for e in chart.iter("line") if e.get("class") == "baseline") for chart in charts
    ]
    assert len(lines) == 3
    assert len({line.get("x1") for line in lines}) == 1
    descriptions = [chart.findtext("desc") or "" for chart in charts]
    assert descriptions[0].startswith("95 % confidence interval 0.500 to 0.700.")
    assert descriptions[2].startswith("No confidence interval.")


def test_without_statistics_there_are_no_empty_columns(result: JSON) -> None:
    for system in result["systems"].values():
        system.pop("statistics", None)
    head, *_ = cells(systems_table(parse_results([result])[0]))
    assert "Difference" not in head
    assert "p" not in head


def test_a_difference_without_bounds_and_a_system_without_the_measure(result: JSON) -> None:
    systems = result["systems"]
    systems["hybrid (shipped)"]["statistics"]["nDCG@10"] = {"difference": 0.2}
    del systems["external run"]["nDCG@10"]
    table = systems_table(parse_results([result])[0])
    _, _, hybrid, external = cells(table)
    assert hybrid[3:5] == ["+0.200 ", "–"]
    assert external[1] == "–"
    assert sum(svg.get("role") == "img" for svg in table.iter("svg")) == 2


def test_classes_are_means_of_the_measured_queries(parsed: Result) -> None:
    table = classes_table(parsed)
    assert table is not None
    # The third query has no class, but no value either.
    assert cells(table) == [
        ["Class", "Queries", "BM25", "hybrid (shipped)", "external run"],
        ["name", "1", "0.500", "1.000", "0.000"],
        ["typo", "1", "0.700", "0.600", "0.000"],
    ]
    best = [text(cell) for cell in table.iter("td") if cell.get("class") == "number best"]
    assert best == ["1.000", "0.700"]


def test_means_by_class_are_those_of_the_file(result: JSON) -> None:
    # Mean of unrounded values: another last digit than the rounded ones of the queries give.
    result["systems"]["BM25"]["classes"] = {"typo": {"queries": 1, "nDCG@10": 0.7015}}
    table = classes_table(parse_results([result])[0])
    assert table is not None
    assert [row[2] for row in cells(table)] == ["BM25", "0.500", "0.702"]


def test_queries_without_a_class_are_a_line_of_their_own(result: JSON) -> None:
    for system in result["systems"].values():
        system["queries"]["q2"]["class"] = ""
    result["systems"]["external run"]["queries"] = {}
    table = classes_table(parse_results([result])[0])
    assert table is not None
    assert cells(table)[2] == ["without a class", "1", "0.700", "0.600", "–"]
    for system in result["systems"].values():
        system["queries"] = {}
    assert classes_table(parse_results([result])[0]) is None
