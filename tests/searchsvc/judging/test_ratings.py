"""Ratings: their lines, and what stands of them."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given as given_that
from hypothesis import strategies as st

from searchsvc.errors import BadQueryError, JudgmentsError
from searchsvc.judging.ratings import LABELS, MAX_RATER, Ledger, check_rater, parse_rating
from tests.searchsvc.judging.given import rating

_NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=MAX_RATER)


@given_that(
    rater=_NAMES,
    product_id=_NAMES,
    label=st.sampled_from([*LABELS, None]),
    withdrawn=st.booleans(),
    before=st.none() | st.integers(0, 100),
)
def test_a_rating_is_read_as_it_was_written(
    *, rater: str, product_id: str, label: int | None, withdrawn: bool, before: int | None
) -> None:
    written = rating(rater, product_id, label, withdrawn=withdrawn, given=before)
    line = written.to_line()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert parse_rating(line, "here") == written


def test_a_line_holds_nothing_of_the_rater_but_the_name() -> None:
    line = orjson.loads(rating("anna", "p", 3).to_line())
    assert line == {
        "rater": "anna",
        "query_id": "q001",
        "product_id": "p",
        "label": 3,
        "time": "2026-01-02T03:04:05+00:00",
    }


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"label": 4}, "label"),
        ({"label": -1}, "label"),
        ({"label": True}, "label"),
        ({"label": "2"}, "label"),
        ({"rater": ""}, "rater"),
        ({"time": "2026-01-02T03:04:05"}, "time"),
        ({"time": "yesterday"}, "time"),
    ],
)
def test_a_line_that_is_no_rating_is_refused_with_its_place(
    change: dict[str, object], complaint: str
) -> None:
    line = orjson.dumps(orjson.loads(rating("anna", "p", 3).to_line()) | change)
    with pytest.raises(JudgmentsError, match=rf"^file:7: {complaint}: .*mend or remove"):
        parse_rating(line, "file:7")


def test_a_line_that_is_not_even_json_is_refused() -> None:
    with pytest.raises(JudgmentsError, match="^file:1: Invalid JSON"):
        parse_rating(b'{"rater"', "file:1")


def test_a_line_without_a_label_is_refused_since_a_skip_says_null() -> None:
    members = orjson.loads(rating("anna", "p", None).to_line())
    del members["label"]
    with pytest.raises(JudgmentsError, match="label: Field required"):
        parse_rating(orjson.dumps(members), "file:1")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\tb", "x" * (MAX_RATER + 1), "a\x1b[0m"])
def test_a_name_that_cannot_stand_for_a_rater_is_refused(name: str) -> None:
    with pytest.raises(BadQueryError, match="any name that only you use"):
        check_rater(name)


def test_a_rater_may_have_any_printable_name() -> None:
    assert check_rater(" Zoë 2 ") == "Zoë 2"


def test_the_last_word_of_each_rater_stands() -> None:
    ledger = Ledger(
        [
            rating("anna", "p", 1),
            rating("ben", "p", 0),
            rating("anna", "p", 3),
            rating("ben", "r", None),
        ]
    )
    assert ledger.labels() == {("q001", "p"): {"ben": 0, "anna": 3}}
    skip = ledger.of("ben", ("q001", "r"))
    assert skip is not None
    assert skip.label is None
    assert ledger.of("anna", ("q001", "r")) is None


def test_what_was_withdrawn_does_not_stand_but_is_remembered_as_labelled() -> None:
    ledger = Ledger(
        [rating("anna", "p", 1, given=2), rating("anna", "p", None, withdrawn=True)],
    )
    pair = ("q001", "p")
    assert ledger.of("anna", pair) is None
    assert ledger.labels() == {}
    assert ledger.standing() == []
    assert ledger.ever_labelled() == {pair}
    assert ledger.given() == {pair: 2}
    assert ledger.knows(pair)


def test_only_the_first_given_judgment_counts() -> None:
    ledger = Ledger([rating("anna", "p", 1, given=2), rating("ben", "p", 0, given=1)])
    assert ledger.given() == {("q001", "p"): 2}
