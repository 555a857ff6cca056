"""Secrets of keys."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from searchsvc.keys.secret import SECRET, Secret, digest_of


def test_a_secret_names_its_key_and_is_never_the_same() -> None:
    made = [Secret.new() for _ in range(50)]
    for secret in made:
        match = SECRET.fullmatch(secret.text)
        assert match is not None
        assert match[1] == secret.id
    assert len({secret.text[17:] for secret in made}) == 50


def test_a_secret_is_so_long_that_its_digest_is_what_hmac_takes() -> None:
    """RFC 2104, section 2: a key longer than a block of 64 bytes is hashed first."""
    secret = Secret.new()
    assert len(secret.text) > hashlib.sha256().block_size
    ours = hmac.digest(secret.digest, b"parameters", "sha256")
    assert ours == hmac.digest(secret.text.encode(), b"parameters", "sha256")


def test_a_secret_is_not_shown_by_accident() -> None:
    secret = Secret.new()
    assert secret.text not in repr(secret)


@pytest.mark.parametrize("text", ["", "a\ud800", "\udcff", "ä" * 100, "\0"])
def test_whatever_is_sent_has_a_digest(text: str) -> None:
    assert len(digest_of(text)) == 32
