from __future__ import annotations

import pytest

from benchmarks.errors import SplitError
from benchmarks.personalization.purchases import Purchase, Purchases
from benchmarks.personalization.split import Split, day

DAY = 86_400_000
YEAR = Purchases.of([Purchase("u", str(number), 0, number * DAY) for number in range(101)])


def test_a_share_holds_out_the_end_of_the_time() -> None:
    split = Split.parse("0.25", YEAR)
    assert (split.first_ms, split.at_ms, split.last_ms) == (0, 75 * DAY, 100 * DAY)


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("1970-02-01", 31 * DAY),
        ("1970-02-01T12:00:00Z", 31 * DAY + DAY // 2),
        ("1970-02-01T01:00:00+01:00", 31 * DAY),
    ],
)
def test_a_date_splits_where_it_begins_in_utc(text: str, at_ms: int) -> None:
    assert Split.parse(text, YEAR).at_ms == at_ms


@pytest.mark.parametrize("text", ["soon", "0", "1", "1.5", "nan", "1970-13-01"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(SplitError, match="expected a"):
        Split.parse(text, YEAR)


@pytest.mark.parametrize("text", ["1970-01-01", "2020-01-01"])
def test_both_sides_have_something(text: str) -> None:
    with pytest.raises(SplitError, match="from 1970-01-01 to 1970-04-11"):
        Split.parse(text, YEAR)


def test_a_day_is_that_of_utc() -> None:
    assert day(DAY - 1) == "1970-01-01"
