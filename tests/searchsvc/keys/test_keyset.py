"""Revisions of keys."""

from __future__ import annotations

import pytest

from searchsvc.keys.keyset import NO_REVISION, KeyRevision


@pytest.mark.parametrize(
    ("later", "earlier", "follows"),
    [
        (KeyRevision("a", 1), NO_REVISION, True),
        (NO_REVISION, NO_REVISION, True),
        (KeyRevision("a", 3), KeyRevision("a", 2), True),
        (KeyRevision("a", 2), KeyRevision("a", 2), True),
        (KeyRevision("a", 1), KeyRevision("a", 2), False),  # a backup
        (KeyRevision("b", 9), KeyRevision("a", 2), False),  # another database
        (NO_REVISION, KeyRevision("a", 1), False),  # a new one
    ],
)
def test_only_what_became_of_a_state_follows_it(
    later: KeyRevision, earlier: KeyRevision, *, follows: bool
) -> None:
    assert later.follows(earlier) is follows
