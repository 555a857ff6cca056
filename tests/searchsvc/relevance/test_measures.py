from __future__ import annotations

import math

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.relevance.labels import LabelScale, exponential_gain
from searchsvc.relevance.measures import Measure, condensed, evaluate, ndcg

IDS = [f"p{i}" for i in range(30)]
JUDGMENTS = {"a": 3, "b": 2, "c": 0, "d": 1}
RANKING = ["b", "x", "c", "a"]

rankings = st.lists(st.sampled_from(IDS), unique=True, max_size=25)
judged_lists = st.dictionaries(st.sampled_from(IDS), st.integers(0, 3), min_size=1).filter(
    lambda labels: any(labels.values())
)
cutoffs = st.integers(1, 30)

# Worked out by hand for RANKING and JUDGMENTS: gains 3, 0, 0, 7 at ranks 1 to 4; ideal 7, 3, 1.
_DCG = 3 + 7 / math.log2(5)
_IDEAL = 7 + 3 / math.log2(3) + 1 / math.log2(4)
_CONDENSED_DCG = 3 + 7 / math.log2(4)
BY_HAND = [
    ("nDCG@10", _DCG / _IDEAL),
    ("nDCG@2", 3 / (7 + 3 / math.log2(3))),
    ("nDCG(judged_only=True)@10", _CONDENSED_DCG / _IDEAL),
    ("R@4", 2 / 3),
    ("R@3", 1 / 3),
    ("R(judged_only=True)@3", 2 / 3),
    ("RR@10", 1.0),
    ("P@4", 2 / 4),
    ("P@10", 2 / 10),
    ("P(judged_only=True)@3", 2 / 3),
    ("Judged@4", 3 / 4),
    ("Judged@2", 1 / 2),
    ("Judged(judged_only=True)@2", 1.0),
]


@pytest.mark.parametrize(("text", "expected"), BY_HAND)
def test_the_measures_agree_with_a_table_made_by_hand(text: str, expected: float) -> None:
    assert Measure.parse(text).of(RANKING, JUDGMENTS) == pytest.approx(expected)


def test_the_reciprocal_rank_skips_irrelevant_products_and_stops_at_the_cutoff() -> None:
    ranking = ["x", "c", "d"]
    assert Measure("RR", 10).of(ranking, JUDGMENTS) == pytest.approx(1 / 3)
    assert Measure("RR", 10, condensed=True).of(ranking, JUDGMENTS) == pytest.approx(1 / 2)
    assert Measure("RR", 2).of(ranking, JUDGMENTS) == 0.0


def _oracle(measure: object, ranking: list[str], judgments: dict[str, int]) -> float:
    run = {"q": {product: float(len(ranking) - rank) for rank, product in enumerate(ranking)}}
    result: dict[object, float] = ir_measures.calc_aggregate(
        [measure], {"q": judgments}, run if ranking else {"q": {"none": 1.0}}
    )
    return result[measure]


@pytest.mark.parametrize("only", [False, True])
@given(ranking=rankings, judgments=judged_lists, k=cutoffs)
def test_the_measures_agree_with_ir_measures(
    *, ranking: list[str], judgments: dict[str, int], k: int, only: bool
) -> None:
    gains = {label: int(exponential_gain(label)) for label in range(4)}
    oracles = {
        "nDCG": ir_measures.nDCG(judged_only=only, gains=gains) @ k,
        "R": ir_measures.R(judged_only=only) @ k,
        "P": ir_measures.P(judged_only=only) @ k,
    }
    for name, oracle in oracles.items():
        ours = Measure(name, k, condensed=only).of(ranking, judgments)
        assert ours == pytest.approx(_oracle(oracle, ranking, judgments)), name


# The reference tool takes whole gains only; nDCG does not change with their unit.
WANDS = (LabelScale({0: 0.0, 1: 0.5, 2: 1.0}), {0: 0, 1: 1, 2: 2})
ESCI = (
    LabelScale({0: 0.0, 1: 0.01, 2: 0.1, 3: 1.0}, relevant_from=2),
    {0: 0, 1: 1, 2: 10, 3: 100},
)


@pytest.mark.parametrize("only", [False, True])
@pytest.mark.parametrize(("scale", "whole"), [WANDS, ESCI])
@given(ranking=rankings, judgments=judged_lists, k=cutoffs)
def test_other_gains_agree_with_ir_measures(
    *,
    ranking: list[str],
    judgments: dict[str, int],
    k: int,
    only: bool,
    scale: LabelScale,
    whole: dict[int, int],
) -> None:
    known = {product: min(label, max(whole)) for product, label in judgments.items()}
    oracles = {
        "nDCG": ir_measures.nDCG(judged_only=only, gains=whole) @ k,
        "P": ir_measures.P(rel=scale.relevant_from, judged_only=only) @ k,
    }
    for name, oracle in oracles.items():
        ours = Measure(name, k, condensed=only).of(ranking, known, scale)
        assert ours == pytest.approx(_oracle(oracle, ranking, known)), name


