"""Agreement: published examples, oracles and degenerate cases."""

from __future__ import annotations

from itertools import product as pairs_of

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchsvc.judging.agreement import disputes, kappas, ordinal_alpha, weighted_kappa

_ = None
# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): four observers, twelve units.
PUBLISHED = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]
LABELS = st.integers(0, 3)


def alpha_by_definition(units: list[list[int]]) -> float:
    """One minus the ratio of mean distances: within units, and between any two labels."""
    units = [unit for unit in units if len(unit) > 1]
    everything = [label for unit in units for label in unit]
    count = {label: everything.count(label) for label in range(6)}

    def distance(a: int, b: int) -> float:
        low, high = sorted((a, b))
        return float(
            (sum(count[g] for g in range(low, high + 1)) - (count[a] + count[b]) / 2) ** 2
        )

    within = sum(
        distance(unit[i], unit[j]) / (len(unit) - 1)
        for unit in units
        for i in range(len(unit))
        for j in range(len(unit))
        if i != j
    ) / len(everything)
    size = len(everything)
    between = sum(
        distance(everything[i], everything[j])
        for i, j in pairs_of(range(size), range(size))
        if i != j
    ) / (size * (size - 1))
    return 1 - within / between


def test_alpha_of_the_published_example_is_the_published_one() -> None:
    units = [[v for v in column if v is not None] for column in zip(*PUBLISHED, strict=True)]
    assert ordinal_alpha(units) == pytest.approx(0.815, abs=0.0005)


def test_alpha_worked_by_hand() -> None:
    # Units (0, 0), (0, 3), (3, 3): n = [3, 3], so that d(0, 3) = (6 - 3)² = 9. Coincidences
    # o(0, 3) = o(3, 0) = 1; observed 2 · 9, expected 2 · 3 · 3 · 9 / (6 - 1).
    assert ordinal_alpha([[0, 0], [0, 3], [3, 3]]) == pytest.approx(1 - 18 / (162 / 5))


@settings(max_examples=60)
@given(st.lists(st.lists(LABELS, max_size=4), max_size=12))
def test_alpha_is_what_the_definition_says(units: list[list[int]]) -> None:
    compared = {label for unit in units if len(unit) > 1 for label in unit}
    found = ordinal_alpha(units)
    if len(compared) < 2:
        assert found is None
    else:
        assert found == pytest.approx(alpha_by_definition(units))


@pytest.mark.parametrize("units", [[], [[1]], [[1], [2], [3]], [[2, 2], [2, 2, 2]]])
def test_nothing_is_said_where_nothing_can_be_said(units: list[list[int]]) -> None:
    assert ordinal_alpha(units) is None


def test_full_agreement_is_one_and_a_far_label_is_worse_than_a_near_one() -> None:
    assert ordinal_alpha([[0, 0], [1, 1], [3, 3]]) == 1.0
    base = [[0, 0], [1, 1], [2, 2], [3, 3], [3, 3]]
    near, far = ordinal_alpha([*base, [2, 3]]), ordinal_alpha([*base, [0, 3]])
    assert near is not None
    assert far is not None
    assert far < near < 1


def test_kappa_of_two_labels_is_cohens_of_1960() -> None:
    # 20 both yes, 5 and 10 mixed, 15 both no: observed 0.7, by chance 0.5.
    first = [1] * 25 + [0] * 25
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert weighted_kappa(first, second) == pytest.approx(0.4)


def test_kappa_worked_by_hand() -> None:
    # Squared differences 0, 0, 1: mean 1/3. Chance, all nine combinations of (0, 1, 2) and
    # (0, 1, 3): 0 1 9, 1 0 4, 4 1 1: mean 21/9.
    assert weighted_kappa([0, 1, 2], [0, 1, 3]) == pytest.approx(1 - (1 / 3) / (21 / 9))


@settings(max_examples=40, deadline=None)  # the first example imports the library
@given(st.lists(st.tuples(LABELS, LABELS), min_size=2, max_size=40))
def test_kappa_is_that_of_scikit_learn(labels: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="comes with the export extra")
    first, second = (list(side) for side in zip(*labels, strict=True))
    ours = weighted_kappa(first, second)
    if len({*first, *second}) < 2:
        assert ours is None
        return
    theirs = metrics.cohen_kappa_score(first, second, weights="quadratic", labels=[0, 1, 2, 3])
    assert ours == pytest.approx(theirs)


def test_kappa_refuses_lists_of_different_lengths() -> None:
    with pytest.raises(ValueError, match="2 and 1 labels: expected those of the same pairs"):
        weighted_kappa([1, 2], [1])


def test_kappa_of_nothing_is_nothing() -> None:
    assert weighted_kappa([], []) is None


def test_every_two_raters_are_compared_over_what_both_labelled() -> None:
    labels = {
        ("q", "a"): {"cleo": 3, "anna": 3, "ben": 0},
        ("q", "b"): {"ben": 1, "anna": 1},
        ("q", "c"): {"cleo": 2},
    }
    found = kappas(labels)
    assert [(one.raters, one.pairs) for one in found] == [
        (("anna", "ben"), 2),
        (("anna", "cleo"), 1),
        (("ben", "cleo"), 1),
    ]
    assert found[0].kappa == weighted_kappa([3, 1], [0, 1])
    assert found[1].kappa is None  # both say 3 of the one pair


def test_the_widest_disputes_come_first_and_agreement_is_none() -> None:
    labels = {
        ("q", "near"): {"a": 2, "b": 3},
        ("q", "one of three"): {"a": 0, "b": 3, "c": 3},
        ("q", "same"): {"a": 2, "b": 2},
        ("q", "alone"): {"a": 0},
        ("q", "far"): {"a": 0, "b": 3},
        ("p", "near"): {"a": 1, "b": 0},
    }
    ordered = [dispute.pair for dispute in disputes(labels, 10)]
    assert ordered == [("q", "far"), ("q", "one of three"), ("p", "near"), ("q", "near")]
    assert [dispute.pair for dispute in disputes(labels, 1)] == ordered[:1]
    assert np.var([0, 3]) > np.var([0, 3, 3])
