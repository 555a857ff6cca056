from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.personalization.effects import MIN_USERS, effects

INF = float("inf")


def column(*ranks: float) -> NDArray[np.float64]:
    return np.array(ranks)[:, None]


def everybody(count: int) -> dict[str, NDArray[np.bool_]]:
    return {"all": np.ones(count, np.bool_)}


def test_the_measures_are_those_of_a_hand_made_case() -> None:
    ranks = {"base": column(2, 4, INF, 20), "new": column(1, 8, INF, 10)}
    users = np.array([0, 0, 1, 2], np.int32)
    found = effects(ranks, users, everybody(4), ("base",), "base")["all"]
    assert (found.purchases, found.users) == (4, 3)
    base, new = found.systems["base"], found.systems["new"]
    assert base.mrr == pytest.approx((1 / 2 + 1 / 4 + 1 / 20) / 4)
    assert new.mrr == pytest.approx((1 + 1 / 8 + 1 / 10) / 4)
    assert (base.recall, new.recall) == (0.5, 0.75)
    assert (new.improved, new.worsened) == (0.5, 0.25)
    assert (base.improved, base.worsened) == (0, 0)
    change = new.changes["base"]
    assert change.value == pytest.approx(new.mrr / base.mrr - 1)
    assert (change.low, change.high) == (None, None)  # three users tell nothing
    assert base.changes["base"].value == 0


def test_repetitions_are_averaged() -> None:
    ranks = {"base": column(1, 1), "control": np.array([[1.0, 2.0], [1.0, INF]])}
    found = effects(ranks, np.arange(2, dtype=np.int32), everybody(2), ("base", "control"), "base")
    control = found["all"].systems["control"]
    assert control.mrr == pytest.approx(2.5 / 4)
    assert control.worsened == 0.5
    assert control.changes["base"].value == pytest.approx(-3 / 8)
    assert found["all"].systems["base"].changes["control"].value == pytest.approx(0.6)


def test_groups_count_their_own_and_empty_ones_are_left_out() -> None:
    ranks = {"base": column(1, 2, 4)}
    groups = {
        "first": np.array([True, False, False]),
        "others": np.array([False, True, True]),
        "nobody": np.zeros(3, np.bool_),
    }
    found = effects(ranks, np.arange(3, dtype=np.int32), groups, ("base",), "base")
    assert list(found) == ["first", "others"]
    assert found["others"].systems["base"].mrr == pytest.approx(3 / 8)


def test_a_baseline_that_finds_nothing_is_no_measure() -> None:
    users = np.arange(2 * MIN_USERS, dtype=np.int32)
    ranks = {"base": np.full((len(users), 1), INF), "new": np.ones((len(users), 1))}
    change = effects(ranks, users, everybody(len(users)), ("base",), "base")
    assert change["all"].systems["new"].changes["base"].value is None
    assert change["all"].systems["new"].changes["base"].low is None


def test_the_interval_holds_the_value_and_is_that_of_users_not_of_purchases() -> None:
    rng = np.random.default_rng(4)
    base = rng.integers(1, 20, (40, 1)).astype(float)
    new = rng.integers(1, 12, (40, 1)).astype(float)
    users = np.arange(40, dtype=np.int32)

    def width(times: int) -> float:
        ranks = {"base": np.repeat(base, times, axis=0), "new": np.repeat(new, times, axis=0)}
        owners = np.repeat(users, times)
        found = effects(ranks, owners, everybody(len(owners)), ("base",), "base")["all"]
        change = found.systems["new"].changes["base"]
        assert change.value is not None
        assert change.low is not None
        assert change.high is not None
        assert change.low < change.value < change.high
        return change.high - change.low

    # Buying everything five times makes nobody surer.
    assert width(5) == pytest.approx(width(1))


def test_the_same_ranks_change_nothing_for_sure() -> None:
    ranks = np.random.default_rng(1).integers(1, 9, (30, 1)).astype(float)
    users = np.arange(30, dtype=np.int32)
    found = effects({"a": ranks, "b": ranks}, users, everybody(30), ("a",), "a")["all"]
    change = found.systems["b"].changes["a"]
    assert (change.value, change.low, change.high) == (0, 0, 0)
