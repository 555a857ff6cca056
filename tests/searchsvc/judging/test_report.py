"""The report of a judged directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from searchsvc.errors import JudgmentsError
from searchsvc.judging.report import report_judging
from searchsvc.judging.store import RatingsStore
from tests.searchsvc.judging.given import rating

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def rated(judged: Path) -> Path:
    with RatingsStore(judged) as store:
        for one in (
            rating("ben", "Red/shoe", 3),
            rating("anna", "Red/shoe", 3),
            rating("anna", "a", 0),
            rating("ben", "a", 3),
            rating("anna", "b", 1),
            rating("ben", "b", 2),
            rating("anna", "c", None),
            rating("ben", "d", 1),
            rating("ben", "d", None, withdrawn=True),
            rating("anna", "x", 2, query_id="q002"),
            rating("cleo", "x", 2, query_id="of another collection"),
        ):
            store.append(one)
    return judged


def test_it_counts_by_query_and_rater_and_names_the_disputes(rated: Path) -> None:
    report = report_judging(rated)
    assert report.raters == ("anna", "ben")
    first, second = report.queries
    assert (first.judged, first.labelled, first.skipped) == (
        1,
        {"anna": 3, "ben": 3},
        {"anna": 1},
    )
    assert (second.judged, second.labelled, second.skipped) == (0, {"anna": 1}, {})
    assert report.rated_by_several == 3
    assert [(d.pair[1], d.spread) for d in report.disputes] == [("a", 3), ("b", 1)]


def test_the_figures_are_those_of_the_labels(rated: Path) -> None:
    report = report_judging(rated)
    # Units (3, 3), (0, 3), (1, 2); n = 1, 1, 1, 3 for 0 to 3, at mean ranks .5, 1.5, 2.5, 4.5.
    observed = 2 * (4.0**2 + 1.0**2)
    expected = 2 * (1 + 2**2 + 3 * 4**2 + 1 + 3 * 3**2 + 3 * 2**2)
    assert report.alpha == pytest.approx(1 - 5 * observed / expected)
    (kappa,) = report.kappas
    assert (kappa.raters, kappa.pairs) == (("anna", "ben"), 3)
    # anna 3, 0, 1 and ben 3, 3, 2: observed 10 / 3; all combinations 0 0 1, 9 9 4, 4 4 1.
    assert kappa.kappa == pytest.approx(1 - (10 / 3) / (32 / 9))


def test_as_json_it_says_the_same(rated: Path) -> None:
    report = report_judging(rated)
    told = report.to_dict()
    assert told["raters"] == ["anna", "ben"]
    assert told["queries"][0] == {
        "id": "q001",
        "text": "red shoe",
        "judged": 1,
        "labelled": {"anna": 3, "ben": 3},
        "skipped": {"anna": 1},
    }
    assert told["agreement"] == {
        "rated_by_several": 3,
        "krippendorff_alpha_ordinal": report.alpha,
        "cohen_kappa_quadratic": [
            {"raters": ["anna", "ben"], "pairs": 3, "kappa": report.kappas[0].kappa}
        ],
    }
    assert told["disputed"][0] == {
        "query_id": "q001",
        "product_id": "a",
        "labels": {"anna": 0, "ben": 3},
    }


def test_a_directory_that_nobody_rated_has_a_report(judged: Path) -> None:
    report = report_judging(judged)
    assert report.raters == ()
    assert report.alpha is None
    assert report.kappas == ()
    assert [query.judged for query in report.queries] == [1, 0]


def test_a_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JudgmentsError, match="no such file"):
        report_judging(tmp_path)
