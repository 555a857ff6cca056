from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.collection import feed_of, load_collection
from benchmarks.errors import CollectionError
from indexer.feeds.reader import FeedOptions, open_feed
from indexer.product import Product
from searchsvc.relevance.judgments import JudgedQuery

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PRODUCT_COLUMNS = [
    "product_id", "product_name", "product_class", "category hierarchy", "product_description",
    "product_features", "rating_count", "average_rating", "review_count",
]  # fmt: skip
BED = [
    "0", 'solid wood 64" bed', "Beds|Bed Frames", "Furniture / Bedroom Furniture / Beds", "",
    ("overallwidth-sidetoside:64.7|color : gray wood|color : white| : nameless|without colon|"
    "finish: note: oiled|assembled : true"), "15.0", "4.5", "",
]  # fmt: skip
QUERIES = [["0", "salon chair", "Massage Chairs"], ["208", 'fawkes 36" blue vanity', ""]]
LABELS = [
    ["0", "0", "0", "Exact"], ["1", "0", "7", "Irrelevant"], ["2", "208", "7", "Partial"],
    ["3", "208", "7", "Exact"], ["4", "208", "7", "Irrelevant"],
]  # fmt: skip


def write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(header)
        writer.writerows(rows)


def write_collection(
    folder: Path,
    *,
    products: Sequence[Sequence[str]] = (BED, ["7", "", "", "", "", "", "", "", ""]),
    queries: Sequence[Sequence[str]] = QUERIES,
    labels: Sequence[Sequence[str]] = LABELS,
) -> None:
    folder.mkdir(exist_ok=True)
    write(folder / "product.csv", PRODUCT_COLUMNS, products)
    write(folder / "query.csv", ["query_id", "query", "query_class"], queries)
    write(folder / "label.csv", ["id", "query_id", "product_id", "label"], labels)


def read_products(folder: Path) -> dict[str, Product]:
    feed = feed_of(load_collection(folder), folder / "converted")
    with open_feed(str(feed), FeedOptions()) as records:
        read = list(records or ())
    assert all(isinstance(record, Product) for record in read), read
    return {record.id: record for record in read if isinstance(record, Product)}


def test_queries_and_judgments_are_read(tmp_path: Path) -> None:
    write_collection(tmp_path)
    collection = load_collection(tmp_path)
    assert collection.format == "WANDS"
    assert collection.queries == (
        JudgedQuery("0", "salon chair", "Massage Chairs"),
        JudgedQuery("208", 'fawkes 36" blue vanity'),
    )
    # The pair that is judged three times keeps its highest label.
    assert collection.qrels == {"0": {"0": 2, "7": 0}, "208": {"7": 2}}


def test_the_gains_are_the_published_ones(tmp_path: Path) -> None:
    write_collection(tmp_path)
    scale = load_collection(tmp_path).scale
    assert [scale.gain(label) for label in (0, 1, 2)] == [0.0, 0.5, 1.0]
    assert [scale.is_relevant(label) for label in (0, 1, 2)] == [False, True, True]


def test_products_keep_what_a_shop_would_search(tmp_path: Path) -> None:
    write_collection(tmp_path)
    bed = read_products(tmp_path)["0"]
    assert bed.title == 'solid wood 64" bed'
    assert bed.product_types == ("Furniture > Bedroom Furniture > Beds",)
    assert bed.color == "gray wood / white"
    assert bed.attributes == {
        "overallwidth-sidetoside": 64.7,
        "finish": "note: oiled",
        "assembled": True,
        "product_class": ("Beds", "Bed Frames"),
        "rating_count": 15.0,
        "average_rating": 4.5,
    }


def test_a_product_without_a_name_is_called_by_its_id(tmp_path: Path) -> None:
    write_collection(tmp_path)
    assert read_products(tmp_path)["7"].title == "7"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"labels": [["0", "0", "0", "Good"]]}, r"label\.csv:2: label 'Good'.*Partial, Exact"),
        ({"labels": [["0", "9", "0", "Exact"]]}, r"label\.csv:2: query id '9'"),
        ({"labels": []}, r"label\.csv: no judgments"),
        ({"queries": [*QUERIES, ["0", "x", ""]]}, r"query\.csv:4: query id '0', query 'x'"),
        ({"queries": [["0", "", ""]]}, r"query\.csv:2: .*query ''"),
    ],
)
def test_a_malformed_row_is_named(
    tmp_path: Path, changed: dict[str, list[list[str]]], message: str
) -> None:
    write_collection(tmp_path, **changed)
    with pytest.raises(CollectionError, match=message):
        load_collection(tmp_path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["", *BED[1:]], r"product\.csv:2: expected a product_id"),
        (BED[:-1], r"product\.csv:2: 8 tab-separated cells; expected 9"),
    ],
)
def test_a_malformed_product_is_named(tmp_path: Path, row: list[str], message: str) -> None:
    write_collection(tmp_path, products=[row])
    with pytest.raises(CollectionError, match=message):
        read_products(tmp_path)


def test_a_cell_of_endless_size_is_refused(tmp_path: Path) -> None:
    write_collection(tmp_path)
    limit = csv.field_size_limit()
    with (tmp_path / "label.csv").open("a") as file:
        file.write('"' + "x" * (limit + 10))
    with pytest.raises(CollectionError, match=r"label\.csv:7: field larger"):
        load_collection(tmp_path)


# No NUL: csv cannot have it. No lone surrogates: UTF-8 cannot.
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(*[cells] * 4, st.lists(st.tuples(cells, cells), max_size=4), cells),
        min_size=1,
        max_size=4,
    )
)
def test_conversion_keeps_every_judged_product_whatever_its_texts_say(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, str, str, list[tuple[str, str]], str]],
) -> None:
    folder = tmp_path_factory.mktemp("wands")
    products = [
        [str(number), *texts, "|".join(f"{n}:{v}" for n, v in features), rating, rating, rating]
        for number, (*texts, features, rating) in enumerate(rows)
    ]
    labels = [["0", "0", str(number), "Exact"] for number in range(len(rows))]
    write_collection(folder, products=products, labels=labels)
    judged = set(load_collection(folder).qrels["0"])
    assert read_products(folder).keys() == judged
