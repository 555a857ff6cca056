"""API keys and the audit log keep their contract on every database."""

from __future__ import annotations

import json
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, inspect, make_url, text

from searchsvc.errors import KeyNotFoundError, StateUnavailableError
from searchsvc.keys.key import ApiKey
from searchsvc.keys.keyset import NO_REVISION, KeyRevision, KeySet
from searchsvc.keys.role import Role
from searchsvc.keys.secret import Secret
from searchsvc.settings import Settings
from searchsvc.state import audit
from searchsvc.state.schema import SCHEMA_VERSION
from searchsvc.state.store import StateStore
from tests.happenings import make_event

if TYPE_CHECKING:
    from typing import Any

ACTOR = "cli:shop"
examples = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_numbers = count(1)
_words = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20
)
_lists = st.lists(_words, max_size=3).map(tuple)
_times = st.none() | st.integers(0, 2**40)
_rates = st.none() | st.floats(0, 1e6)
api_keys = st.builds(
    ApiKey,
    id=st.just(""),
    digest=st.just(b""),
    roles=st.frozensets(st.sampled_from(Role)),
    title=_words,
    created_ms=st.integers(0, 2**40),
    indexes=_lists,
    referrers=_lists,
    origins=_lists,
    expires_ms=_times,
    revoked_ms=_times,
    rate=_rates,
    rate_per_address=_rates,
)


def key(name: str = "aa", *, revoked_ms: int | None = None, created_ms: int = 0) -> ApiKey:
    return ApiKey(
        name,
        name.encode().ljust(32),
        frozenset({Role.SEARCH}),
        "title",
        created_ms,
        revoked_ms=revoked_ms,
    )


@contextmanager
def past_the_store(url: str) -> Generator[Engine]:
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    try:
        yield engine
    finally:
        engine.dispose()


@examples
@given(drafts=st.lists(api_keys, min_size=1, max_size=3))
def test_every_key_is_read_as_it_was_put(store: StateStore, drafts: list[ApiKey]) -> None:
    for draft in drafts:
        number = next(_numbers)
        fields = {name: getattr(draft, name) for name in ApiKey.__dataclass_fields__}
        put = ApiKey(**fields | {"id": f"{number:x}", "digest": number.to_bytes(32, "big")})
        known = store.keys()
        before = known.revision
        store.put_key(put, actor=ACTOR)
        assert store.key_revision().number == before.number + 1
        assert store.keys().follows(known)
        assert store.keys().revision == store.key_revision()
        assert put in store.keys().keys


def test_a_database_without_keys_has_no_revision(store: StateStore) -> None:
    assert store.key_revision() == NO_REVISION
    assert store.keys() == KeySet()


def test_keys_are_listed_by_their_age(store: StateStore) -> None:
    for name, created_ms in (("b", 5), ("a", 7), ("c", 5)):
        store.put_key(key(name, created_ms=created_ms), actor=ACTOR)
    assert [it.id for it in store.keys().keys] == ["b", "c", "a"]


def test_a_key_that_is_there_is_not_put_again_and_nothing_changes(store: StateStore) -> None:
    store.put_key(key(), actor=ACTOR)
    before = store.keys()
    with pytest.raises(ValueError, match="refused a value"):
        store.put_key(key(), actor=ACTOR)
    assert store.keys() == before
    assert len(list(store.audit_lines())) == 1


def test_a_revoked_key_stays_listed_and_is_revoked_once(store: StateStore) -> None:
    store.put_key(key(), actor=ACTOR)
    first = store.revoke_key("aa", actor=ACTOR)
    assert first.revoked_ms is not None
    assert store.key_revision().number == 2
    assert store.revoke_key("aa", actor=ACTOR) == first
    assert store.keys().keys == (first,)
    assert store.key_revision().number == 2


def test_a_key_that_is_not_there_cannot_be_revoked(store: StateStore) -> None:
    with pytest.raises(KeyNotFoundError, match="no key 'bb'; 'searchsvc keys list'"):
        store.revoke_key("bb", actor=ACTOR)
    assert store.key_revision() == NO_REVISION


