from __future__ import annotations

from typing import Any

import pytest

from benchmarks.report.comparison import comparison_data, comparison_form
from benchmarks.report.markup import serialize
from benchmarks.report.result import parse_results

JSON = dict[str, Any]


def data(result: JSON) -> JSON:
    return comparison_data(parse_results([result])[0])


def test_lists_and_labels_lead_back_to_the_result(result: JSON) -> None:
    given = data(result)
    names = [product["id"] for product in given["products"]]
    assert sorted(names) == ["a", "b", "c", "d"]
    for query in given["queries"]:
        judged = result["qrels"].get(query["id"], {})
        found: set[str] = set()
        for name, answer in zip(given["systems"], query["answers"], strict=True):
            expected = result["systems"][name]["queries"][query["id"]]
            assert [names[place] for place in answer["top"]] == expected["top"]
            values = dict(zip(given["measures"], answer["values"], strict=True))
            assert values == {m: expected.get(m) for m in given["measures"]}
            found.update(expected["top"])
        labels = {names[place]: label for place, label in query["labels"].items()}
        assert labels == {i: label for i, label in judged.items() if i in found}


def test_all_judgments_of_a_query_are_counted_best_first(result: JSON) -> None:
    # One of the two products with label 3 was found by nobody.
    counts = {query["id"]: query["judged"] for query in data(result)["queries"]}
    assert counts == {"q1": [(3, 2), (0, 1)], "q2": [(2, 1)], "q3": []}


def test_products_have_what_is_known_of_them(result: JSON) -> None:
    given = data(result)
    products = {product["id"]: product for product in given["products"]}
    assert products["b"] == {"id": "b", "title": "Chair", "picture": products["b"]["picture"]}
    assert products["c"] == {"id": "c", "title": "Lamp"}
    assert products["d"] == {"id": "d"}
    assert products["a"]["price"] == "1,299.95 EUR"
    assert given["pictures"][products["a"]["picture"]].startswith("data:image/svg+xml;base64,")
    assert given["pictures"][products["b"]["picture"]] == "https://shop.example/b.jpg"


def test_without_judgments_nothing_is_called_unjudged(result: JSON) -> None:
    del result["qrels"]
    assert [query["labels"] for query in data(result)["queries"]] == [None] * 3


@pytest.mark.parametrize(
    ("systems", "baseline", "expected"),
    [
        (["BM25", "hybrid (shipped)"], "BM25", ("hybrid (shipped)", "BM25")),
        (["BM25", "hybrid (shipped)"], "hybrid (shipped)", ("hybrid (shipped)", "BM25")),
        (["BM25"], "BM25", ("BM25", "BM25")),
    ],
)
def test_the_shipped_system_is_compared_with_another_where_there_is_one(
    result: JSON, systems: list[str], baseline: str, expected: tuple[str, str]
) -> None:
    result["systems"] = {name: result["systems"][name] for name in systems}
    result["baseline"] = baseline
    given = data(result)
    assert (given["systems"][given["first"]], given["systems"][given["second"]]) == expected


def test_the_best_label_is_known_from_gains_or_judgments(result: JSON) -> None:
    assert data(result)["best_label"] == 3
    result["gains"] = {"0": 0, "4": 1}
    assert data(result)["best_label"] == 4
    del result["gains"], result["qrels"]
    assert data(result)["best_label"] == 1


def test_a_system_that_was_not_asked_has_no_answer(result: JSON) -> None:
    del result["systems"]["external run"]["queries"]["q2"]
    assert data(result)["queries"][1]["answers"][2] is None


def test_every_control_has_a_label_of_its_own(result: JSON) -> None:
    (parsed,) = parse_results([result])
    forms = [comparison_form(parsed, number) for number in (1, 2)]
    controls = [c for form in forms for c in form.iter() if c.tag in {"select", "input"}]
    labelled = [label.get("for") for form in forms for label in form.iter("label")]
    assert [control.get("id") for control in controls] == labelled
    assert len(set(labelled)) == 8
    assert b"<option" in serialize(forms[0])
