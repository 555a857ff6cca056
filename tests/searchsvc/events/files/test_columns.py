"""The columns of an import."""

from __future__ import annotations

import pytest

from indexer.errors import SettingsError
from searchsvc.errors import EventFileError
from searchsvc.events.files.columns import USUAL_NAMES, Columns


@pytest.mark.parametrize(
    ("header", "plan"),
    [
        (
            ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"],
            {"order_id": "InvoiceNo", "product_id": "StockCode", "quantity": "Quantity",
             "time": "InvoiceDate", "price": "UnitPrice", "customer_id": "CustomerID"},
        ),
        (
            ["timestamp", "visitorid", "event", "itemid", "transactionid"],
            {"time": "timestamp", "customer_id": "visitorid", "type": "event",
             "product_id": "itemid", "order_id": "transactionid"},
        ),
        (["user", "customer_id"], {"customer_id": "customer_id"}),
        (["Order ID", "order_id"], {"order_id": "Order ID"}),
        (["colour"], {}),
    ],
)  # fmt: skip
def test_usual_names_are_found_however_they_are_written(
    header: list[str], plan: dict[str, str]
) -> None:
    assert dict(Columns().plan(header)) == plan


def test_a_mapping_goes_before_the_usual_names_and_takes_a_column_away_from_them() -> None:
    columns = Columns({"customer_id": "client no", "order_id": "time"})
    assert dict(columns.plan(["Client-No", "customer_id", "time", "date"])) == {
        "customer_id": "Client-No",
        "order_id": "time",
        "time": "date",
    }


def test_a_mapped_column_that_is_not_there_is_not_guessed() -> None:
    assert "customer_id" not in dict(Columns({"customer_id": "vip"}).plan(["customer_id"]))


def test_every_name_means_one_thing() -> None:
    names = [name for usual in USUAL_NAMES.values() for name in usual]
    assert len(set(names)) == len(names)


def test_a_mapping_of_no_column_of_ours_is_wrong_usage() -> None:
    with pytest.raises(SettingsError, match="'colour' is none of the columns; they are: customer"):
        Columns({"colour": "farbe"})


def test_a_header_without_a_needed_column_names_what_to_map() -> None:
    with pytest.raises(
        EventFileError, match="no column for customer_id and time, only: a, b"
    ) as e:
        Columns().check_header(["a", "b"])
    assert "--map OURS=NAME" in str(e.value)


def test_the_customers_column_is_found_in_a_header() -> None:
    assert Columns().check_header(["time", "user id"]) == 1


def test_no_end_of_different_objects_fills_the_memory() -> None:
    columns = Columns()
    for number in range(2_500):
        columns.plan([f"column {number}"])
    assert len(columns._plans) <= 1_000  # noqa: SLF001 - nothing else shows it
