from __future__ import annotations

import hashlib
import hmac
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.errors import StateMissingError, TokenKeyError
from searchsvc.state.keys import TokenKey

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "0123456789abcdef" * 2


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_user_key_is_the_hmac_of_the_token(token: str) -> None:
    expected = hmac.new(SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
    assert TokenKey.of_text(f" {SECRET}\n").user_key(token) == expected


def test_a_token_of_half_characters_has_a_key_too() -> None:
    assert len(TokenKey.of_text(SECRET).user_key("\ud800")) == 64


def test_a_short_key_is_refused_without_being_shown() -> None:
    with pytest.raises(TokenKeyError, match="has 31 characters, expected at least 32") as caught:
        TokenKey.of_text(SECRET[:31])
    assert SECRET[:31] not in str(caught.value)


def test_a_key_does_not_show_itself() -> None:
    key = TokenKey.of_text(SECRET)
    assert SECRET not in repr(key)
    assert SECRET not in key.fingerprint()
    assert key.fingerprint() != TokenKey.of_text(SECRET + "x").fingerprint()


def test_a_key_that_is_made_stays_and_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "token.key"
    first = TokenKey.of_file(path)
    assert TokenKey.of_file(path, create=False) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["token.key"]
    assert TokenKey.of_file(tmp_path / "token.key") != first


def test_many_that_make_a_key_at_once_agree(tmp_path: Path) -> None:
    path = tmp_path / "token.key"
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: TokenKey.of_file(path), range(64)))
    assert keys == {TokenKey.of_file(path, create=False)}
    assert [entry.name for entry in tmp_path.iterdir()] == ["token.key"]


def test_whoever_comes_second_takes_the_key_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token.key"
    first = TokenKey.of_file(path)
    with monkeypatch.context() as patch:
        patch.setattr(type(path), "exists", lambda _: False)  # as it was a moment ago
        assert TokenKey.of_file(path) == first
    assert [entry.name for entry in tmp_path.iterdir()] == ["token.key"]


def test_a_key_that_must_not_be_made_is_missing(tmp_path: Path) -> None:
    with pytest.raises(StateMissingError, match="no token key"):
        TokenKey.of_file(tmp_path / "token.key", create=False)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "token.key: the token key has 0 characters"),
        (b"abc\n", "token.key: the token key has 3 characters.*backup"),
        (b"\xff" * 64, "token.key holds no text; restore it"),
    ],
)
def test_a_damaged_key_is_refused_with_a_remedy(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    (tmp_path / "token.key").write_bytes(content)
    with pytest.raises(TokenKeyError, match=complaint):
        TokenKey.of_file(tmp_path / "token.key")


def test_a_key_that_cannot_be_read_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "token.key").mkdir()
    with pytest.raises(TokenKeyError, match="cannot be read.*SEARCHSVC_TOKEN_KEY"):
        TokenKey.of_file(tmp_path / "token.key")


def test_a_key_that_cannot_be_made_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a directory")
    with pytest.raises(TokenKeyError, match="cannot be .*made.*SEARCHSVC_TOKEN_KEY"):
        TokenKey.of_file(tmp_path / "data" / "token.key")
    with pytest.raises(TokenKeyError, match="cannot be made.*SEARCHSVC_TOKEN_KEY"):
        TokenKey.of_file(tmp_path.joinpath("/proc/searchsvc/token.key"))
