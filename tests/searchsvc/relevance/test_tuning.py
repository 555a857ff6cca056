from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from searchsvc.relevance.folds import make_folds
from searchsvc.relevance.tuned import Tuned
from searchsvc.relevance.tuning import Choice, HeldOut, Tuner, cross_validate

if TYPE_CHECKING:
    from collections.abc import Sequence

GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
AXES = {"semantic_weight": GRID, "lexical.b": GRID}
CURRENT = (0.0, 0.5)
QUERIES = [f"q{number}" for number in range(40)]
FOLDS = make_folds({query: query for query in QUERIES}, 5)
DIFFICULTY = dict(zip(QUERIES, np.random.default_rng(3).normal(0.5, 0.2, 40), strict=True))


def planted(choice: Choice, query: str) -> float:
    """Best at 0.75 of the first setting for nearly every query; the second does nothing."""
    number = int(query[1:])
    best = 0.75 if number % 8 else 0.25
    return DIFFICULTY[query] - (choice[0] - best) ** 2


def noise(choice: Choice, query: str) -> float:
    """Every choice has its luck with every query, and none is better."""
    seed = [int(query[1:]), *(int(value * 100) for value in choice)]
    return float(np.random.default_rng(seed).normal())


def tuned_by(tuner: Tuner) -> tuple[Choice, HeldOut]:
    return tuner.choose(QUERIES), cross_validate(tuner, FOLDS)


def test_a_planted_best_value_is_found_and_what_does_nothing_stays() -> None:
    chosen, held_out = tuned_by(Tuner(AXES, CURRENT, planted))
    assert chosen == (0.75, 0.5)
    assert {fold.chosen for fold in held_out.folds} == {(0.75, 0.5)}
    expected = [planted(chosen, q) - planted(CURRENT, q) for q in QUERIES]
    assert held_out.gain == pytest.approx(np.mean(expected))
    assert held_out.low < held_out.gain < held_out.high
    assert held_out.is_significant
    assert held_out.p < 0.01


def test_two_settings_that_help_together_are_both_found() -> None:
    def both(choice: Choice, query: str) -> float:
        return planted(choice, query) - abs(choice[1] - 1.0)

    assert Tuner(AXES, CURRENT, both).choose(QUERIES) == (0.75, 1.0)


def test_luck_does_not_survive_the_queries_that_were_held_out() -> None:
    tuner = Tuner({"a": GRID, "b": GRID}, CURRENT, noise)
    _, held_out = tuned_by(tuner)
    best = max(
        tuner.mean((a, b), QUERIES) - tuner.mean(CURRENT, QUERIES) for a in GRID for b in GRID
    )
    assert best > 0.1  # what a score on the same queries would have promised
    assert held_out.gain < best
    assert not held_out.is_significant


def test_a_gain_within_one_standard_error_is_no_reason_to_change() -> None:
    def wobbly(choice: Choice, query: str) -> float:
        swing = 1.0 if int(query[1:]) % 2 else -0.9
        return DIFFICULTY[query] + swing * choice[0]

    tuner = Tuner(AXES, CURRENT, wobbly)
    assert tuner.mean((1.0, 0.5), QUERIES) > tuner.mean(CURRENT, QUERIES)
    assert tuner.choose(QUERIES) == CURRENT
    assert tuner.choose(QUERIES[:1]) == CURRENT


def test_a_fold_is_chosen_for_without_one_look_at_its_queries() -> None:
    class Spy(Tuner):
        def choose(self, queries: Sequence[str]) -> Choice:
            looked_at.clear()
            chosen = Tuner.choose(self, queries)
            seen_by_fold.append(set(looked_at))
            return chosen

    looked_at: list[str] = []
    seen_by_fold: list[set[str]] = []

    def spied(choice: Choice, query: str) -> float:
        looked_at.append(query)
        return planted(choice, query)

    held_out = cross_validate(Spy(AXES, CURRENT, spied), FOLDS)
    for fold, seen in zip(held_out.folds, seen_by_fold, strict=True):
        assert seen == set(QUERIES) - set(fold.queries)
    assert set(held_out.gains) == set(QUERIES)


def test_the_held_out_means_are_over_all_queries() -> None:
    folds = (QUERIES[:3], QUERIES[3:])
    held_out = cross_validate(Tuner(AXES, CURRENT, planted), folds)
    assert held_out.current == pytest.approx(np.mean([planted(CURRENT, q) for q in QUERIES]))
    assert held_out.gain == pytest.approx(np.mean(list(held_out.gains.values())))


def test_the_same_scores_give_the_same_outcome() -> None:
    assert tuned_by(Tuner(AXES, CURRENT, noise)) == tuned_by(Tuner(AXES, CURRENT, noise))


def outcome(score: object, axes: object = AXES) -> Tuned:
    tuner = Tuner(axes, CURRENT, score)  # type: ignore[arg-type]
    chosen, held_out = tuned_by(tuner)
    return Tuned(tuple(AXES), CURRENT, chosen, held_out, 17)


def test_an_outcome_says_what_changes_and_which_changes_need_a_reindex() -> None:
    def both(choice: Choice, query: str) -> float:
        return planted(choice, query) - abs(choice[1] - 1.0)

    found = outcome(both)
    assert found.is_worth_it
    assert (found.ranking, found.lexical) == ({"semantic_weight": 0.75}, {"lexical.b": 1.0})
    described = "\n".join(found.describe())
    assert "tried 17 settings on 40 queries in 5 folds" in described
    assert "semantic_weight 0 -> 0.75 (by fold: 0.75 0.75 0.75 0.75 0.75)" in described
    assert "lexical.b 0.5 -> 1 (by fold: 1 1 1 1 1; needs a reindex)" in described
    assert "a significant gain" in described
    json = found.to_dict()
    assert json["significant"]
    assert [change["needs_reindex"] for change in json["changes"]] == [False, True]
    assert json["folds"][0]["chosen"] == {"semantic_weight": 0.75, "lexical.b": 1.0}


def test_no_gain_is_said_plainly() -> None:
    flat = outcome(lambda _, query: DIFFICULTY[query])
    assert flat.changes == ()
    assert not flat.is_worth_it
    assert "nothing to change" in flat.verdict
    unlucky = Tuned(tuple(AXES), CURRENT, (1.0, 0.5), flat.held_out, 17)
    assert unlucky.changes
    assert not unlucky.is_worth_it
    assert "no gain" in "\n".join(unlucky.describe())
    lucky = replace(unlucky, held_out=replace(flat.held_out, tuned=0.9, low=-0.1, high=0.2))
    assert not lucky.is_worth_it
    assert "no significant gain" in "\n".join(lucky.describe())
