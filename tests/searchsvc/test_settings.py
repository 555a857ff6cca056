"""The settings of the environment."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from searchsvc.edge import Edge
from searchsvc.limits import Limits
from searchsvc.policy import Fusion, RankingPolicy, ranking_settings
from searchsvc.settings import Settings

SETTINGS: list[tuple[str, str, Any]] = [
    ("data_dir", "/somewhere/data", Path("/somewhere/data")),
    ("models_dir", "models", Path("models")),
    ("poll_seconds", "0.25", 0.25),
    ("query_encoder", "transformer", "transformer"),
    ("embed_timeout_ms", "80", 80.0),
    ("max_concurrent", "3", 3),
    ("max_waiting", "0", 0),
    ("max_wait_ms", "12.5", 12.5),
    ("admin_key", "sixteen letters!", SecretStr("sixteen letters!")),
    ("keys", "required", "required"),
    ("state_url", "sqlite:///else.db", SecretStr("sqlite:///else.db")),
    ("token_key", "k" * 32, SecretStr("k" * 32)),
    ("retention_days", "30", 30),
    ("personalize", "false", False),
    ("profile_timeout_ms", "5", 5.0),
    ("record_searches", "false", False),
    ("insights_consent", "true", True),
    ("log_format", "json", "json"),
    ("log_level", "debug", "debug"),
    ("access_log", "on", "on"),
    ("slow_ms", "100", 100.0),
    ("log_addresses", "true", True),
    ("max_query_chars", "1", 1),
    ("max_hits", "20", 20),
    ("max_offset", "0", 0),
    ("max_filter_depth", "1", 1),
    ("max_filter_clauses", "1", 1),
    ("max_filter_values", "1", 1),
    ("max_facets", "0", 0),
    ("max_facet_values", "100", 100),
    ("max_boosts", "0", 0),
    ("max_searches", "1", 1),
    ("max_events", "1", 1),
    ("max_changes", "1", 1),
    ("search_timeout_ms", "80", 80.0),
    ("rate_per_key", "20", 20.0),
    ("rate_per_address", "0", 0.0),
    ("rate_burst_s", "0.5", 0.5),
    ("trusted_proxies", "10.0.0.1, fd00::/8", ("10.0.0.1", "fd00::/8")),
    ("max_body_kib", "1", 1),
    ("max_events_kib", "1", 1),
    ("max_changes_kib", "1", 1),
    ("max_header_kib", "1", 1),
    ("header_timeout_s", "1", 1.0),
    ("body_timeout_s", "1", 1.0),
    ("changes_timeout_s", "1", 1.0),
    ("write_timeout_s", "1", 1.0),
    ("max_connections", "1", 1),
    ("drain_delay_s", "0", 0.0),
    ("fusion", "rrf", Fusion.RRF),
    ("semantic_weight", "0.9", 0.9),
    ("rrf_k", "1", 1),
    ("window", "10", 10),
    ("neighbours", "10000", 10_000),
    ("min_cosine", "-1", -1.0),
    ("min_cosine_share", "1", 1.0),
    ("min_coverage", "0.5", 0.5),
]
WRONG = [
    ("poll_seconds", "0"),
    ("poll_seconds", "-1"),
    ("poll_seconds", "soon"),
    ("poll_seconds", "inf"),  # no thread can wait as long
    ("poll_seconds", "nan"),
    ("poll_seconds", "1e12"),
    ("rate_per_address", "-1"),
    ("rate_per_key", "nan"),
    ("rate_burst_s", "0"),
    ("max_body_kib", "0"),
    ("header_timeout_s", "inf"),
    ("max_connections", "0"),
    ("query_encoder", "fast"),
    ("embed_timeout_ms", "0"),
    ("embed_timeout_ms", "inf"),
    ("max_concurrent", "0"),
    ("max_concurrent", "1.5"),
    ("max_waiting", "-1"),
    ("max_wait_ms", "0"),
    ("max_wait_ms", "inf"),
    ("admin_key", ""),  # an empty key would be everybody's
    ("admin_key", "fifteen letters"),
    ("keys", "on"),
    ("token_key", "k" * 31),  # could be guessed, and with it who is who
    ("retention_days", "0"),  # would delete everything at once
    ("retention_days", "36501"),
    ("profile_timeout_ms", "0"),
    ("personalize", "perhaps"),
    ("max_hits", "19"),  # what a request gets that does not say how many
    ("max_hits", "1001"),  # what is fixed cannot be raised
    ("max_filter_depth", "11"),
    ("search_timeout_ms", "0"),
    ("log_format", "xml"),
    ("log_level", "trace"),
    ("access_log", "some"),
    ("slow_ms", "0"),
    ("fusion", "best"),
    ("rrf_k", "0"),
    ("window", "0"),
    ("neighbours", "10001"),
    ("semantic_weight", "1.01"),
    ("semantic_weight", "nan"),
    ("min_cosine", "-1.5"),
    ("min_cosine_share", "2"),
    ("min_coverage", ""),
]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SEARCHSVC_{name.upper()}", raising=False)


@pytest.mark.parametrize(("name", "text", "value"), SETTINGS)
def test_every_setting_is_an_environment_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object
) -> None:
    assert getattr(Settings(), name) != value
    monkeypatch.setenv(f"SEARCHSVC_{name.upper()}", text)
    assert getattr(Settings(), name) == value


def test_no_setting_is_forgotten_in_these_tests_nor_in_the_docstring() -> None:
    named = {name for name, _, _ in SETTINGS}
    assert named | set(ranking_settings()) == set(Settings.model_fields)  # see test_policy
    for name in Settings.model_fields:
        documents = (Settings.__doc__, RankingPolicy.__doc__, Limits.__doc__, Edge.__doc__)
        assert any(f"{name}: " in str(document) for document in documents)


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_a_wrong_value_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(f"SEARCHSVC_{name.upper()}", text)
    with pytest.raises(ValidationError) as caught:
        Settings()
    (error,) = caught.value.errors()
    assert error["loc"] == (name,)
    assert error["input"] == text


def test_the_defaults_are_those_of_the_ranking_policy_and_of_the_limits() -> None:
    assert Settings().ranking_policy() == RankingPolicy()
    assert Settings().limits() == Limits()


def test_every_limit_reaches_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    names = set(Limits.__dataclass_fields__)
    given = {name: (text, value) for name, text, value in SETTINGS if name in names}
    for name, (text, _) in given.items():
        monkeypatch.setenv(f"SEARCHSVC_{name.upper()}", text)
    assert Settings().limits() == Limits(**{name: value for name, (_, value) in given.items()})
    assert given.keys() == names


def test_what_is_asked_of_clients_reaches_the_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().edge() == Edge()
    names = set(Edge.__dataclass_fields__)
    given = {name: (text, value) for name, text, value in SETTINGS if name in names}
    for name, (text, _) in given.items():
        monkeypatch.setenv(f"SEARCHSVC_{name.upper()}", text)
    edge = Settings().edge()
    assert edge == Edge(**{name: value for name, (_, value) in given.items()})
    assert given.keys() == names
    assert edge.proxies() == ["10.0.0.1", "fd00::/8", "::ffff:10.0.0.1/128"]


def test_a_proxy_that_is_no_address_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCHSVC_TRUSTED_PROXIES", "10.0.0.1,proxy")
    with pytest.raises(ValidationError, match="expected an address or a network") as caught:
        Settings()
    assert caught.value.errors()[0]["loc"] == ("trusted_proxies", 1)


def test_every_ranking_setting_reaches_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = set(Settings.model_fields) & set(RankingPolicy.__dataclass_fields__)
    for name, text, _ in SETTINGS:
        if name in shared:
            monkeypatch.setenv(f"SEARCHSVC_{name.upper()}", text)
    policy = Settings().ranking_policy()
    for name, _, value in SETTINGS:
        if name in shared:
            assert getattr(policy, name) == value


def test_the_key_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCHSVC_ADMIN_KEY", "open sesame, please")
    assert "sesame" not in f"{Settings()!r} {Settings().model_dump_json()}"
    monkeypatch.setenv("SEARCHSVC_ADMIN_KEY", "open sesame")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "sesame" not in str(caught.value)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().max_waiting = 1  # type: ignore[misc]


def test_the_models_are_in_the_cache_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert Settings().models_dir == Path("/cache/searchsvc/models")


@pytest.mark.parametrize("cache", [None, ""])
def test_without_a_cache_directory_they_are_in_that_of_the_home(
    monkeypatch: pytest.MonkeyPatch, cache: str | None
) -> None:
    monkeypatch.setenv("HOME", "/home/shop")
    if cache is None:
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", cache)
    assert Settings().models_dir == Path("/home/shop/.cache/searchsvc/models")


def test_other_variables_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCHSVC_NO_SUCH_SETTING", "1")
    assert math.isfinite(Settings().poll_seconds)


def test_secrets_are_known_for_the_log_passwords_of_urls_among_them() -> None:
    settings = Settings(
        admin_key="a key of an admin",  # type: ignore[arg-type]
        state_url="postgresql://shop:pass%20w/o@rd@db/state",  # type: ignore[arg-type]
    )
    assert settings.secrets() == [
        "a key of an admin",
        "postgresql://shop:pass%20w/o@rd@db/state",
        "pass%20w/o@rd",
        "pass w/o@rd",
    ]
    assert Settings().secrets() == []
