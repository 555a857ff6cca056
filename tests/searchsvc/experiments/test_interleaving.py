"""Team-draft interleaving: what the lists contain, and that chance favours nobody."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.experiments.interleaving import Interleaved, Team, draft, team_draft

rankings = st.lists(st.sampled_from("abcdefgh"), unique=True)
lengths = st.integers(0, 12)
seeds = st.integers(0, 2**32)


@given(rankings, rankings, lengths, seeds)
def test_a_list_has_each_product_once_and_as_many_as_there_are(
    a: list[str], b: list[str], length: int, seed: int
) -> None:
    made = team_draft(a, b, length, seed)
    assert len(set(made.ids)) == len(made.ids) == min(length, len({*a, *b}))
    assert set(made.ids) <= {*a, *b}
    assert made == team_draft(a, b, length, seed)


@given(rankings, rankings, lengths, seeds)
def test_each_team_drafts_from_its_ranking_in_its_order(
    a: list[str], b: list[str], length: int, seed: int
) -> None:
    made = team_draft(a, b, length, seed)
    for team, ranking in ((Team.A, a), (Team.B, b)):
        for place, (it, by) in enumerate(zip(made.ids, made.teams, strict=True)):
            if by is team:  # it was the best that was left
                assert it == next(other for other in ranking if other not in made.ids[:place])


@given(rankings, rankings, lengths, seeds)
def test_the_teams_are_never_more_than_one_product_apart(
    a: list[str], b: list[str], length: int, seed: int
) -> None:
    teams = team_draft(a, b, length, seed).teams
    for end in range(len(teams)):
        assert abs(teams[:end].count(Team.A) - teams[:end].count(Team.B)) <= 1
    without = [team is None for team in teams]
    assert without == sorted(without)  # they follow all that were drafted


@given(rankings, lengths, seeds)
def test_two_equal_rankings_are_that_ranking(ids: list[str], length: int, seed: int) -> None:
    assert team_draft(ids, ids, length, seed).ids == tuple(ids[:length])


@given(rankings, rankings, lengths, seeds)
def test_what_both_begin_with_begins_the_list(
    a: list[str], b: list[str], length: int, seed: int
) -> None:
    common = 0
    while common < min(len(a), len(b)) and a[common] == b[common]:
        common += 1
    made = team_draft(a, b, length, seed)
    assert made.ids[: min(common, length)] == tuple(a[: min(common, length)])


def expected_credit(a: str, b: str, length: int, clicked_places: tuple[int, ...]) -> Fraction:
    """Over all coins, of a shopper who clicks at places, whatever is there."""
    rounds = length // 2 + 1
    total = Fraction(0)
    for coins in product([True, False], repeat=rounds):
        made = draft(a, b, length, iter(coins))
        clicked = {made.ids[place] for place in clicked_places if place < len(made.ids)}
        total += made.credit(clicked)
    return total / 2**rounds


@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize("other", [*map("".join, permutations("abcd")), "efgh", "cdef", "ab", ""])
def test_clicks_by_place_credit_both_alike_on_average(other: str, length: int) -> None:
    for size in range(1, length + 1):
        for places in permutations(range(length), size):
            assert expected_credit("abcd", other, length, places) == 0


def test_a_ranking_with_the_wanted_product_higher_is_preferred_on_average() -> None:
    wins = [team_draft("abcdef", "efabcd", 3, seed).credit({"e"}) for seed in range(200)]
    assert sum(wins) == sum(map(abs, wins)) == 200  # only b drafts it so early
    close = [team_draft("abcd", "bacd", 1, seed).credit({"b"}) for seed in range(200)]
    assert set(close) == {0, 1}


def test_credit_is_the_difference_of_the_teams_clicks() -> None:
    made = Interleaved(("x", "y", "z", "w"), (Team.A, Team.B, Team.B, None))
    assert made.credit({"y", "z"}) == 2
    assert made.credit({"x"}) == -1
    assert made.credit({"x", "y", "w", "not there"}) == 0


def test_a_product_that_a_ranking_has_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="ranking b has 'y' twice"):
        team_draft("xyz", "xyzy", 3, 1)
    with pytest.raises(ValueError, match="length -1"):
        team_draft("x", "y", -1, 1)
