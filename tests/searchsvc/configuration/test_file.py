"""The configuration file: what it may say, and how it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from searchsvc.configuration.file import CONFIG_VARIABLE, ConfigurationFile, similar
from searchsvc.errors import ConfigurationError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "searchsvc.toml"


def test_settings_and_options_of_serve_are_told_apart(path: Path) -> None:
    path.write_text('window = 3\n[serve]\nport = 80\nwatch = ["a", "b"]\n')
    file = ConfigurationFile.read(path)
    assert file.settings == {"window": 3}
    assert file.serve == {"port": 80, "watch": ["a", "b"]}
    assert file.path == path


def test_no_file_is_read_where_none_is_named(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    path.write_text("window = 3\n")
    monkeypatch.chdir(path.parent)
    for nothing in (None, ""):
        if nothing is None:
            monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
        else:
            monkeypatch.setenv(CONFIG_VARIABLE, nothing)
        assert ConfigurationFile.named() is None
    monkeypatch.setenv(CONFIG_VARIABLE, path.name)
    named = ConfigurationFile.named()
    assert named is not None
    assert named.settings == {"window": 3}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"window = \n", r"no TOML .*\(at line 1, column 10\)"),
        (b'window = 1\nkeys = "auto\n', r"no TOML .*\(at line 2, column"),
        (b'window = 1\nkeys = "auto', r"no TOML .*\(at line 2, the last one\)"),
        (b"window = 1\n# \xff", r"no TOML .*in UTF-8 \(at line 2\)"),
        (b"window = 1\nwindow = 2\n", "no TOML"),
        (b"\xff", "no TOML"),
        (b"a = " + b"[" * 5_000, "no TOML"),
        (b"serve = 3\n", "expected a table"),
        (b"#" * (1 << 20) + b"#", "more than 1,048,576 bytes"),
    ],
)
def test_what_is_no_configuration_file_is_refused_by_name(
    path: Path, content: bytes, complaint: str
) -> None:
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        ConfigurationFile.read(path)
    assert str(path) in str(caught.value)


def test_an_absent_file_that_is_named_is_an_error(path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"No such file.*--config or SEARCHSVC_CONFIG"):
        ConfigurationFile.read(path)


def test_a_misspelt_name_is_guessed() -> None:
    assert similar("data-dir", ["data_dir", "window"]) == "; did you mean data_dir?"
    assert similar("zzz", ["data_dir"]) == "."
