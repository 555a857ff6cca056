from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.build.repute import NAMES, repute
from indexer.columns import STANDARD
from indexer.product import Product


def of(availability_date: str = "", **attributes: Any) -> dict[str, float]:
    product = Product(
        id="1",
        title="t",
        availability_date=availability_date,
        attributes=MappingProxyType(attributes),
    )
    return dict(repute(product))


def at(*date: int) -> float:
    return datetime(*date, tzinfo=UTC).timestamp()  # type: ignore[arg-type, misc]


def test_every_index_has_its_columns() -> None:
    assert {STANDARD[name] for name in NAMES} == {"number"}


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"popularity": 5}, {"popularity": 5.0}),
        ({"Popularity Score": "12.5"}, {"popularity": 12.5}),
        ({"sales_rank": 5, "sales": True}, {}),
        ({"averageRating": 4.5, "stars": 1}, {"rating": 4.5}),
        ({"stars": 4, "rating": "excellent"}, {"rating": 4.0}),
        ({"rating": True, "stars": ("5",)}, {}),
        ({"review-count": 17}, {"review_count": 17.0}),
        ({"aggregateRating.reviewCount": 3}, {"review_count": 3.0}),
        ({"rating": float("inf")}, {}),
        ({"rating": -1.5}, {"rating": -1.5}),
    ],
)
def test_the_first_usable_of_the_usual_names_counts(
    attributes: dict[str, Any], expected: dict[str, float]
) -> None:
    assert of(**attributes) == expected


@given(st.permutations(["rating", "Rating", "average_rating", "stars", "release_date", "x"]))
def test_the_order_of_the_attributes_does_not_matter(names: list[str]) -> None:
    values = {"rating": 2.0, "Rating": 1.0, "average_rating": 3.0, "stars": 4.0}
    found = of(**{name: values.get(name, 2020) for name in names})
    assert found == {"rating": 1.0, "released": at(2020, 1, 1)}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2024-02-03", at(2024, 2, 3)),
        ("2024-02-03T04:05:06", at(2024, 2, 3, 4, 5, 6)),
        ("2024-02-03T04:05:06Z", at(2024, 2, 3, 4, 5, 6)),
        ("2024-02-03T04:05:06+01:00", at(2024, 2, 3, 3, 5, 6)),
        ("2024-02-03 04:05", at(2024, 2, 3, 4, 5)),
        ("2024-02", at(2024, 2, 1)),
        ("2024", at(2024, 1, 1)),
        (2024, at(2024, 1, 1)),
        (20240203, at(2024, 2, 3)),
        ("20240203", at(2024, 2, 3)),
        (1_700_000_000, 1_700_000_000.0),
        ("1700000000", 1_700_000_000.0),
        (1_700_000_000_500, 1_700_000_000.5),
        ("1955-07-01", at(1955, 7, 1)),
    ],
)
def test_a_date_is_seconds_since_the_epoch(value: Any, seconds: float) -> None:
    assert of(release_date=value) == {"released": seconds}


@pytest.mark.parametrize(
    "value",
    ["soon", "2024-13-01", 20241301, 0, 17, -2024, 1e300, True, ("2024",), 2024.5,
     "12:30"],
)  # fmt: skip
def test_what_is_no_date_is_passed_over(value: Any) -> None:
    assert of(release_date=value) == {}
    assert of(release_date=value, created_at="2024-02-03") == {"released": at(2024, 2, 3)}


def test_the_day_of_availability_is_the_last_resort() -> None:
    assert of("2026-01-02T00:00+0100") == {"released": at(2026, 1, 1, 23)}
    assert of("2026-01-02", published_at="2020") == {"released": at(2020, 1, 1)}
