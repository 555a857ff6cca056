"""The comparison of arms: its figures, what it finds, and what it warns of."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from searchsvc.experiments.assignment import Experiment
from searchsvc.experiments.document import ExperimentDocument
from searchsvc.outcomes.comparison import MEASURES, compare
from searchsvc.outcomes.table import report_lines
from searchsvc.outcomes.tally import Column, Tally
from searchsvc.outcomes.trimming import trim

if TYPE_CHECKING:
    from numpy.typing import NDArray


def users(count: int, seed: int, *, ctr: float = 0.3, buys: float = 0.1) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    rows = np.zeros((count, len(Column)))
    rows[:, Column.USERS] = 1
    rows[:, Column.SEARCHES] = rng.integers(1, 6, count)
    rows[:, Column.CLICKED] = rng.binomial(rows[:, Column.SEARCHES].astype(int), ctr)
    rows[:, Column.CLICKS] = 2 * rows[:, Column.CLICKED]
    rows[:, Column.ORDERS] = rows[:, Column.BUYERS] = rng.random(count) < buys
    rows[:, Column.REVENUE] = rows[:, Column.ORDERS] * rng.integers(10, 90, count)
    return rows


def tally_of(*rows: NDArray[np.float64], **changes: Any) -> Tally:
    return replace(Tally(rows, 0, "EUR", 0, 0), **changes)


def test_the_figures_are_ratios_of_sums(experiment: Experiment) -> None:
    control, bold = users(80, 1), users(90, 2)
    found = compare(tally_of(control, bold), experiment)
    assert [arm.name for arm in found.arms] == ["control", "bold"]
    assert found.arms[0].differences == {}
    one, other = (rows.sum(axis=0) for rows in trim([control, bold], Column.REVENUE).rows)
    for name, (above, below) in MEASURES.items():
        measure, difference = found.arms[1].measures[name], found.arms[1].differences[name]
        assert measure.value == pytest.approx(other[above] / other[below], abs=1e-6)
        expected = other[above] / other[below] - one[above] / one[below]
        assert difference.value == pytest.approx(expected, abs=1e-6)
        if one[above]:
            assert difference.relative == pytest.approx(
                expected * one[below] / one[above], abs=1e-5
            )
        else:
            assert difference.relative is None
        assert measure.low is not None
        assert measure.high is not None
        assert measure.low <= measure.value <= measure.high
    assert found.arms[1].totals["revenue"] == bold[:, Column.REVENUE].sum()
    assert json.loads(json.dumps(found.to_dict()))["arms"][1]["measures"]["ctr"]["value"]


def test_an_arm_that_is_better_is_found_and_one_that_is_not_is_not(
    experiment: Experiment,
) -> None:
    found = compare(tally_of(users(600, 1), users(600, 2, ctr=0.4)), experiment)
    ctr = found.arms[1].differences["ctr"]
    assert ctr.low is not None
    assert ctr.p is not None
    assert ctr.low > 0
    assert ctr.p < 0.001
    orders = found.arms[1].differences["conversion"]
    assert orders.low is not None
    assert orders.high is not None
    assert orders.p is not None
    assert orders.low < 0 < orders.high
    assert orders.p > 0.05


def test_intervals_are_of_users_and_not_of_searches(experiment: Experiment) -> None:
    """A user who does everything twice is no second user: the interval stays as wide."""
    once, twice = users(300, 3), users(300, 3)
    twice[:, Column.SEARCHES] *= 2
    twice[:, Column.CLICKED] *= 2
    found = compare(tally_of(once, twice), experiment)
    assert found.arms[0].measures["ctr"].value == found.arms[1].measures["ctr"].value
    widths = [
        (arm.measures["ctr"].high or 0) - (arm.measures["ctr"].low or 0) for arm in found.arms
    ]
    assert widths[1] == pytest.approx(widths[0], rel=0.05)


def test_several_arms_are_corrected_by_holm() -> None:
    experiment = Experiment.of(
        ExperimentDocument.model_validate(
            {
                "name": "three",
                "arms": [
                    {"name": "control", "share": 40},
                    {"name": "one", "share": 30},
                    {"name": "two", "share": 30},
                ],
            }
        )
    )
    assert experiment is not None
    found = compare(tally_of(users(200, 1), users(150, 2), users(150, 3, ctr=0.36)), experiment)
    one, two = (arm.differences["ctr"] for arm in found.arms[1:])
    assert one.p is not None
    assert two.p is not None
    smaller, larger = sorted([one, two], key=lambda it: it.p or 0)
    assert smaller.p_corrected == pytest.approx(min(1, 2 * (smaller.p or 0)), abs=2e-6)
    assert larger.p_corrected == pytest.approx(
        max(larger.p or 0, smaller.p_corrected or 0), abs=1e-6
    )


def test_an_arm_without_users_has_nothing_to_measure(experiment: Experiment) -> None:
    found = compare(tally_of(users(20, 1), np.empty((0, len(Column)))), experiment)
    assert found.arms[1].measures["ctr"].value is None
    assert found.arms[1].differences["ctr"].p is None
    text = "\n".join(report_lines(found))
    assert "nothing to measure" in text
    nobody = compare(tally_of(*[np.empty((0, len(Column)))] * 2), experiment)
    assert not nobody.is_mismatched
    assert all(it.value is None for arm in nobody.arms for it in arm.measures.values())


def test_one_arm_alone_is_compared_with_nothing() -> None:
    alone = Experiment.of(
        ExperimentDocument.model_validate({"name": "a", "arms": [{"name": "all", "share": 100}]})
    )
    assert alone is not None
    found = compare(tally_of(users(30, 1)), alone)
    assert [arm.differences for arm in found.arms] == [{}]


def test_the_report_tells_people_what_to_beware_of(experiment: Experiment) -> None:
    fine = "\n".join(report_lines(compare(tally_of(users(50, 1), users(50, 2)), experiment)))
    assert "Users are divided as planned (control 50, bold 50" in fine
    assert "WARNING" not in fine
    assert "conversion:" in fine
    odd = tally_of(
        users(400, 1), users(250, 2, ctr=0.8), switched=3, other_currencies=2, unpriced=1
    )
    text = "\n".join(report_lines(compare(odd, experiment)))
    assert "WARNING: the arms do not have their shares of the users (control 400, bold 250" in text
    assert "3 users were seen in several arms" in text
    assert "2 orders in others" in text
    assert "1 orders have products without a price" in text
    (line,) = [it for it in text.splitlines() if "bold" in it and it.endswith("*")][:1]
    assert "p 0.0001" in line


def test_one_order_of_any_size_does_not_decide_an_experiment(experiment: Experiment) -> None:
    control, bold = users(300, 1), users(300, 2)
    fair = compare(tally_of(control, bold), experiment)
    even = tally_of(np.minimum(control, 9), np.minimum(bold, 9))
    bold[0, [Column.ORDERS, Column.BUYERS]] = 1
    bold[0, Column.REVENUE] = 1e18
    found = compare(tally_of(control, bold), experiment)
    assert (found.revenue_cap, found.trimmed) == (max(control[:, Column.REVENUE]), 1)
    value = found.arms[1].measures["revenue_per_user"].value
    assert value == pytest.approx(fair.arms[1].measures["revenue_per_user"].value, rel=0.2)
    assert found.arms[1].totals["revenue"] > 1e17  # what was told is shown
    lines = list(report_lines(found))
    assert any("revenue_per_user is trimmed" in line and "(1 users)" in line for line in lines)
    assert not any("trimmed" in line for line in report_lines(compare(even, experiment)))


def test_large_numbers_do_not_run_together(experiment: Experiment) -> None:
    control, bold = users(30, 1), users(30, 2)
    bold[:, Column.REVENUE] = 123_456_789_012.0
    lines = list(report_lines(compare(tally_of(control, bold), experiment)))
    assert lines[2].split()[-1] == "3,703,703,670,360"
    assert lines[2].split()[-2] == f"{bold[:, Column.ORDERS].sum():.0f}"
    assert len({len(line) for line in lines[:3]}) == 1
