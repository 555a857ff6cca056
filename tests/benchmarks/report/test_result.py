from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from benchmarks.report.result import Product, parse_results

JSON = dict[str, Any]


def older(result: JSON) -> JSON:
    """What the first version wrote."""
    kept = ("collection", "machine", "policy", "systems")
    return {name: result[name] for name in kept}


def test_a_whole_result_is_read(result: JSON) -> None:
    (parsed,) = parse_results([result])
    assert parsed.collection.products == 1234
    assert parsed.gains == {0: 0, 1: 1, 2: 3, 3: 7}
    assert parsed.qrels is not None
    assert parsed.qrels["q1"]["a"] == 3
    assert parsed.query_ids == ("q1", "q2", "q3")
    assert parsed.systems["BM25"].statistics["nDCG@10"].high == 0.7
    assert [answer.top for answer in parsed.answers("q2")] == [("c",), ("d", "c"), ()]
    assert parsed.systems["BM25"].queries["q2"].query_class == "typo"


def test_the_main_measure_stands_first_wherever_it_stood(result: JSON) -> None:
    system = result["systems"]["BM25"]
    result["systems"]["BM25"] = {"P@10": 0.5, **system}
    (parsed,) = parse_results([result])
    assert parsed.measures == ("nDCG@10", "P@10", "MRR@10")


def test_the_shipped_system_is_the_named_one_else_the_marked_one_else_the_last(
    result: JSON,
) -> None:
    result["shipped"] = "BM25"
    assert parse_results([result])[0].shipped == "BM25"
    result["shipped"] = "gone"
    assert parse_results([result])[0].shipped == "hybrid (shipped)"
    del result["systems"]["hybrid (shipped)"]
    assert parse_results([result])[0].shipped == "external run"


def test_the_baseline_is_the_named_one_else_rrf_else_another(result: JSON) -> None:
    assert parse_results([result])[0].baseline == "BM25"
    result["baseline"] = "gone"
    result["systems"]["plain RRF"] = result["systems"]["external run"]
    assert parse_results([result])[0].baseline == "plain RRF"
    del result["systems"]["plain RRF"], result["baseline"]
    assert parse_results([result])[0].baseline == "BM25"
    result["systems"] = {"alone": result["systems"]["BM25"]}
    assert parse_results([result])[0].baseline == "alone"


def test_older_results_are_read(result: JSON) -> None:
    (parsed,) = parse_results([older(result)])
    assert parsed.qrels is None
    assert parsed.gains is None
    assert parsed.products == {}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_none_count_as_absent(result: JSON, number: float) -> None:
    system = result["systems"]["BM25"]
    system["median_ms"] = system["statistics"]["nDCG@10"]["p"] = number
    system["queries"]["q1"]["MRR@10"] = number
    # As the command writes the file and Python reads it back.
    (parsed,) = parse_results([json.loads(json.dumps(result))])
    assert parsed.systems["BM25"].median_ms is None
    assert parsed.systems["BM25"].statistics["nDCG@10"].p is None
    assert parsed.systems["BM25"].queries["q1"].measures == {"nDCG@10": 0.5}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"minor_units": 129995, "currency": "EUR"}, "1,299.95 EUR"),
        ({"minor_units": 4800, "currency": "JPY"}, "4,800 JPY"),
        ({"minor_units": 1234, "currency": "KWD"}, "1.234 KWD"),
        ("12.50 USD", "12.50 USD"),
        (None, ""),
    ],
)
def test_prices_are_written_with_the_decimals_of_their_currency(given: object, shown: str) -> None:
    assert Product.model_validate({"price": given}).price == shown


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("systems", "BM25", "queries", "q1", "top"), "abc", r"systems\.BM25\.queries\.q1\.top"),
        (("collection", "name"), 3, r"collection\.name.*got 3"),
        (("qrels", "q1", "a"), "good", r"qrels\.q1\.a.*'good'"),
        (("systems",), {}, "systems"),
        (("systems",), {"mute": {"median_ms": 1.0}}, "as a whole.*no system has a measure"),
        (("products", "a", "price"), {"minor_units": "x"}, r"products\.a\.price"),
    ],
)
def test_another_form_is_refused_with_its_place(
    result: JSON, place: tuple[str, ...], value: object, message: str
) -> None:
    fine = older(result)
    target = result = deepcopy(result)
    for name in place[:-1]:
        target = target[name]
    target[place[-1]] = value
    with pytest.raises(ValueError, match=f"result 2: {message}.*relevance --json FILE"):
        parse_results([fine, result])


def test_nothing_is_no_report() -> None:
    with pytest.raises(ValueError, match="no results"):
        parse_results([])
