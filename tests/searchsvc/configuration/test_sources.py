"""Settings from files, and which source comes first."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest
from pydantic import SecretStr, ValidationError

from searchsvc.configuration.sources import DeclaredSource, is_secret
from searchsvc.errors import ConfigurationError
from searchsvc.settings import Settings

SECRET = "a secret of many letters, 32 even"  # noqa: S105 - made up


class Write(Protocol):
    def __call__(self, text: str) -> Path: ...


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the configuration file that the environment names, and nothing else."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SEARCHSVC_{name.upper()}", raising=False)

    def run(text: str) -> Path:
        path = tmp_path / "searchsvc.toml"
        path.write_text(text)
        monkeypatch.setenv("SEARCHSVC_CONFIG", str(path))
        return path

    return run


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    return path


def test_every_setting_may_stand_in_the_file(write: Write) -> None:
    write('data_dir = "/data"\nwindow = 7\nsemantic_weight = 1\npersonalize = false\n')
    settings = Settings()
    assert settings.data_dir == Path("/data")
    assert (settings.ranking_policy().window, settings.personalize) == (7, False)
    assert settings.model_fields_set == {"data_dir", "window", "semantic_weight", "personalize"}


def test_the_environment_comes_before_the_file_and_arguments_before_both(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("window = 7\nneighbours = 8\nmax_waiting = 9\n")
    monkeypatch.setenv("SEARCHSVC_NEIGHBOURS", "18")
    monkeypatch.setenv("SEARCHSVC_MAX_WAITING", "19")
    settings = Settings(max_waiting=29)
    assert (settings.window, settings.neighbours, settings.max_waiting) == (7, 18, 29)


def test_a_secret_comes_from_a_file_that_a_variable_or_the_configuration_names(
    write: Write, secret_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(f'token_key_file = "{secret_file}"\nadmin_key = "overridden by the file"\n')
    monkeypatch.setenv("SEARCHSVC_ADMIN_KEY_FILE", str(secret_file))
    settings = Settings()
    assert settings.token_key == settings.admin_key == SecretStr(SECRET)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("polls_seconds = 1\n", r"polls_seconds: there is no such setting; did you mean poll_sec"),
        ("zzzzzz = 1\n", r"zzzzzz: there is no such setting\. 'searchsvc config show'"),
        ("port = 80\n", r"port: there is no such setting.*\[serve\]"),
        ("[ranking]\nwindow = 1\n", "ranking: there is no such setting"),
        ("window = true\n", "window: found true, expected no truth value"),
        ("admin_key_file = 3\n", "admin_key_file: found 3, expected the path"),
        ('admin_key_file = "/no/such/file"\n', "/no/such/file cannot be read"),
        ('admin_key_file = "/dev/zero"\n', "more than 65,536 bytes"),
    ],
)
def test_an_unknown_key_or_a_wrong_kind_is_an_error_that_names_file_and_key(
    write: Write, text: str, complaint: str
) -> None:
    path = write(text)
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        Settings()
    assert str(path) in str(caught.value)


def test_a_secret_said_twice_is_refused(
    write: Write, secret_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(f'admin_key = "{SECRET}"\nadmin_key_file = "{secret_file}"\n')
    with pytest.raises(ConfigurationError, match="both there"):
        Settings()
    write("")
    monkeypatch.setenv("SEARCHSVC_ADMIN_KEY", SECRET)
    monkeypatch.setenv("SEARCHSVC_ADMIN_KEY_FILE", str(secret_file))
    with pytest.raises(ConfigurationError, match="both set") as caught:
        Settings()
    assert SECRET not in str(caught.value)


def test_a_secret_that_is_no_text_is_refused(
    write: Write, secret_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("")
    secret_file.write_bytes(b"\xff\xfe")
    monkeypatch.setenv("SEARCHSVC_ADMIN_KEY_FILE", str(secret_file))
    with pytest.raises(ConfigurationError, match="holds no text"):
        Settings()


def test_an_empty_file_of_a_secret_is_no_key_that_everybody_has(
    write: Write, secret_file: Path
) -> None:
    secret_file.write_text("\n")
    write(f'admin_key_file = "{secret_file}"\n')
    with pytest.raises(ValidationError, match="at least 16"):
        Settings()


def test_the_secrets_are_known_by_their_type() -> None:
    secrets = {name for name, field in Settings.model_fields.items() if is_secret(field)}
    assert {"admin_key", "state_url", "token_key"} <= secrets
    assert "data_dir" not in secrets


def test_the_source_gives_all_values_at_once() -> None:
    source = DeclaredSource(Settings)
    field = Settings.model_fields["window"]
    assert source.get_field_value(field, "window") == (None, "window", False)
