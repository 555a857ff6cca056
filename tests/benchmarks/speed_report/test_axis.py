from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.speed_report.axis import Axis, written

POSITIVE = st.floats(1e-5, 1e9)


@given(st.lists(POSITIVE, min_size=1))
def test_a_linear_axis_goes_from_zero_past_all_values_in_few_round_steps(
    values: list[float],
) -> None:
    axis = Axis.linear("x", values)
    assert axis.low == axis.ticks[0] == 0
    assert axis.high == pytest.approx(axis.ticks[-1])
    assert axis.high >= max(values) * (1 - 1e-6)
    assert 2 <= len(axis.ticks) <= 7


@given(st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), min_size=1))
def test_a_close_axis_begins_and_ends_near_its_values(values: list[float]) -> None:
    axis = Axis.close("x", values)
    low, high = min(values), max(values)
    room = max(high - low, abs(high), 1.0)
    assert axis.low <= low + 1e-6 * room
    assert axis.high >= high - 1e-6 * room
    assert axis.high - axis.low <= 1.9 * room
    assert 2 <= len(axis.ticks) <= 8


@given(st.lists(POSITIVE, min_size=1))
def test_a_logarithmic_axis_holds_its_values_between_its_outer_ticks(values: list[float]) -> None:
    axis = Axis.logarithmic("x", values)
    assert axis.ticks[0] == axis.low < axis.high == axis.ticks[-1]
    assert axis.low <= min(values) * (1 + 1e-6)
    assert axis.high >= max(values) * (1 - 1e-6)
    assert list(axis.ticks) == sorted(set(axis.ticks))


@given(st.lists(POSITIVE, min_size=2), st.booleans())
def test_what_is_larger_stands_further(values: list[float], log: bool) -> None:  # noqa: FBT001 - drawn
    axis = (Axis.logarithmic if log else Axis.linear)("x", values)
    shares = [axis.share(value) for value in sorted(values)]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1


def test_equal_ratios_have_equal_lengths_on_a_logarithmic_axis() -> None:
    axis = Axis.logarithmic("x", [1, 1_000])
    assert [axis.share(value) for value in (1, 10, 100, 1_000)] == pytest.approx(
        [0, 1 / 3, 2 / 3, 1]
    )
    assert axis.ticks == (1, 10, 100, 1_000)


def test_values_off_an_axis_stand_at_its_ends() -> None:
    axis = Axis.logarithmic("x", [1, 10])
    assert (axis.share(0), axis.share(1e9)) == (0, 1)


@pytest.mark.parametrize("make", [Axis.linear, Axis.logarithmic, Axis.close])
def test_an_axis_of_nothing_is_an_axis(make: object) -> None:
    assert callable(make)
    axis: Axis = make("x", [])
    assert axis.high > axis.low


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.05, "0.05"), (20, "20"), (20_000, "20 k"), (1e6, "1 M"), (2.5e9, "2.5 G")],
)
def test_ticks_are_written_short(value: float, text: str) -> None:
    assert written(value) == text
