"""Trimming: what is cut, and what is left as it is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.outcomes.trimming import trim

_values = st.lists(st.floats(0, 1e18), max_size=30)


@given(st.lists(_values, min_size=1, max_size=3))
def test_nothing_above_the_cap_is_left_and_nothing_below_it_is_changed(
    arms: list[list[float]],
) -> None:
    rows = [np.array([[1.0, value] for value in arm]).reshape(-1, 2) for arm in arms]
    found = trim(rows, 1)
    for before, after in zip(rows, found.rows, strict=True):
        np.testing.assert_array_equal(after[:, 0], before[:, 0])
        np.testing.assert_array_equal(after[:, 1], np.minimum(before[:, 1], found.cap))
    told = [value for arm in arms for value in arm]
    assert found.users == sum(value > found.cap for value in told)
    # Of fewer than a thousand, all but the largest set the cap.
    some = sorted(value for value in told if value)
    assert found.cap == (some[-2:][0] if some else 0.0)


def test_who_buys_nothing_does_not_lower_the_cap() -> None:
    rows = np.zeros((100_000, 1))
    rows[:50, 0] = 10.0
    assert trim([rows], 0).cap == 10.0


def test_of_many_the_uppermost_thousandth_is_cut() -> None:
    rows = np.arange(1.0, 10_001.0).reshape(-1, 1)
    found = trim([rows[::2], rows[1::2]], 0)
    assert found.users == 10
