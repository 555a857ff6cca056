"""The file of the last known keys."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from searchsvc.errors import KeyMirrorError
from searchsvc.keys.key import ApiKey
from searchsvc.keys.keyset import KeyRevision, KeySet
from searchsvc.keys.mirror import Mirror
from searchsvc.keys.role import Role
from searchsvc.keys.secret import Secret

SECRET = Secret.new()
FULL = ApiKey(
    SECRET.id,
    SECRET.digest,
    frozenset({Role.SEARCH, Role.EVENTS}),
    "Läden",
    5,
    indexes=("shop-*",),
    referrers=("shop.example",),
    origins=("https://shop.example",),
    expires_ms=7,
    revoked_ms=6,
    rate=0.5,
    rate_per_address=0.0,
)
PLAIN = ApiKey("ab", bytes(32), frozenset({Role.ADMIN}), "", 5)


def held(number: int, *keys: ApiKey, database: str = "db") -> KeySet:
    return KeySet(KeyRevision(database, number), keys)


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path)


def test_what_was_written_is_read_and_is_its_owners_alone(mirror: Mirror) -> None:
    written = held(3, FULL, PLAIN)
    mirror.write(written)
    assert mirror.read() == written
    assert mirror.path.stat().st_mode & 0o777 == 0o600
    assert SECRET.text[17:] not in mirror.path.read_text()


def test_every_changed_byte_is_noticed(mirror: Mirror) -> None:
    mirror.write(held(3, PLAIN))
    sound = mirror.path.read_bytes()
    for place in range(len(sound) - 1):  # but the end of the line
        damaged = bytearray(sound)
        damaged[place] ^= 0x55
        mirror.path.write_bytes(damaged)
        with pytest.raises(KeyMirrorError, match="damaged"):
            mirror.read()


def test_what_is_no_number_is_damage(mirror: Mirror) -> None:
    mirror.write(held(3, PLAIN))
    mirror.path.write_text(mirror.path.read_text().replace('"rate":null', '"rate":NaN'))
    with pytest.raises(KeyMirrorError, match="damaged"):
        mirror.read()


def test_there_is_none_before_the_first_key(mirror: Mirror) -> None:
    mirror.write(KeySet())
    assert mirror.read() is None
    assert not mirror.path.exists()


def test_nothing_is_made_where_no_service_is(tmp_path: Path) -> None:
    Mirror(tmp_path / "none").write(held(1, PLAIN))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "other", [held(2, PLAIN), held(3), held(9, PLAIN, database="other")], ids=str
)
def test_only_what_follows_is_taken(mirror: Mirror, other: KeySet) -> None:
    mirror.write(held(3, FULL))
    mirror.write(other)
    assert mirror.read() == held(3, FULL)
    mirror.write(other, anyway=True)
    assert mirror.read() == other


def test_a_later_revision_replaces_an_earlier_one(mirror: Mirror) -> None:
    mirror.write(held(3, FULL))
    mirror.write(held(4, FULL, PLAIN))
    assert mirror.read() == held(4, FULL, PLAIN)


def test_the_word_of_a_revision_is_kept_and_may_be_missing(mirror: Mirror) -> None:
    written = KeySet(KeyRevision("db", 3, "word"), (PLAIN,))
    mirror.write(written)
    assert mirror.read() == written
    document = json.loads(mirror.path.read_bytes())
    assert document.pop("word") == "word"
    document.pop("checksum")
    mirror.path.write_text(json.dumps(document))  # as it was written before there were words
    assert mirror.read() == held(3, PLAIN)


def test_the_latest_of_many_writers_wins(mirror: Mirror) -> None:
    numbers = [*range(1, 30)]
    threads = [
        threading.Thread(target=mirror.write, args=(held(number, PLAIN),)) for number in numbers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mirror.read() == held(29, PLAIN)
    assert [path.name for path in mirror.path.parent.iterdir()] == ["keys.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        json.dumps({"version": 2, "database": "d", "revision": 1, "keys": []}).encode(),
        json.dumps({"version": 1, "database": "", "revision": 1, "keys": []}).encode(),
        json.dumps({"version": 1, "database": "d", "revision": 0, "keys": []}).encode(),
        json.dumps({"version": 1, "database": "d", "revision": 1, "keys": [{"id": "a"}]}).encode(),
        json.dumps({"version": 1, "database": "d", "revision": 1, "keys": [], "x": 1}).encode(),
    ],
)
def test_a_damaged_file_is_an_error_that_names_the_remedy(mirror: Mirror, content: bytes) -> None:
    mirror.path.write_bytes(content)
    with pytest.raises(KeyMirrorError, match=r"damaged .*'searchsvc keys restore --discard'"):
        mirror.read()
    with pytest.raises(KeyMirrorError):
        mirror.write(held(5, PLAIN))
    assert mirror.path.read_bytes() == content
    mirror.remove()
    assert mirror.read() is None


def test_what_is_damaged_is_not_repeated(mirror: Mirror) -> None:
    mirror.write(held(1, FULL))
    damaged = json.loads(mirror.path.read_text())
    damaged["keys"][0]["roles"] = ["king"]
    mirror.path.write_text(json.dumps(damaged))
    with pytest.raises(KeyMirrorError) as caught:
        mirror.read()
    assert caught.value.__cause__ is None
    assert FULL.digest.hex() not in str(caught.value)


def test_a_file_that_cannot_be_read_or_written_is_an_error(mirror: Mirror) -> None:
    mirror.path.mkdir()
    with pytest.raises(KeyMirrorError, match="cannot be read"):
        mirror.read()
    with pytest.raises(KeyMirrorError, match=r"cannot be written \(Is a directory\)"):
        mirror.write(held(1, PLAIN), anyway=True)
