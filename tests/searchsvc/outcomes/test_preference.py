"""The preference: its counts, and users as the sample."""

from __future__ import annotations

import numpy as np
import pytest

from searchsvc.outcomes.preference import preference


def test_lists_are_won_lost_or_tied_and_users_count_alike() -> None:
    found = preference([("ann", 2), ("ann", 1), ("ann", -1), ("bob", -3), ("cid", 0)])
    assert (found.wins, found.losses, found.ties, found.users) == (2, 2, 1, 3)
    assert found.value == pytest.approx((1 / 3 - 1 + 0) / 3)
    assert found.low <= found.value <= found.high


def test_one_user_who_clicks_a_lot_proves_nothing() -> None:
    found = preference([("ann", 1)] * 500)
    assert (found.value, found.p) == (1.0, 1.0)
    many = preference([(f"user {number}", 1) for number in range(20)])
    assert (many.value, many.low) == (1.0, 1.0)
    assert many.p < 0.001


def test_users_without_a_preference_show_none() -> None:
    rng = np.random.default_rng(3)
    found = preference([(str(it % 200), int(rng.integers(-1, 2))) for it in range(900)])
    assert found.low < 0 < found.high
    assert found.p > 0.05
    turned = preference([(str(it), 1 if it % 10 else -1) for it in range(100)])
    assert turned.value == pytest.approx(0.8)
    assert turned.low > 0.6


def test_without_a_click_there_is_nothing_to_say() -> None:
    with pytest.raises(ValueError, match="no list with a click"):
        preference([])
