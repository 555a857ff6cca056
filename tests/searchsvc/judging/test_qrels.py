"""From ratings to judgments."""

from __future__ import annotations

import pytest
from hypothesis import given as given_that
from hypothesis import strategies as st

from searchsvc.errors import JudgmentsError
from searchsvc.judging.qrels import consolidate, encode_qrels, lower_median
from searchsvc.judging.ratings import Ledger
from tests.searchsvc.judging.given import rating


@pytest.mark.parametrize(
    ("labels", "median"),
    [([2], 2), ([3, 0], 0), ([2, 3], 2), ([3, 0, 3], 3), ([0, 3, 1], 1), ([0, 2, 3, 3], 2)],
)
def test_the_lower_of_two_middle_labels_is_taken(labels: list[int], median: int) -> None:
    assert lower_median(labels) == median


@given_that(st.lists(st.integers(0, 3), min_size=1))
def test_the_median_is_a_label_that_was_given_with_at_most_half_on_each_side(
    labels: list[int],
) -> None:
    median = lower_median(labels)
    assert median in labels
    assert sum(label < median for label in labels) <= len(labels) / 2
    assert sum(label > median for label in labels) <= len(labels) / 2


def test_what_nobody_rated_stays_and_the_rest_is_the_raters() -> None:
    before = {"q001": {"z": 1, "kept": 3}, "q002": {"other": 0}}
    ledger = Ledger(
        [
            rating("anna", "z", 3, given=1),
            rating("ben", "z", 2),
            rating("anna", "new b", 1),
            rating("anna", "new a", 0),
            rating("anna", "kept", None, given=3),  # skipped: she cannot tell
        ]
    )
    after = consolidate(before, ledger)
    assert after == {
        "q001": {"z": 2, "kept": 3, "new a": 0, "new b": 1},
        "q002": {"other": 0},
    }
    assert list(after["q001"]) == ["z", "kept", "new a", "new b"]
    assert before["q001"]["z"] == 1
    assert consolidate(after, ledger) == after


def test_what_was_withdrawn_gives_way_to_what_was_there_before() -> None:
    ledger = Ledger(
        [
            rating("anna", "was there", 3, given=1),
            rating("anna", "was not", 2),
            rating("anna", "was there", None, withdrawn=True),
            rating("anna", "was not", None, withdrawn=True),
            rating("anna", "elsewhere", 1, query_id="q009"),
            rating("anna", "elsewhere", None, query_id="q009", withdrawn=True),
        ]
    )
    assert consolidate({"q001": {"was there": 3, "was not": 2}}, ledger) == {
        "q001": {"was there": 1}
    }


def test_queries_are_written_in_the_order_of_the_collection_and_others_not() -> None:
    qrels = {"q2": {"b": 0, "a": 3}, "gone": {"x": 1}, "q1": {"ü": 2}}
    assert encode_qrels(qrels, ["q1", "q2", "q3"]).decode() == (
        "query_id\tproduct_id\tlabel\nq1\tü\t2\nq2\tb\t0\nq2\ta\t3\n"
    )


def test_an_id_that_a_table_cannot_hold_is_refused() -> None:
    with pytest.raises(JudgmentsError, match="has a tab or a line break"):
        encode_qrels({"q1": {"a\tb": 1}}, ["q1"])
