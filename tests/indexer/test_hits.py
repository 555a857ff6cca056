import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.hits import Hits, Matches, best_first

_scores = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=40)


@given(_scores, st.integers(1, 50), st.randoms(use_true_random=False))
def test_the_best_are_those_of_a_full_sort_whatever_the_order_they_come_in(
    scores: list[float], limit: int, random: object
) -> None:
    pairs = list(enumerate(scores))
    expected = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:limit]
    random.shuffle(pairs)  # type: ignore[attr-defined]
    hits = Hits.best(
        np.array([row for row, _ in pairs], np.int64),
        np.array([score for _, score in pairs], np.float32),
        limit,
    )
    assert list(zip(hits.rows.tolist(), hits.scores.tolist(), strict=True)) == expected


@given(st.sets(st.integers(0, 60)), st.lists(st.integers(0, 60), max_size=20))
def test_places_find_every_row_of_a_set_and_no_other(present: set[int], asked: list[int]) -> None:
    rows = np.array(sorted(present), np.int64)
    places = Matches.equal(rows).places(np.array(asked, np.int64))
    for row, place in zip(asked, places.tolist(), strict=True):
        assert (place >= 0) == (row in present)
        if place >= 0:
            assert rows[place] == row


@given(st.integers(0, 3_000), st.integers(0, 300), st.integers(0, 2**32 - 1))
def test_the_best_of_many_are_those_of_a_full_sort(count: int, limit: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.permutation(3_000_000_000 + np.arange(count)).astype(np.int64)
    drawn = rng.normal(size=count).astype(np.float32).round(2)
    for scores in (drawn, np.sort(drawn), -np.sort(drawn), drawn * np.float32(0)):
        order = np.lexsort((rows, -scores))[:limit]
        hits = Hits.best(rows, scores, limit)
        assert hits.rows.tolist() == rows[order].tolist()
        assert hits.scores.tolist() == scores[order].tolist()
        assert (hits.rows.dtype, hits.scores.dtype) == (np.int64, np.float32)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1, width=32)), max_size=30))
def test_matches_within_a_mask_are_those_whose_row_it_lets_pass(
    drawn: list[tuple[bool, float]],
) -> None:
    rows = np.arange(len(drawn), dtype=np.int64) * 2
    mask = np.zeros(2 * len(drawn) + 1, np.bool_)
    mask[rows] = [chosen for chosen, _ in drawn]
    scores = np.array([score for _, score in drawn], np.float32)
    left = Matches(rows, scores, 1 - scores, 2.0).within(mask)
    assert left.rows.tolist() == rows[mask[rows]].tolist()
    assert left.scores.tolist() == scores[mask[rows]].tolist()
    assert left.coverage.tolist() == (1 - scores)[mask[rows]].tolist()
    assert left.ceiling == 2.0


def test_a_rank_counts_what_scores_more_and_what_stands_before_with_the_same() -> None:
    scores = np.array([1, 3, 2, 3], np.float32)
    matches = Matches(np.arange(4), scores, np.ones(4, np.float32), 3.0)
    assert [matches.rank(place) for place in range(4)] == [4, 1, 3, 2]


def test_at_least_keeps_the_threshold_itself() -> None:
    hits = Hits(np.arange(3, dtype=np.int64), np.array([0.9, 0.5, 0.4], np.float32))
    assert hits.at_least(0.5).rows.tolist() == [0, 1]


@given(
    st.lists(
        st.floats(allow_nan=False, width=32) | st.sampled_from([0.0, -0.0, 1.5, -1.5]), max_size=60
    )
)
def test_the_best_come_first_and_equal_ones_stay_in_their_order(scores: list[float]) -> None:
    expected = sorted(range(len(scores)), key=lambda place: (-scores[place], place))
    assert best_first(np.array(scores, np.float32)).tolist() == expected
