from __future__ import annotations

import pytest

from benchmarks.report.numbers import compact, fixed, percent, probability, signed


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0374, "+0.037"), (-0.0374, "−0.037"), (0.0, "0.000"), (-0.0004, "0.000"), (None, "–")],
)
def test_differences_have_a_true_sign_unless_they_round_to_zero(
    value: float | None, written: str
) -> None:
    assert signed(value) == written


@pytest.mark.parametrize(
    ("p", "written"), [(0.0, "<0.001"), (0.00099, "<0.001"), (0.001, "0.001"), (1.0, "1.000")]
)
def test_a_p_value_is_never_written_as_zero(p: float, written: str) -> None:
    assert probability(p) == written


def test_what_is_absent_is_a_dash() -> None:
    assert {fixed(None), probability(None), percent(None), signed(None)} == {"–"}


def test_numbers_have_the_digits_that_they_need() -> None:
    assert fixed(0.84744) == "0.847"
    assert fixed(1.2, 2) == "1.20"
    assert percent(0.0164) == "1.6 %"
    assert [compact(number) for number in (0, 0.5, 1.0, 0.01)] == ["0", "0.5", "1", "0.01"]