def test_many_that_change_keys_at_once_each_count(store: StateStore) -> None:
    names = [f"{number:02}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: store.put_key(key(name), actor=ACTOR), names))
        list(pool.map(lambda name: store.revoke_key(name, actor=ACTOR), names[:6]))
    known = store.keys()
    assert sorted(it.id for it in known.keys) == names
    assert sum(it.revoked_ms is not None for it in known.keys) == 6
    assert known.revision.number == 18


def test_lost_keys_are_put_back_and_revoked_ones_stay_revoked(store: StateStore) -> None:
    lost = KeySet(KeyRevision("before", 40), (key("aa", revoked_ms=9), key("bb"), key("cc")))
    store.put_key(key("aa"), actor=ACTOR)
    store.put_key(key("cc", revoked_ms=7), actor=ACTOR)
    store.put_key(key("dd"), actor=ACTOR)
    assert store.restore_keys(lost, actor=ACTOR) == 2
    known = store.keys()
    assert {it.id: it.revoked_ms for it in known.keys} == {
        "aa": 9,
        "bb": None,
        "cc": 7,
        "dd": None,
    }
    assert known.revision[:2] == ("before", 41)
    assert known.follows(lost)


def test_a_newer_database_stays_newer_when_keys_are_put_back(store: StateStore) -> None:
    for name in ("aa", "bb", "cc"):
        store.put_key(key(name), actor=ACTOR)
    before = store.key_revision()
    store.restore_keys(KeySet(KeyRevision(before.database, 2), (key("aa"),)), actor=ACTOR)
    assert store.key_revision()[:2] == (before.database, 4)


def test_two_changes_of_one_state_are_told_apart(store: StateStore) -> None:
    words = set()
    for number in range(4):
        store.put_key(key(f"{number:02}"), actor=ACTOR)
        words.add(store.key_revision().word)
    assert len(words - {""}) == 4


# The audit log


def test_each_change_of_keys_has_its_line(
    store: StateStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "searchsvc.audit")
    secret = Secret.new()
    made = ApiKey(secret.id, secret.digest, frozenset({Role.EVENTS, Role.SEARCH}), "shop", 5)
    store.put_key(made, actor=ACTOR)
    store.revoke_key(secret.id, actor="admin")
    store.restore_keys(store.keys(), actor=ACTOR)
    lines = list(store.audit_lines())
    assert [(it.actor, it.action, it.target, it.detail) for it in lines] == [
        (ACTOR, "key.create", secret.id, {"roles": "events,search"}),
        ("admin", "key.revoke", secret.id, {}),
        (ACTOR, "key.restore", "", {"keys": 0}),
    ]
    said = repr(lines) + caplog.text
    assert "key.revoke by admin" in caplog.text
    assert secret.text[-64:] not in said
    assert secret.digest.hex() not in said


def test_lines_are_read_from_a_time_on_in_their_order_whatever_the_page(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PAGE_LINES", 2)
    clock = count(1)
    monkeypatch.setattr(audit.time, "time_ns", lambda: next(clock) * 1_000_000)
    receipts = [
        store.audit("k1", "ranking.set", "shop/ranking", {"number": number}) for number in range(5)
    ]
    assert [line.receipt for line in store.audit_lines()] == receipts
    late = list(store.audit_lines(4))
    assert [(line.time_ms, line.detail) for line in late] == [
        (4, {"number": 3}),
        (5, {"number": 4}),
    ]


def test_any_words_can_be_audited_and_are_cut(store: StateStore) -> None:
    store.audit("a\0\ud800" + "x" * 900, "act", "t" * 900, {"word": "w" * 900, "count": 3})
    (line,) = store.audit_lines()
    assert line.actor.startswith("a?x")
    assert {len(line.actor), len(line.target), len(str(line.detail["word"]))} == {500}
    assert line.detail["count"] == 3


def test_what_is_asked_of_a_user_says_who_asked_and_not_of_whom(store: StateStore) -> None:
    store.append([make_event("e1", "p1", user=store.user_key("anon-1"))])
    store.export_user("anon-1", actor="admin")
    store.delete_user("anon-1", actor=ACTOR)
    export, deletion = store.audit_lines()
    assert (export.action, export.actor, export.target) == ("export", "admin", "")
    assert (deletion.action, deletion.actor, deletion.target) == ("delete", ACTOR, "")


def test_a_note_is_stored_where_that_can_be_done(store: StateStore) -> None:
    audit.note(lambda: store, ACTOR, "reindex", "shop", {"products": 3})
    (line,) = store.audit_lines()
    assert (line.actor, line.action, line.target) == (ACTOR, "reindex", "shop")


def test_a_note_that_cannot_be_stored_is_logged_and_fails_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def gone() -> StateStore:
        raise StateUnavailableError("the disk is full")

    caplog.set_level("INFO", "searchsvc.audit")
    audit.note(gone, ACTOR, "rollback", "shop", {"to": "g2"})
    said, warned = caplog.records
    assert said.getMessage() == f"rollback by {ACTOR}: shop " + json.dumps({"to": "g2"})
    assert (warned.levelname, "the disk is full" in warned.getMessage()) == ("WARNING", True)


# Versions


def _shape(engine: Engine) -> dict[str, Any]:
    found = inspect(engine)
    return {
        table: {
            "columns": [str(column) for column in found.get_columns(table)],
            "key": found.get_pk_constraint(table)["constrained_columns"],
            "unique": [it["column_names"] for it in found.get_unique_constraints(table)],
        }
        for table in ("searchsvc_audit", "searchsvc_api_key")
    }


def test_a_database_of_version_1_becomes_what_a_new_one_is(
    state_settings: Settings, state_url: str
) -> None:
    StateStore.open(state_settings).close()
    with past_the_store(state_url) as engine:
        new = _shape(engine)
        with engine.begin() as connection:
            for statement in (
                "DROP TABLE searchsvc_api_key",
                "ALTER TABLE searchsvc_audit DROP COLUMN actor",
                "ALTER TABLE searchsvc_audit DROP COLUMN target",
                (
                    "INSERT INTO searchsvc_audit (time_ms, action, receipt, counts) "
                    "VALUES (5, 'delete', 'r', '{}')"
                ),
                "UPDATE searchsvc_schema SET version = 1",
            ):
                connection.execute(text(statement))
    store = StateStore.open(state_settings)
    (line,) = store.audit_lines()
    assert (line.action, line.actor, line.target) == ("delete", "", "")
    store.put_key(key(), actor=ACTOR)
    assert store.keys().keys == (key(),)
    store.close()
    with past_the_store(state_url) as engine:
        assert _shape(engine) == new
        with engine.connect() as connection:
            versions = connection.execute(text("SELECT version FROM searchsvc_schema")).scalars()
            assert sorted(versions) == list(range(1, SCHEMA_VERSION + 1))
