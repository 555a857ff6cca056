from __future__ import annotations

from dataclasses import replace

import pytest

from indexer.settings import IndexSettings, LexicalSettings
from searchsvc.policy import Fusion, RankingOverrides, RankingPolicy, ranking_settings
from searchsvc.relevance.grids import (
    TUNABLE,
    current_values,
    lexical_axes,
    lexical_with,
    policy_with,
    ranking_axes,
)

POLICY = RankingPolicy()
LEXICAL = LexicalSettings()


@pytest.mark.parametrize("name", TUNABLE)
def test_every_value_of_a_grid_is_one_that_the_ranking_takes(name: str) -> None:
    assert name in ranking_settings()
    for value in TUNABLE[name]:
        given = RankingOverrides.model_validate({name: value}).given()
        assert policy_with(POLICY, given) == replace(POLICY, **given)


def test_the_value_in_use_is_always_one_of_those_tried() -> None:
    policy = replace(POLICY, semantic_weight=0.123)
    lexical = LexicalSettings(weights={"title": 90.0, "brand": 0.7}, k1=1.31)
    axes = {**ranking_axes(policy), **lexical_axes(lexical)}
    current = current_values(axes, policy, lexical)
    for (name, values), value in zip(axes.items(), current, strict=True):
        assert value in values, name
        assert list(values) == sorted(set(values))
    assert axes["lexical.weights.title"][-1] == 100.0
    assert "lexical.weights.description" not in axes


def test_settings_without_effect_are_not_tried() -> None:
    assert "rrf_k" not in ranking_axes(POLICY)
    ranks = ranking_axes(replace(POLICY, fusion=Fusion.RRF))
    assert "semantic_weight" not in ranks
    assert "rrf_k" in ranks


def test_what_cuts_weak_matches_off_is_never_tuned() -> None:
    cuts = {"strictness", "min_cosine", "min_cosine_share", "min_coverage"}
    assert cuts <= set(ranking_settings())
    for fusion in Fusion:
        for cosine in (None, 0.4):
            axes = ranking_axes(replace(POLICY, fusion=fusion, min_cosine=cosine))
            assert not cuts & set(axes)


def test_values_find_their_way_into_policy_and_settings() -> None:
    values = {"semantic_weight": 0.9, "lexical.k1": 2.0, "lexical.weights.brand": 7.0}
    assert policy_with(POLICY, values) == replace(POLICY, semantic_weight=0.9)
    changed = lexical_with(LEXICAL, values)
    assert (changed.k1, changed.b) == (2.0, LEXICAL.b)
    assert changed.weights == {**LEXICAL.weights, "brand": 7.0}
    assert lexical_with(LEXICAL, {}) == LEXICAL == IndexSettings().lexical
