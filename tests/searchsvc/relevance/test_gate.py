from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from indexer.errors import SettingsError
from indexer.settings import GateBound, GateSettings
from searchsvc.relevance.evaluation import SnapshotEvaluation
from searchsvc.relevance.gate import Comparison, measures_of
from searchsvc.relevance.judgments import JudgedQuery, Judgments
from searchsvc.relevance.measures import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping

SHARES = st.floats(0, 1)


def evaluation(values: Mapping[str, float], gone: int = 0) -> SnapshotEvaluation:
    return SnapshotEvaluation(
        "g", {"nDCG@10": values, "zero_result_rate": values}, (), 10, gone, 1.0
    )


def passes(
    new: Mapping[str, float],
    old: Mapping[str, float] | None,
    *,
    measure: str = "nDCG@10",
    **limits: float,
) -> bool:
    published = None if old is None else evaluation(old)
    bound = GateBound.model_validate({"measure": measure, **limits})
    (outcome,) = Comparison(evaluation(new), published, "first").outcomes([bound])
    return outcome.passed


@given(SHARES, SHARES)
def test_min_and_max_are_the_ends_of_what_is_allowed(value: float, bound: float) -> None:
    assert passes({"q": value}, None, min=bound) == (value >= bound - 1e-9)
    assert passes({"q": value}, None, max=bound) == (value <= bound + 1e-9)


@given(SHARES, SHARES, SHARES)
def test_drops_and_rises_are_mirror_images(new: float, old: float, bound: float) -> None:
    assert passes({"q": new}, {"q": old}, max_drop=bound) == (old - new <= bound + 1e-9)
    rises = passes({"q": new}, {"q": old}, measure="zero_result_rate", max_rise=bound)
    assert rises == (new - old <= bound + 1e-9)


def test_only_queries_that_both_can_answer_are_compared() -> None:
    new, old = {"kept": 0.8, "came": 0.0}, {"kept": 0.8, "went": 1.0}
    assert passes(new, old, max_drop=0.0)
    assert not passes(new, None, min=0.5)
    assert not passes({"kept": 0.7}, old, max_drop=0.05)


@pytest.mark.parametrize("old", [None, {"other": 1.0}])
def test_without_anything_to_compare_with_only_min_and_max_count(
    old: dict[str, float] | None,
) -> None:
    published = None if old is None else evaluation(old)
    comparison = Comparison(evaluation({"q": 0.2}), published, "" if old else "first build")
    bound = GateBound(measure="nDCG@10", min=0.5, max_drop=0.0)
    outcomes = comparison.outcomes([bound])
    assert [(o.limit, o.passed) for o in outcomes] == [("min", False), ("max_drop", True)]
    reason = "no judged query can be answered by both generations" if old else "first build"
    assert outcomes[1].skipped == reason
    assert reason in str(outcomes[1])
    judgments = Judgments((JudgedQuery("q", "shoe"),), {})
    assert comparison.losses("nDCG@10", judgments) == []


@given(st.sets(st.integers(0, 9), min_size=1), st.sets(st.integers(0, 9), min_size=1))
def test_a_comparison_needs_half_of_what_the_published_generation_can_answer(
    new: set[int], old: set[int]
) -> None:
    comparison = Comparison(
        evaluation({str(q): 0.5 for q in new}), evaluation({str(q): 0.5 for q in old})
    )
    message = comparison.shortage([GateBound(measure="nDCG@10", max_drop=0.1)])
    assert bool(message) == (len(new & old) * 2 < len(old))
    if message:
        assert f"only {len(new & old)} of the {len(old)} judged queries" in message
    without_comparison = [
        GateBound(measure="nDCG@10", min=0.1),
        GateBound(measure="gone_rate", max_rise=0.1),
    ]
    assert comparison.shortage(without_comparison) == ""


def test_a_first_build_lacks_no_queries() -> None:
    bound = GateBound(measure="nDCG@10", max_drop=0.1)
    assert Comparison(evaluation({"q": 1.0}), None, "first").shortage([bound]) == ""


def test_the_share_that_is_gone_is_compared_whatever_the_queries() -> None:
    comparison = Comparison(evaluation({"a": 1.0}, gone=5), evaluation({"b": 1.0}, gone=1))
    (outcome,) = comparison.outcomes([GateBound(measure="gone_rate", max_rise=0.3)])
    assert (outcome.value, outcome.published, outcome.passed) == (0.5, 0.1, False)


def test_an_outcome_names_value_bound_and_published_value() -> None:
    comparison = Comparison(evaluation({"q": 0.5}, gone=3), evaluation({"q": 0.75}))
    bounds = [
        GateBound(measure="nDCG@10", min=0.6, max_drop=0.1),
        GateBound(measure="gone_rate", max=0.2),
    ]
    assert [str(outcome) for outcome in comparison.outcomes(bounds)] == [
        "nDCG@10 is 0.5000, expected at least 0.6",
        "nDCG@10 is 0.5000, -0.2500 from the published 0.7500; max_drop is 0.1",
        "gone_rate is 0.3000, expected at most 0.2",
    ]


def test_losses_are_the_queries_that_fell_the_greatest_first() -> None:
    judgments = Judgments(tuple(JudgedQuery(q, q.upper()) for q in "abcd"), {})
    new = evaluation({"a": 0.4, "b": 0.1, "c": 1.0, "d": 0.5})
    old = evaluation({"a": 0.5, "b": 0.9, "c": 0.2})
    lost = Comparison(new, old).losses("nDCG@10", judgments)
    assert [(change.query_id, change.text, change.old, change.new) for change in lost] == [
        ("b", "B", 0.9, 0.1),
        ("a", "A", 0.5, 0.4),
    ]


def gate(*measures: str) -> GateSettings:
    return GateSettings(judgments="j", bounds=tuple(GateBound(measure=m, min=0) for m in measures))


def test_each_measure_of_the_bounds_is_computed_once() -> None:
    settings = gate("R@100", "zero_result_rate", "nDCG(judged_only=True)@10", "R@100", "gone_rate")
    assert measures_of(settings) == (Measure("R", 100), Measure("nDCG", 10, condensed=True))


def test_an_unknown_measure_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match=r"gate.bounds: unknown measure 'ndgc'"):
        measures_of(gate("ndgc@10"))


@pytest.mark.parametrize(
    "bound",
    [
        {"measure": "nDCG@10"},
        {"measure": "nDCG", "min": 0.1},
        {"measure": "nDCG@10", "min": 1.5},
        {"measure": "nDCG@10", "max_drop": -0.1},
        {"measure": "nDCG@10", "least": 0.1},
        {"measure": "zero_result_rate", "max_drop": 0.0},
        {"measure": "gone_rate", "max_drop": 0.1, "max": 0.1},
        {"measure": "R@100", "max_rise": 0.1},
    ],
)
def test_a_bound_that_says_nothing_or_nonsense_is_refused(bound: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GateBound.model_validate(bound)


@pytest.mark.parametrize(
    ("measure", "wrong", "right"),
    [("gone_rate", "max_drop", "max_rise"), ("nDCG@10", "max_rise", "max_drop")],
)
def test_a_limit_on_what_is_better_is_refused_with_the_one_that_is_meant(
    measure: str, wrong: str, right: str
) -> None:
    with pytest.raises(ValidationError, match=f"{wrong} of {measure} would.*give {right} instead"):
        GateBound.model_validate({"measure": measure, wrong: 0.1})
    GateBound.model_validate({"measure": measure, right: 0.1})
