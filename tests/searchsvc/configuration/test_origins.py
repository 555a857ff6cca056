"""Where settings come from, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from searchsvc.configuration.origins import (
    exposed_secrets,
    meanings,
    origins,
    refusal,
    unknown_variables,
)
from searchsvc.settings import DOCUMENTED, Settings

FIELDS = Settings.model_fields


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in FIELDS:
        monkeypatch.delenv(f"SEARCHSVC_{name.upper()}", raising=False)
    path = tmp_path / "searchsvc.toml"
    path.touch(mode=0o600)
    monkeypatch.setenv("SEARCHSVC_CONFIG", str(path))
    return path


def test_each_origin_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("window = 3\nneighbours = 4\n")
    monkeypatch.setenv("searchsvc_neighbours", "5")
    found = origins(FIELDS, ["data_dir"])
    assert found["window"] == f"file {file}: window"
    assert found["neighbours"] == "environment searchsvc_neighbours"
    assert found["data_dir"] == "option --data-dir"
    assert found["rrf_k"] == "default"
    assert found.keys() == FIELDS.keys()


def _refused() -> str:
    with pytest.raises(ValidationError) as caught:
        Settings()
    return refusal(caught.value, FIELDS)


def test_a_wrong_value_is_named_where_it_stands(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("poll_seconds = -1\n")
    assert _refused() == f"{file}: poll_seconds: Input should be greater than 0 (found -1)"
    monkeypatch.setenv("SEARCHSVC_POLL_SECONDS", "soon")
    assert _refused().startswith("SEARCHSVC_POLL_SECONDS: ")


def test_a_wrong_entry_of_a_list_is_named_by_its_setting_and_place(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('trusted_proxies = ["10.0.0.0/8", "proxy"]\n')
    assert _refused().startswith(f"{file}: trusted_proxies, entry 2: ")
    monkeypatch.setenv("SEARCHSVC_TRUSTED_PROXIES", '["172.16.0.0/12"]')
    assert _refused().startswith("SEARCHSVC_TRUSTED_PROXIES, entry 1: ")


@pytest.mark.parametrize("name", ["admin_key", "token_key"])
def test_a_wrong_secret_is_not_repeated(file: Path, name: str) -> None:
    file.write_text(f'{name} = "sesame"\n')
    assert f"{file}: {name}: " in _refused()
    assert "sesame" not in _refused()


def test_every_setting_has_a_meaning() -> None:
    described = meanings(*DOCUMENTED)
    for name in FIELDS:
        assert described[name].endswith((".", ")")), name
    assert "\n" not in described["max_wait_ms"]
    assert described["max_wait_ms"].endswith("four times as long.")


def test_a_secret_that_everybody_may_read_is_warned_of(file: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sixteen letters and more")
    secret.chmod(0o644)
    file.write_text(f'admin_key_file = "{secret}"\n')
    (warning,) = exposed_secrets(FIELDS)
    assert f"chmod o-r {secret}" in warning
    secret.chmod(0o640)
    file.chmod(0o644)
    assert not list(exposed_secrets(FIELDS))
    file.write_text('admin_key = "sixteen letters and more"\n')
    (warning,) = exposed_secrets(FIELDS)
    assert str(file) in warning


def test_a_variable_that_is_no_setting_is_found(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = unknown_variables(FIELDS)
    monkeypatch.setenv("SEARCHSVC_WINDOWS", "3")
    monkeypatch.setenv("SEARCHSVC_WINDOW", "3")
    monkeypatch.setenv("SEARCHSVC_ADMIN_KEY_FILE", str(file))
    assert set(unknown_variables(FIELDS)) - set(before) == {"SEARCHSVC_WINDOWS"}
