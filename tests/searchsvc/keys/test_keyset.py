"""What became of keys, and what did not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.keys.key import ApiKey
from searchsvc.keys.keyset import KeyRevision, KeySet
from searchsvc.keys.role import Role

A, B = (ApiKey(name, name.encode() * 32, frozenset({Role.ADMIN}), "", 1) for name in "ab")
REVOKED = replace(A, revoked_ms=5)


def held(database: str, number: int, *keys: ApiKey, word: str = "") -> KeySet:
    return KeySet(KeyRevision(database, number, word), keys)


@pytest.mark.parametrize(
    ("later", "earlier", "follows"),
    [
        (held("a", 1, A), KeySet(), True),
        (KeySet(), KeySet(), True),
        (held("a", 3, A, B), held("a", 2, A), True),
        (held("a", 3, REVOKED), held("a", 2, A), True),
        (held("a", 2, A, word="w"), held("a", 2, A, word="w"), True),
        (held("a", 1, A), held("a", 2, A), False),  # a backup
        (held("b", 9, A), held("a", 2, A), False),  # another database
        (KeySet(), held("a", 1, A), False),  # a new one
        (held("a", 2, A, B, word="v"), held("a", 2, REVOKED, word="w"), False),  # a changed backup
        (held("a", 2, A, word="v"), held("a", 2, A), False),  # the same, after an upgrade
        (held("a", 3, A, B), held("a", 2, REVOKED), False),  # and changed once more
        (held("a", 3, B), held("a", 2, A), False),
    ],
)
def test_only_what_became_of_a_state_follows_it(
    later: KeySet, earlier: KeySet, *, follows: bool
) -> None:
    assert later.follows(earlier) is follows


CHANGES = st.lists(st.sampled_from(["put", "revoke"]), max_size=6)


def changed(before: KeySet, changes: list[str], branch: str) -> KeySet:
    """`before` after each of `changes`, as the database counts and names them."""
    for change in changes:
        database, number, _ = before.revision
        keys = list(before.keys)
        open_ones = [place for place, key in enumerate(keys) if key.revoked_ms is None]
        if change == "put" or not open_ones:
            keys.append(replace(A, id=f"{branch}{number}"))
        else:
            keys[open_ones[0]] = replace(keys[open_ones[0]], revoked_ms=9)
        revision = KeyRevision(database, number + 1, f"{branch}{number}")
        before = KeySet(revision, tuple(keys))
    return before


@given(before=CHANGES, known=CHANGES, since=CHANGES)
def test_a_backup_that_was_changed_follows_only_where_nothing_known_is_lost(
    before: list[str], known: list[str], since: list[str]
) -> None:
    backup = changed(held("a", 1, A), before, "x")
    there = changed(backup, known, "y")
    found = changed(backup, since, "z")
    assert there.follows(backup)
    if found.follows(there):
        now = {key.id: key for key in found.keys}
        for key in there.keys:
            assert now[key.id].revoked_ms is not None or key.revoked_ms is None
    elif not known:
        raise AssertionError("what became of a known state is refused")
