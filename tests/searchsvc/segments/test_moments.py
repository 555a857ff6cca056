"""Dates, times and time zones."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.segments import moments
from searchsvc.segments.moments import begin_of, check_moment, end_of, local_time, zone_of
from tests.searchsvc.segments.shoppers import HOUR, moment

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_date_is_a_day_in_its_zone() -> None:
    assert begin_of("2026-12-24", BERLIN) == moment("2026-12-24T00:00:00+01:00")
    assert end_of("2026-12-24", BERLIN) == moment("2026-12-25T00:00:00+01:00")
    assert begin_of("2026-07-01", BERLIN) == moment("2026-07-01T00:00:00+02:00")


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_on_which_the_clocks_change_has_its_own_length(day: str, hours: int) -> None:
    assert end_of(day, BERLIN) - begin_of(day, BERLIN) == hours * HOUR


def test_a_date_with_time_needs_no_zone_but_its_own_and_ends_where_it_begins() -> None:
    text = "2026-12-24T18:00:00+05:30"
    assert begin_of(text, BERLIN) == end_of(text, UTC) == moment(text)
    assert begin_of("2026-12-24T18:00:00.5Z", BERLIN) == moment("2026-12-24T18:00:00.500+00:00")


@given(
    st.dates(datetime(1970, 1, 2).date(), datetime(8998, 1, 1).date()),  # noqa: DTZ001 - bounds
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kolkata"]),
)
def test_days_follow_each_other_without_a_gap(day: object, zone: str) -> None:
    first = datetime.fromisoformat(str(day)).date()
    begin = end_of(first.isoformat(), ZoneInfo(zone))
    assert begin == begin_of((first + timedelta(days=1)).isoformat(), ZoneInfo(zone))
    assert begin > begin_of(first.isoformat(), ZoneInfo(zone)) or zone == "Pacific/Apia"


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026-13-01", "2026-02-30", "20261224", "24.12.2026",
     "2026-W01-1", "2026-W01-1T18:00:00+01:00", "20261224T18:00:00Z",
     "2026-12-24T18:00:00", "2026-12-24 18:00", "2026-12-24T25:00:00Z", "9" * 400],
)  # fmt: skip
def test_what_is_no_moment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="neither a date such as 2026-12-24 nor"):
        check_moment(text)


@pytest.mark.parametrize("text", ["1969-12-31", "9999-12-31", "0001-01-01T00:00:00+14:00"])
def test_years_out_of_reach_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected 1970 to 8999"):
        check_moment(text)


@pytest.mark.parametrize("name", ["Europe", "../etc/passwd", "/etc/passwd", "", "Mars/Olympus"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="use a name such as Europe/Berlin"):
        zone_of(name)


def test_utc_needs_no_database_of_time_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "ZoneInfo", lambda name: Path(name).read_text())
    with pytest.raises(ValueError, match="no time zone 'Europe/Berlin' is known here"):
        zone_of("Europe/Berlin")
    assert begin_of("1970-01-02", zone_of("UTC")) == 24 * HOUR
    assert check_moment("1970-01-02")


def test_the_clock_is_that_of_the_zone() -> None:
    assert zone_of("Europe/Berlin") == BERLIN
    assert local_time(moment("2026-07-01T23:30:00+00:00"), BERLIN).hour == 1
