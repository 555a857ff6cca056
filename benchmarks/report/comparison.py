"""The comparison of two systems query by query: its empty form, and the data that fills it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from benchmarks.report.markup import Element, element
from benchmarks.report.pictures import Pictures

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.report.result import Product, Result

_COLUMNS = (
    ("text", "Query", "ascending"),
    ("class", "Class", "ascending"),
    ("first", "A", "descending"),
    ("second", "B", "descending"),
    ("difference", "A \N{MINUS SIGN} B", "ascending"),
)


def comparison_data(result: Result) -> dict[str, Any]:
    """Everything that the page's script shows of a result, as JSON has it.

    Systems, measures, products and pictures are numbered by their place in a list. A label is
    absent where the product is not judged; ``labels`` is null where no judgment is known at all.
    A query's ``judged`` counts its judgments by label, best first.
    """
    systems = list(result.systems)
    pictures = Pictures()
    ids = dict.fromkeys(
        product_id
        for query_id in result.query_ids
        for answer in result.answers(query_id)
        for product_id in answer.top
    )
    places = {product_id: place for place, product_id in enumerate(ids)}
    products = [_product(i, result.products.get(i), pictures) for i in places]
    shipped, baseline = result.shipped, result.baseline
    others = [name for name in systems if name != shipped] or [shipped]
    return {
        "measures": list(result.measures),
        "systems": systems,
        "first": systems.index(shipped),
        "second": systems.index(baseline if baseline != shipped else others[0]),
        "best_label": _best_label(result),
        "pictures": pictures.addresses,
        "products": products,
        "queries": [_query(result, query_id, places) for query_id in result.query_ids],
    }


def comparison_form(result: Result, number: int) -> Element:
    """Controls, chart and table without rows; `number` tells the collections of a page apart."""
    prefix = f"comparison-{number}-"
    return element(
        "div",
        {"class": "comparison"},
        element(
            "div",
            {"class": "controls"},
            _choice(f"{prefix}first", "A", result.systems),
            _choice(f"{prefix}second", "B", result.systems),
            _choice(f"{prefix}measure", "Measure", result.measures),
            element(
                "div",
                {"class": "control wide"},
                element("label", {"for": f"{prefix}filter"}, "Filter"),
                element(
                    "input",
                    {
                        "id": f"{prefix}filter",
                        "data-part": "filter",
                        "type": "search",
                        "placeholder": "Query, class or id",
                        "autocomplete": "off",
                    },
                ),
            ),
        ),
        element("p", {"data-part": "summary", "class": "summary", "role": "status"}),
        element("figure", {"data-part": "chart", "class": "differences"}),
        element("p", {"data-part": "readout", "class": "readout", "aria-hidden": "true"}),
        _empty_table(),
    )


def _choice(control_id: str, label: str, options: Iterable[str]) -> Element:
    part = control_id.rpartition("-")[2]
    return element(
        "div",
        {"class": "control"},
        element("label", {"for": control_id}, label),
        element(
            "select",
            {"id": control_id, "data-part": part},
            *(
                element("option", {"value": str(place)}, option)
                for place, option in enumerate(options)
            ),
        ),
    )


def _empty_table() -> Element:
    heads = [
        element(
            "th",
            {"scope": "col", "data-sort": key, "class": f"column-{key}"},
            element("button", {"type": "button", "data-begin": begin}, label),
        )
        for key, label, begin in _COLUMNS
    ]
    return element(
        "table",
        {"class": "queries"},
        element("caption", {"class": "unseen"}, "Queries with the values of both systems"),
        element("thead", {}, element("tr", {}, *heads)),
        element("tbody", {"data-part": "rows"}),
    )


def _product(product_id: str, known: Product | None, pictures: Pictures) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": product_id}
    if known is not None:
        texts = {"title": known.title, "brand": known.brand, "price": known.price}
        shown |= {name: text for name, text in texts.items() if text}
        picture = pictures.place(known.image_link)
        if picture is not None:
            shown["picture"] = picture
    return shown


def _query(result: Result, query_id: str, places: dict[str, int]) -> dict[str, Any]:
    answers = list(result.answers(query_id))
    labels = None if result.qrels is None else result.qrels.get(query_id, {})
    found = dict.fromkeys(product_id for answer in answers for product_id in answer.top)
    return {
        "id": query_id,
        "text": answers[0].text,
        "class": next((answer.query_class for answer in answers if answer.query_class), ""),
        "labels": labels
        if labels is None
        else {places[i]: labels[i] for i in found if i in labels},
        "judged": sorted(Counter((labels or {}).values()).items(), reverse=True),
        "answers": [
            {
                "values": [answer.measures.get(measure) for measure in result.measures],
                "top": [places[product_id] for product_id in answer.top],
            }
            if answer is not None
            else None
            for answer in (system.queries.get(query_id) for system in result.systems.values())
        ],
    }


def _best_label(result: Result) -> int:
    labels = set(result.gains or ()) | {1}
    for judgments in (result.qrels or {}).values():
        labels.update(judgments.values())
    return max(labels)
