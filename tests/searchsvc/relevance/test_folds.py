from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.snapshot import open_snapshot
from searchsvc.errors import EvaluationError
from searchsvc.relevance.folds import make_folds, question

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from tests.conftest import Build

GROUPS = st.dictionaries(st.text(min_size=1), st.integers(0, 12), min_size=2, max_size=40).filter(
    lambda groups: len(set(groups.values())) >= 2
)


@given(GROUPS, st.integers(2, 6))
def test_every_query_is_in_one_fold_and_no_group_is_divided(
    groups: dict[str, int], count: int
) -> None:
    count = min(count, len(set(groups.values())))
    folds = make_folds(groups, count)
    assert len(folds) == count
    assert all(folds)
    assert sorted(query for fold in folds for query in fold) == sorted(groups)
    for fold in folds:
        outside = {groups[query] for query in groups if query not in fold}
        assert not outside & {groups[query] for query in fold}
        assert list(fold) == [query for query in groups if query in fold]


@given(st.integers(2, 60), st.integers(2, 6))
def test_folds_of_single_queries_differ_by_one_at_most(queries: int, count: int) -> None:
    count = min(count, queries)
    sizes = [len(fold) for fold in make_folds({str(n): n for n in range(queries)}, count)]
    assert max(sizes) - min(sizes) <= 1


def test_the_split_follows_the_seed_and_nothing_else() -> None:
    groups = {str(n): n for n in range(30)}
    assert make_folds(groups, 5) == make_folds(groups, 5)
    assert make_folds(groups, 5, seed=1) != make_folds(groups, 5, seed=2)
    assert make_folds(groups, 2)[0] != tuple(str(n) for n in range(15))


def test_more_folds_than_different_queries_are_refused() -> None:
    with pytest.raises(EvaluationError, match="2 different queries cannot be split into 3 folds"):
        make_folds({"a": 1, "b": 1, "c": 2}, 3)


def test_order_endings_and_typos_make_no_other_question(build: Build, layout: IndexLayout) -> None:
    titles = ["red leather shoes", "blue leather gloves", "red umbrella", "blue umbrella"]
    build([{"id": f"p{n}", "title": titles[n % 4]} for n in range(24)])
    snapshot = open_snapshot(layout)
    layout.synonyms_file.write_text('{"sets": [["gloves", "umbrella"]]}')
    asked = question("red umbrella", snapshot)
    assert {question(t, snapshot) for t in ("umbrella red", "Red UMBRELLAS", "red umbrela")} == {
        asked
    }
    others = ("blue umbrella", "red gloves", "umbrella", "red red umbrella", "qqqq")
    assert len({asked, *(question(text, snapshot) for text in others)}) == 1 + len(others)
    groups = {text: question(text, snapshot) for text in ("red umbrela", "red umbrella", "qqqq")}
    assert ("red umbrela", "red umbrella") in make_folds(groups, 2)
