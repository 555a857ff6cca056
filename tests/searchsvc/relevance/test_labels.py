from __future__ import annotations

import pytest

from searchsvc.relevance.labels import DEFAULT_SCALE, LabelScale


def test_by_default_gains_are_exponential_and_one_is_relevant() -> None:
    assert DEFAULT_SCALE.gains_of([3, 0, 1, 3]) == {0: 0.0, 1: 1.0, 3: 7.0}
    assert [DEFAULT_SCALE.is_relevant(label) for label in (-1, 0, 1, 2)] == [
        False,
        False,
        True,
        True,
    ]


def test_gains_are_listed_by_ascending_label() -> None:
    assert list(LabelScale({0: 0.0, 2: 1.0, 1: 0.5}).gains_of([2, 0, 1])) == [0, 1, 2]


def test_a_label_without_a_gain_is_refused() -> None:
    with pytest.raises(ValueError, match="label 3 has no gain: expected one of 0, 2"):
        LabelScale({2: 1.0, 0: 0.0}).gain(3)
