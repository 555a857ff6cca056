"""The assignment: stable, uniform, independent, and monotone in the traffic."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.experiments.assignment import Arm, Experiment, arm_of
from searchsvc.experiments.document import ExperimentDocument

KEYS = [sha256(b"%d" % number).hexdigest() for number in range(100_000)]
keys = st.binary(min_size=32, max_size=32).map(bytes.hex)
CRITICAL = {1: 10.83, 2: 13.82, 3: 16.27, 5: 20.52}
"""Of chi-square at p = 0.001, by degrees of freedom, from a printed table."""


def experiment(
    *shares: float, name: str = "e", salt: str = "", traffic: float = 100
) -> Experiment:
    arms: list[dict[str, Any]] = [
        {"name": f"arm{place}", "share": share} for place, share in enumerate(shares)
    ]
    made = Experiment.of(
        ExperimentDocument.model_validate(
            {"name": name, "salt": salt, "traffic": traffic, "arms": arms}
        )
    )
    assert made is not None
    return made


def numbers(test: Experiment) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The arm's number of each key; -1 for none."""
    arms: list[Arm | None] = [*test.arms]
    return np.array([arms.index(arm) if (arm := arm_of(test, key)) else -1 for key in KEYS])


def test_without_an_experiment_or_a_user_there_is_no_arm() -> None:
    assert Experiment.of(ExperimentDocument()) is None
    assert arm_of(None, KEYS[0]) is None
    assert arm_of(experiment(100), None) is None


def test_an_arm_carries_what_the_document_says() -> None:
    document = ExperimentDocument.model_validate(
        {
            "name": "try",
            "arms": [
                {"name": "control", "share": 25},
                {"name": "rrf", "share": 75, "strength": 90, "ranking": {"fusion": "rrf"}},
            ],
        }
    )
    made = Experiment.of(document)
    assert made is not None
    control, rrf = made.arms
    assert (control.share, control.strength, control.overrides.given()) == (0.25, None, {})
    assert (rrf.share, rrf.strength, rrf.overrides.given()) == (0.75, 90, {"fusion": "rrf"})
    assert rrf.label == "try/rrf"


@given(keys)
def test_the_same_user_is_always_in_the_same_arm(key: str) -> None:
    assert arm_of(experiment(20, 30, 50), key) == arm_of(experiment(20, 30, 50), key)


def test_a_user_s_arm_is_the_same_in_every_version() -> None:
    """Recorded once: a release that deals anew would spoil every experiment that runs."""
    arms = [arm_of(experiment(50, 50, name="strong", salt="s"), key) for key in KEYS[:12]]
    assert "".join(arm.name[-1] if arm else "-" for arm in arms) == "100111011111"


@pytest.mark.parametrize(
    "shares", [(50, 50), (90, 10), (33.3, 33.3, 33.4), (5, 5, 10, 20, 30, 30)]
)
def test_arms_get_their_shares(shares: tuple[float, ...]) -> None:
    counts = np.bincount(numbers(experiment(*shares)), minlength=len(shares))
    expected = np.array(shares) / 100 * len(KEYS)
    chi_square = float(((counts - expected) ** 2 / expected).sum())
    assert chi_square < CRITICAL[len(shares) - 1]


def test_traffic_is_the_share_of_those_who_take_part() -> None:
    part = (numbers(experiment(50, 50, traffic=30)) >= 0).mean()
    assert part == pytest.approx(0.3, abs=0.005)
    assert not (numbers(experiment(50, 50, traffic=0)) >= 0).any()
    assert (numbers(experiment(50, 50, traffic=100)) >= 0).all()


@pytest.mark.parametrize("changed", [{"name": "f"}, {"salt": "anew"}])
def test_another_name_or_salt_deals_independently(changed: dict[str, str]) -> None:
    one, other = numbers(experiment(50, 50)), numbers(experiment(50, 50, **changed))
    table = np.bincount(one * 2 + other, minlength=4).reshape(2, 2)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / len(KEYS)
    assert float(((table - expected) ** 2 / expected).sum()) < CRITICAL[1]


def test_who_takes_part_says_nothing_about_the_arm() -> None:
    taking_part = numbers(experiment(50, 50, traffic=20))
    counts = np.bincount(taking_part[taking_part >= 0])
    expected = counts.sum() / 2
    assert float(((counts - expected) ** 2 / expected).sum()) < CRITICAL[1]


@given(keys, st.floats(0, 100), st.floats(0, 100))
def test_more_traffic_moves_nobody_who_is_in(key: str, some: float, more: float) -> None:
    some, more = sorted((some, more))
    before = arm_of(experiment(20, 30, 50, traffic=some), key)
    after = arm_of(experiment(20, 30, 50, traffic=more), key)
    assert before is None or after == before


def test_name_and_salt_do_not_run_into_each_other() -> None:
    ones = numbers(experiment(50, 50, name="ab", salt="c"))
    assert (ones != numbers(experiment(50, 50, name="a", salt="bc"))).any()


@given(st.text())
def test_any_text_is_a_key(key: str) -> None:
    assert arm_of(experiment(50, 50), key) is not None
