from __future__ import annotations

from typing import Any

import pytest

from benchmarks.relevance_table import relevance_table, worst_queries
from benchmarks.summary import MEASURES


def system(value: float, *, is_baseline: bool = False, ms: float | None = 1.25) -> dict[str, Any]:
    statistics = {"mean": value, "low": value - 0.1, "high": value + 0.1}
    if not is_baseline:
        statistics |= {"difference": -0.0125, "difference_low": -0.2, "difference_high": 0.1}
        statistics["p"] = 0.0312
    return {
        **dict.fromkeys(MEASURES, value),
        "zero_result_rate": 0.125,
        "median_ms": ms,
        "p95_ms": ms,
        "statistics": dict.fromkeys(MEASURES, statistics),
        "classes": {
            f"class {number:02}": {"queries": number, "nDCG@10": value} for number in range(1, 19)
        },
        "queries": {
            "q1": {"text": "red sofa", "nDCG@10": 0.75, "top": ["a", "b", "c", "d"]},
            "q2": {"text": "lamp", "nDCG@10": 0.25, "top": []},
            "q3": {"text": "excluded", "top": ["a"]},
            "q4": {"text": "table", "nDCG@10": 0.5, "top": ["zz"]},
        },
    }


@pytest.fixture
def result() -> dict[str, Any]:
    return {
        "collection": {
            "name": "shop", "format": "BEIR", "digest": "0123456789abcdef", "products": 12_345,
            "queries": 1_000, "judgments": 2_000, "excluded_queries": 0, "missing_products": 0,
        },
        "gains": {"0": 0.0, "1": 0.01, "2": 1.0},
        "relevant_from": 2,
        "baseline": "base",
        "shipped": "ours (shipped)",
        "systems": {
            "base": system(0.5, is_baseline=True),
            "ours (shipped)": system(0.75),
            "a run": system(0.25, ms=None),
        },
        "qrels": {"q1": {"a": 3, "c": 0}, "q2": {"a": 1}, "q4": {"zz": 1}},
        "products": {
            "a": {"title": "Sofa"}, "b": {"title": "B" * 100}, "c": {"title": "C"},
            "d": {"title": "D"},
        },
    }  # fmt: skip


def test_the_head_says_what_was_measured(result: dict[str, Any]) -> None:
    first, second, *_ = relevance_table(result).splitlines()
    assert first == (
        "shop (BEIR): 12,345 products, 1,000 queries, 2,000 judgments, digest 0123456789ab"
    )
    assert second == "gain of labels: 0 → 0, 1 → 0.01, 2 → 1; relevant from 2"


def test_what_is_left_out_is_said(result: dict[str, Any]) -> None:
    assert "in no mean" not in relevance_table(result)
    assert "not in the index" not in relevance_table(result)
    result["collection"] |= {"excluded_queries": 3, "missing_products": 1_234}
    table = relevance_table(result)
    assert "in no mean: 3 queries, nothing relevant" in table
    assert "judged but not in the index: 1,234 products" in table


def test_every_system_has_a_line_of_aligned_figures(result: dict[str, Any]) -> None:
    head, *lines = relevance_table(result).splitlines()[2:6]
    assert [line[:14].strip() for line in lines] == ["base", "ours (shipped)", "a run"]
    for name in ("nDCG@10", "no result", "difference"):
        end = head.index(name) + len(name)
        assert all(line[:end].rstrip() == line[:end] for line in lines)
    assert "0.750  0.650–0.850" in lines[1]
    assert "12.5%      -0.013  0.0312       1.25    1.25" in lines[1]
    assert "baseline" in lines[0]
    assert lines[2].endswith("-       -")


def test_large_classes_are_shown_beside_the_baseline(result: dict[str, Any]) -> None:
    lines = relevance_table(result).splitlines()[8:]
    assert lines[0].split("  ")[0] == "nDCG@10 by class"
    assert lines[0].endswith("ours (shipped)   base")
    assert lines[1].split() == ["class", "18", "18", "0.750", "0.500"]
    assert lines[15].split()[1] == "04"
    assert lines[16] == "and 3 smaller classes"


def test_without_classes_there_is_no_table_of_them(result: dict[str, Any]) -> None:
    for found in result["systems"].values():
        found["classes"] = {}
    assert "by class" not in relevance_table(result)


def test_the_shipped_system_may_be_the_baseline(result: dict[str, Any]) -> None:
    result["baseline"] = "ours (shipped)"
    head, first, *_ = relevance_table(result).splitlines()[8:]
    assert head.split("  ")[-1].strip() == "ours (shipped)"
    assert first.split() == ["class", "18", "18", "0.750"]


def test_the_worst_queries_come_first_with_their_answers(result: dict[str, Any]) -> None:
    assert worst_queries(result, 2).splitlines() == [
        "ours (shipped): worst 2 of 3 queries",
        "0.250  lamp  [q2]",
        "           no result",
        "0.500  table  [q4]",
        "        1  zz",
    ]
    titles = worst_queries(result, 9).splitlines()[-3:]
    assert titles == ["        3  Sofa", f"        -  {'B' * 69}…", "        0  C"]
