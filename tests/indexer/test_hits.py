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
