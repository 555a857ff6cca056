from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.errors import EvaluationError
from searchsvc.relevance.folds import make_folds

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
