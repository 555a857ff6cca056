"""Sessions: one rater, several raters, crashes between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from searchsvc.errors import BadQueryError, JudgmentsError
from searchsvc.judging.store import read_ratings
from searchsvc.relevance.judgments import load_judgments

if TYPE_CHECKING:
    from pathlib import Path

    from searchsvc.judging.session import Session
    from tests.searchsvc.judging.conftest import MakeSession


def ids(session: Session, query_id: str = "q001") -> list[str]:
    return [entry.product_id for entry in session.entries(query_id)]


def labels(session: Session, query_id: str = "q001") -> dict[str, int | None]:
    return {
        entry.product_id: entry.rating.label
        for entry in session.entries(query_id)
        if entry.rating is not None
    }


def test_a_label_is_on_the_disk_and_counted_at_once(
    make_session: MakeSession, judged: Path
) -> None:
    session = make_session()
    first, second, *rest = ids(session)
    session.rate("q001", first, 3)
    session.rate("q001", second, None)
    assert [(one.product_id, one.label) for one in read_ratings(judged)] == [
        (first, 3),
        (second, None),
    ]
    states = {state.query.id: (state.rated, state.pooled) for state in session.queries()}
    assert states == {"q001": (2, 2 + len(rest)), "q002": (0, len(ids(session, "q002")))}
    assert labels(session) == {first: 3, second: None}


def test_who_opens_the_directory_again_goes_on_where_they_were(make_session: MakeSession) -> None:
    session = make_session()
    for product_id in ids(session)[:3]:
        session.rate("q001", product_id, 1)
    again = make_session()
    assert ids(again) == ids(session)
    assert labels(again) == labels(session)
    assert [state.rated for state in again.queries()] == [3, 0]


def test_raters_see_other_orders_and_nothing_of_each_other(make_session: MakeSession) -> None:
    anna, ben = make_session("anna"), make_session("ben")
    assert ids(anna) != ids(ben)
    assert sorted(ids(anna)) == sorted(ids(ben))
    product_id = ids(anna)[0]
    anna.rate("q001", product_id, 3)
    ben.rate("q001", ids(ben)[0], 0)
    assert labels(ben) == {ids(ben)[0]: 0}
    assert labels(anna) == {product_id: 3}


def test_the_table_has_the_median_of_all_raters_at_this_moment(
    make_session: MakeSession, judged: Path
) -> None:
    sessions = [make_session(name) for name in ("anna", "ben", "cleo")]
    product_id = next(name for name in ids(sessions[0]) if name != "Red/shoe")
    for session, label in zip(sessions, (0, 2, 3), strict=True):
        session.rate("q001", product_id, label)
    assert sessions[0].publish() == 2
    assert load_judgments(judged).qrels["q001"] == {"Red/shoe": 2, product_id: 2}
    sessions[1].withdraw("q001", product_id)
    sessions[2].publish()
    assert load_judgments(judged).qrels["q001"][product_id] == 0


def test_the_table_follows_as_soon_as_a_query_is_done(
    make_session: MakeSession, judged: Path
) -> None:
    session = make_session()
    *but_last, last = ids(session)
    for product_id in but_last:
        session.rate("q001", product_id, 1)
    before = load_judgments(judged).qrels["q001"]
    assert before == {"Red/shoe": 2}
    session.rate("q001", last, 0)
    assert load_judgments(judged).qrels["q001"] == {**dict.fromkeys(but_last, 1), last: 0}


def test_a_slip_that_is_undone_leaves_the_judgment_that_was_there_before(
    make_session: MakeSession, judged: Path
) -> None:
    original = (judged / "qrels.tsv").read_bytes()
    session = make_session()
    session.rate("q001", "Red/shoe", 0)
    session.publish()
    assert load_judgments(judged).qrels["q001"] == {"Red/shoe": 0}
    later = make_session()  # the table has our own label now
    later.rate("q001", "Red/shoe", 1)
    later.withdraw("q001", "Red/shoe")
    later.publish()
    assert (judged / "qrels.tsv").read_bytes() == original
    assert labels(later) == {}


def test_a_table_that_says_it_all_already_is_not_touched(
    make_session: MakeSession, judged: Path
) -> None:
    session = make_session()
    before = (judged / "qrels.tsv").stat()
    assert session.publish() == 1
    assert (judged / "qrels.tsv").stat().st_mtime_ns == before.st_mtime_ns
    assert (judged / "qrels.tsv").stat().st_ino == before.st_ino


def test_a_product_out_of_the_pool_and_an_unknown_query_are_refused(
    make_session: MakeSession, judged: Path
) -> None:
    session = make_session()
    with pytest.raises(BadQueryError, match="product 'no such' is not among those to rate"):
        session.rate("q001", "no such", 3)
    with pytest.raises(BadQueryError, match="no query 'q009'"):
        session.withdraw("q009", "Red/shoe")
    with pytest.raises(BadQueryError, match="no query 'q009'"):
        session.entries("q009")
    assert read_ratings(judged) == []


def test_only_queries_with_a_pool_are_shown(make_session: MakeSession) -> None:
    session = make_session()
    session.add_pool("q002", [])
    assert [(state.query.id, state.pooled) for state in session.queries()][1] == ("q002", 0)


def test_the_same_rater_in_two_processes_is_one_rater(make_session: MakeSession) -> None:
    one, other = make_session(), make_session()
    product_id = ids(one)[0]
    one.rate("q001", product_id, 3)
    assert [state.rated for state in other.queries()] == [1, 0]
    other.withdraw("q001", product_id)
    assert labels(one) == {}
    assert [state.rated for state in one.queries()] == [0, 0]


def test_a_table_that_somebody_broke_costs_no_rating_and_is_told_at_the_end(
    make_session: MakeSession, judged: Path, caplog: pytest.LogCaptureFixture
) -> None:
    session = make_session()
    (judged / "qrels.tsv").write_text("q001\tonly two columns\n")
    for product_id in ids(session):
        session.rate("q001", product_id, 1)
    assert "qrels.tsv is not up to date" in caplog.text
    assert labels(session) == dict.fromkeys(ids(session), 1)
    with pytest.raises(JudgmentsError, match="tab-separated columns"):
        session.publish()