def test_a_label_below_the_threshold_of_relevance_counts_for_no_binary_measure() -> None:
    scale = LabelScale(relevant_from=3)
    for name in ("R", "RR", "P"):
        assert Measure(name, 2).of(["b", "d"], JUDGMENTS, scale) == 0.0
        assert Measure(name, 2).of(["b", "d"], JUDGMENTS) > 0.0


@given(ranking=rankings.filter(bool), judgments=judged_lists, k=cutoffs)
def test_reciprocal_rank_and_judged_agree_with_ir_measures(
    ranking: list[str], judgments: dict[str, int], k: int
) -> None:
    assert Measure("RR", k).of(ranking, judgments) == pytest.approx(
        _oracle(ir_measures.RR @ k, ranking, judgments)
    )
    assert Measure("Judged", k).of(ranking, judgments) == pytest.approx(
        _oracle(ir_measures.Judged @ k, ranking, judgments)
    )


@given(ranking=rankings, judgments=judged_lists, k=cutoffs)
def test_the_condensed_form_is_the_full_form_of_the_judged_products(
    ranking: list[str], judgments: dict[str, int], k: int
) -> None:
    for name in ("nDCG", "R", "RR", "P", "Judged"):
        full = Measure(name, k).of(condensed(ranking, judgments), judgments)
        assert Measure(name, k, condensed=True).of(ranking, judgments) == full


@given(judgments=judged_lists, k=cutoffs)
def test_the_ideal_order_has_ndcg_one(judgments: dict[str, int], k: int) -> None:
    ideal = sorted(judgments, key=lambda product: -judgments[product])
    assert ndcg(ideal, judgments, k) == pytest.approx(1.0)


def test_the_gain_can_be_linear() -> None:
    scale = LabelScale(gains={label: float(label) for label in range(4)})
    linear = ndcg(["d", "a"], {"a": 3, "d": 1}, 10, scale)
    assert linear == pytest.approx((1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)))


def test_a_negative_label_gains_nothing() -> None:
    assert exponential_gain(-2) == 0.0
    assert ndcg(["spam", "a"], {"spam": -2, "a": 1}, 10) == pytest.approx(1 / math.log2(3))


def test_measures_of_a_query_without_relevant_products_or_an_empty_ranking_are_zero() -> None:
    for name in ("nDCG", "R", "RR", "P"):
        assert Measure(name, 5).of(["a"], {"a": 0}) == 0.0
        assert Measure(name, 5).of([], {"a": 1}) == 0.0
    assert Measure("Judged", 5).of([], {"a": 1}) == 0.0


@given(
    name=st.sampled_from(["nDCG", "R", "RR", "P", "Judged"]), cutoff=cutoffs, only=st.booleans()
)
def test_a_measure_is_parsed_from_its_own_text(*, name: str, cutoff: int, only: bool) -> None:
    measure = Measure(name, cutoff, condensed=only)
    assert Measure.parse(str(measure)) == measure
    assert str(ir_measures.parse_measure(str(Measure(name, cutoff)))) == str(measure).replace(
        "(judged_only=True)", ""
    )


@pytest.mark.parametrize("text", ["nDCG", "nDCG@0", "nDCG@-1", "nDCG@ten", "@10", "MAP@10", ""])
def test_a_text_that_names_no_measure_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="measure"):
        Measure.parse(text)


def test_a_cutoff_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Measure("nDCG", 0)


def test_a_product_ranked_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="'b' is ranked twice"):
        Measure("nDCG", 10).of(["a", "b", "c", "b"], JUDGMENTS)


def test_the_mean_leaves_out_and_names_queries_without_relevant_products() -> None:
    qrels = {"q1": {"a": 1}, "q2": {"a": 0}, "q3": {"b": 2}}
    result = evaluate(Measure("RR", 10), {"q1": ["x", "a"], "q2": ["a"]}, qrels)
    assert dict(result.by_query) == {"q1": 0.5, "q3": 0.0}
    assert result.mean == pytest.approx(0.25)
    assert result.excluded == ("q2",)


def test_a_ranking_of_an_unjudged_query_is_refused() -> None:
    with pytest.raises(ValueError, match="q9"):
        evaluate(Measure("P", 1), {"q9": []}, {"q1": {"a": 1}})


def test_an_evaluation_without_any_relevant_product_is_refused() -> None:
    with pytest.raises(ValueError, match="none of 1 queries"):
        evaluate(Measure("P", 1), {}, {"q1": {"a": 0}})
