"""The ranking policy, and what is generated from its fields."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from pydantic import ValidationError

from searchsvc.errors import BadLiveSettingsError
from searchsvc.livefile import parse
from searchsvc.policy import Fusion, RankingOverrides, RankingPolicy, ranking_settings
from searchsvc.settings import Settings

COMPILED = ("synonyms", "reranker", "popularity")
NAMES = [entry.name for entry in fields(RankingPolicy) if entry.name not in COMPILED]
SCHEMA = RankingOverrides.model_json_schema()["properties"]


def of_type(name: str, *types: str) -> dict[str, Any] | None:
    """The schema of a setting, or of its alternative to null, if it is of one of these types."""
    for schema in SCHEMA[name].get("anyOf", [SCHEMA[name]]):
        if schema.get("type") in types:
            return dict(schema)
    return None


NUMBERS = [name for name in NAMES if of_type(name, "number", "integer")]
SWITCHES = [name for name in NAMES if of_type(name, "boolean")]
NULLABLE = [name for name in NAMES if of_type(name, "null")]


def test_every_field_but_what_is_compiled_is_a_setting_everywhere() -> None:
    assert list(ranking_settings()) == NAMES
    assert list(RankingOverrides.model_fields) == NAMES
    assert set(NAMES) <= set(Settings.model_fields)


@pytest.mark.parametrize("name", NAMES)
def test_the_defaults_are_those_of_the_policy(name: str) -> None:
    default = getattr(RankingPolicy(), name)
    assert RankingOverrides.model_fields[name].default == default
    assert Settings.model_fields[name].default == default
    RankingOverrides.model_validate({name: default})  # within its own bounds


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_has_bounds_and_they_hold_in_the_environment_and_in_the_file(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = of_type(name, "number", "integer") or {}
    low, high = schema["minimum"], schema["maximum"]
    for value in (low, high):
        assert RankingOverrides.model_validate({name: value}).given() == {name: value}
        monkeypatch.setenv(f"SEARCHSVC_{name.upper()}", str(value))
        assert getattr(Settings(), name) == value
    for value in (low - 1, high + 1):
        with pytest.raises(ValidationError, match=name):
            RankingOverrides.model_validate({name: value})
        monkeypatch.setenv(f"SEARCHSVC_{name.upper()}", str(value))
        with pytest.raises(ValidationError, match=name):
            Settings()


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("text", ['"1"', "true", "NaN", "Infinity", "1e999", "[1]"])
def test_a_number_in_the_file_is_a_number(name: str, text: str) -> None:
    with pytest.raises(BadLiveSettingsError, match=name):
        parse(RankingOverrides, f'{{"{name}": {text}}}'.encode())


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_true_or_false(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for text, value in (("true", True), ("false", False)):
        content = f'{{"{name}": {text}}}'.encode()
        assert parse(RankingOverrides, content).given() == {name: value}
        monkeypatch.setenv(f"SEARCHSVC_{name.upper()}", text)
        assert getattr(Settings().ranking_policy(), name) is value
    with pytest.raises(BadLiveSettingsError, match=name):
        parse(RankingOverrides, f'{{"{name}": 1}}'.encode())


@pytest.mark.parametrize("name", NAMES)
def test_null_is_a_value_of_those_that_may_be_absent_only(name: str) -> None:
    content = f'{{"{name}": null}}'.encode()
    if name in NULLABLE:
        assert parse(RankingOverrides, content).given() == {name: None}
        return
    with pytest.raises(BadLiveSettingsError, match=name):
        parse(RankingOverrides, content)


def test_every_setting_is_of_a_kind_that_these_tests_know() -> None:
    assert {*NUMBERS, *SWITCHES, "fusion"} == set(NAMES)


def test_a_choice_is_one_of_its_words() -> None:
    assert parse(RankingOverrides, b'{"fusion": "rrf"}').given() == {"fusion": Fusion.RRF}
    with pytest.raises(BadLiveSettingsError, match="fusion: .*'weighted' or 'rrf'.*'best'"):
        parse(RankingOverrides, b'{"fusion": "best"}')


@pytest.mark.parametrize("content", [{"synonyms": []}, {"weight": 1}])
def test_what_is_no_setting_is_refused_with_those_that_are(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="not permitted"):
        RankingOverrides.model_validate(content)
    with pytest.raises(BadLiveSettingsError, match="weight: unknown, expected one of fusion, se"):
        parse(RankingOverrides, b'{"weight": 1}')


def test_only_what_is_given_is_overridden_even_when_it_is_the_default() -> None:
    assert RankingOverrides().given() == {}
    assert parse(RankingOverrides, b'{"window": 500}').given() == {"window": 500}


def test_the_documented_example_is_one() -> None:
    (example,) = RankingOverrides.model_json_schema()["examples"]
    assert RankingOverrides.model_validate(example).given() == example
