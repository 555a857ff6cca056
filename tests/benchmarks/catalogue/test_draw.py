from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.catalogue.draw import Draw


def test_the_stream_of_a_name_never_changes() -> None:
    draw = Draw(2026, "family", 7)
    assert [draw.below(1000) for _ in range(8)] == [490, 435, 396, 975, 11, 839, 261, 134]


def test_equal_names_give_equal_streams_beyond_the_first_digest() -> None:
    one, other = Draw(1, "a", 1), Draw(1, "a", 1)
    numbers = [one.below(10**6) for _ in range(200)]
    assert numbers == [other.below(10**6) for _ in range(200)]
    assert len(set(numbers)) > 190


def test_streams_with_different_names_differ() -> None:
    names = [(1, "a", 1), (2, "a", 1), (1, "b", 1), (1, "a", 2)]
    assert len({tuple(Draw(*name).below(1000) for _ in range(5)) for name in names}) == len(names)


def test_choices_are_even() -> None:
    counts = Counter(Draw(3, "even", number).below(5) for number in range(5_000))
    assert set(counts) == set(range(5))
    assert all(850 < count < 1150 for count in counts.values())


def test_a_chance_is_about_its_percentage() -> None:
    draw = Draw(4, "chance", 0)
    assert 250 < sum(draw.chance(30) for _ in range(1_000)) < 350
    assert not any(Draw(4, "never", number).chance(0) for number in range(100))


@given(seed=st.integers(0, 2**40), limit=st.integers(1, 10**9))
def test_a_choice_is_below_its_limit(seed: int, limit: int) -> None:
    assert 0 <= Draw(seed, "limit", 0).below(limit) < limit


@given(seed=st.integers(0, 1000), items=st.lists(st.integers()), count=st.integers(0, 12))
def test_some_items_are_drawn_without_replacement(seed: int, items: list[int], count: int) -> None:
    drawn = Draw(seed, "some", 0).some(items, count)
    assert len(drawn) == min(count, len(items))
    assert not Counter(drawn) - Counter(items)
    assert all(Draw(seed, "pick", 0).pick(items) in items for _ in range(1) if items)
