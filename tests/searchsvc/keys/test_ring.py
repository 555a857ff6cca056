"""The keyring: who is granted what, and what happens when the database is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchsvc.errors import (
    ForbiddenError,
    KeysUnavailableError,
    NotPermittedError,
    SearchServiceError,
    StateUnavailableError,
)
from searchsvc.keys import ring as ring_module
from searchsvc.keys.draft import KeyDraft
from searchsvc.keys.grant import EVERYBODY, Grant
from searchsvc.keys.key import ApiKey
from searchsvc.keys.keyset import KeyRevision, KeySet
from searchsvc.keys.mirror import Mirror
from searchsvc.keys.ring import ADMIN, KeyMode, Keyring
from searchsvc.keys.role import Role
from searchsvc.keys.scoped import Restrictions, derive, read_sources
from searchsvc.keys.secret import Secret
from searchsvc.query.filters import parse_filter_text
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.searchsvc.eventually import eventually

ADMIN_KEY = "sixteen letters!"
NOW = 1_000_000
UNKNOWN = "the key is not known here, or it was revoked"


class Store:
    """A database in memory that can be gone."""

    def __init__(self, *keys: ApiKey, database: str = "db") -> None:
        self.held = KeySet(KeyRevision(database, len(keys)) if keys else KeyRevision(), keys)
        self.is_gone = False
        self.reads = 0

    def put(self, *keys: ApiKey) -> None:
        """Have these keys, under the next revision."""
        database, number, _ = self.held.revision
        self.held = KeySet(KeyRevision(database or "db", number + 1), keys)

    def key_revision(self) -> KeyRevision:
        if self.is_gone:
            raise StateUnavailableError("the disk is gone")
        return self.held.revision

    def keys(self) -> KeySet:
        self.reads += 1
        return self.held


def made(*roles: Role, **fields: Any) -> tuple[ApiKey, str]:
    """A key and its secret."""
    draft = KeyDraft(frozenset(roles or {Role.SEARCH}))
    key, secret = replace(draft, **fields).key(0)
    return key, secret.text


Ring = Callable[..., Keyring]


@pytest.fixture
def ring(tmp_path: Path) -> Ring:
    """Makes keyrings that have looked once, at `NOW`."""

    def make(store: Store, mode: KeyMode = "auto", **changes: Any) -> Keyring:
        given = Settings(data_dir=tmp_path, keys=mode, **changes)
        keyring = Keyring(given, lambda: store, lambda: NOW)
        keyring.refresh()
        return keyring

    return make


# Which keys are needed


def test_a_service_without_keys_is_open(ring: Ring, tmp_path: Path) -> None:
    keyring = ring(Store())
    assert not keyring.are_needed
    for secret in (None, "", "whatever", "ssk_" + "0" * 70):
        assert keyring.grant(secret) == EVERYBODY
    assert list(tmp_path.iterdir()) == []


def test_from_the_first_key_on_one_is_needed_even_where_all_are_revoked(ring: Ring) -> None:
    key, secret = made()
    store = Store()
    keyring = ring(store)
    store.put(key)
    keyring.refresh()
    assert keyring.are_needed
    assert keyring.grant(secret).key == key.id
    store.put(replace(key, revoked_ms=5))
    keyring.refresh()
    for sent in (None, ""):
        with pytest.raises(NotPermittedError, match="a key is needed; send it as"):
            keyring.grant(sent)


def test_required_keys_are_needed_before_the_first(ring: Ring) -> None:
    keyring = ring(Store(), "required")
    with pytest.raises(NotPermittedError, match="'searchsvc keys create' makes one"):
        keyring.grant(None)
    with pytest.raises(NotPermittedError, match=UNKNOWN):
        keyring.grant("x")


def test_where_none_is_needed_a_key_narrows_and_adds_but_never_takes(ring: Ring) -> None:
    key, secret = made(Role.INDEX, indexes=("shop",))
    keyring = ring(Store(key), "off")
    assert not keyring.are_needed
    assert keyring.grant(None) == EVERYBODY
    assert keyring.grant("unknown") == EVERYBODY
    assert keyring.grant(derive(Secret.new().text, Restrictions(user="u"))) == EVERYBODY
    granted = keyring.grant(secret)
    assert granted.roles == EVERYBODY.roles | {Role.INDEX}
    assert not granted.covers("other")


@pytest.mark.parametrize("mode", ["auto", "required", "off"])
def test_the_environments_key_is_the_administrators_in_every_mode(ring: Ring, mode: str) -> None:
    keyring = ring(Store(made()[0]), mode, admin_key=ADMIN_KEY)
    assert keyring.grant(ADMIN_KEY) is ADMIN
    assert all(ADMIN.has(role) for role in Role)
    assert ring(Store(made()[0]), "off").grant(ADMIN_KEY) == EVERYBODY


# Whose key holds


def test_a_key_grants_what_was_given_to_it(ring: Ring) -> None:
    fields = {
        "indexes": ("shop-*",),
        "origins": ("https://shop.example",),
        "rate": 20.0,
        "rate_per_address": 0.5,
    }
    key, secret = made(Role.SEARCH, Role.EVENTS, **fields)
    assert ring(Store(made()[0], key)).grant(secret) == Grant(
        key=key.id,
        roles=frozenset({Role.SEARCH, Role.EVENTS}),
        indexes=(("shop-*",),),
        origins=("https://shop.example",),
        rate=20.0,
        rate_per_address=0.5,
    )


def test_an_unknown_key_is_answered_as_a_revoked_one(ring: Ring) -> None:
    key, secret = made()
    keyring = ring(Store(replace(key, revoked_ms=5)))
    scoped = derive(secret, Restrictions(user="u1"))
    unknown = Secret.new().text
    said = set()
    for sent in (
        secret,
        scoped,
        unknown,
        derive(unknown, Restrictions()),
        "x",
        "\ud800",
        "A" * 88,
    ):
        with pytest.raises(NotPermittedError, match=UNKNOWN) as caught:
            keyring.grant(sent)
        said.add(str(caught.value))
    assert len(said) == 1


def test_a_key_holds_until_it_expires(ring: Ring) -> None:
    (late, late_secret), (early, early_secret) = made(), made()
    keyring = ring(Store(replace(late, expires_ms=NOW + 1), replace(early, expires_ms=NOW)))
    assert keyring.grant(late_secret).key == late.id
    for sent in (early_secret, derive(early_secret, Restrictions(user="u1"))):
        with pytest.raises(NotPermittedError, match="the key has expired"):
            keyring.grant(sent)


def test_a_key_of_certain_pages_is_refused_elsewhere_and_without_a_page(ring: Ring) -> None:
    key, secret = made(referrers=("shop.example", "https://*.shop.example/de/*"))
    keyring = ring(Store(key))
    for page in ("http://shop.example/", "https://www.shop.example/de/sofas"):
        assert keyring.grant(secret, referrer=page).key == key.id
    for sent in (secret, derive(secret, Restrictions(user="u1"))):
        for elsewhere in ("https://evil.example/", "", None):
            with pytest.raises(ForbiddenError, match="certain pages only"):
                keyring.grant(sent, referrer=elsewhere)


# Scoped keys


def test_a_scoped_key_grants_less_than_its_parent(ring: Ring) -> None:
    key, secret = made(Role.SEARCH, Role.EVENTS, indexes=("shop-*",), rate=5.0)
    keyring = ring(Store(key, made()[0]))
    scoped = derive(
        secret, Restrictions(filters="brand:Acme", user="u1", indexes=("*-de",), valid_until=1_001)
    )
    for _ in range(2):  # computed, then remembered
        assert keyring.grant(scoped) == replace(
            keyring.grant(secret),
            indexes=(("shop-*",), ("*-de",)),
            scope=parse_filter_text("brand:Acme"),
            user="u1",
        )
    assert keyring.grant(scoped).covers("shop-de")
    assert not keyring.grant(scoped).covers("other-de")
    assert not keyring.grant(scoped).covers("shop-fr")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_scopes_users_and_indexes_only_ever_narrow(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    patterns = st.lists(st.text("ab*-", min_size=1, max_size=4), max_size=3).map(tuple)
    roles = data.draw(st.sets(st.sampled_from([Role.SEARCH, Role.EVENTS]), min_size=1))
    key, secret = made(*roles, indexes=data.draw(patterns), rate=data.draw(st.floats(0, 9)))
    store = Store(key)
    given_settings = Settings(data_dir=tmp_path_factory.mktemp("ring"))
    keyring = Keyring(given_settings, lambda: store, lambda: NOW)
    keyring.refresh()
    parent = keyring.grant(secret)
    restrictions = Restrictions(
        filters=data.draw(st.none() | st.just("brand:Acme")),
        user=data.draw(st.none() | st.just("u1")),
        indexes=data.draw(patterns),
    )
    scoped = keyring.grant(derive(secret, restrictions))
    assert scoped.roles == parent.roles
    assert (scoped.key, scoped.rate, scoped.origins) == (parent.key, parent.rate, parent.origins)
    assert (scoped.scope is None) == (restrictions.filters is None)
    assert scoped.user == restrictions.user
    for index in data.draw(st.lists(st.text("ab-", max_size=5), min_size=3, max_size=8)):
        named = not restrictions.indexes or any(
            fnmatchcase(index, pattern) for pattern in restrictions.indexes
        )
        assert scoped.covers(index) == (parent.covers(index) and named)


def test_a_scoped_key_holds_until_its_time_is_over_though_it_is_remembered(
    tmp_path: Path,
) -> None:
    key, secret = made()
    clock = [999]
    store = Store(key)
    keyring = Keyring(Settings(data_dir=tmp_path), lambda: store, lambda: clock[0] * 1_000)
    keyring.refresh()
    scoped = derive(secret, Restrictions(valid_until=1_000))
    assert keyring.grant(scoped).key == key.id
    clock[0] = 1_000
    with pytest.raises(NotPermittedError, match="the scoped key has expired"):
        keyring.grant(scoped)


def test_a_scoped_key_of_certain_addresses_is_refused_from_others(ring: Ring) -> None:
    key, secret = made()
    keyring = ring(Store(key))
    scoped = derive(secret, Restrictions(sources=read_sources(["192.0.2.0/24"])))
    assert keyring.grant(scoped, address="192.0.2.9").key == key.id
    for elsewhere in ("192.0.3.9", None):
        with pytest.raises(ForbiddenError, match="other addresses"):
            keyring.grant(scoped, address=elsewhere)


def test_only_search_and_events_keys_have_scoped_keys(ring: Ring) -> None:
    key, secret = made(Role.SEARCH, Role.METRICS)
    with pytest.raises(NotPermittedError, match=UNKNOWN):
        ring(Store(key)).grant(derive(secret, Restrictions(user="u1")))


# Changes


def test_a_change_is_taken_up_once_and_only_when_the_revision_says_so(ring: Ring) -> None:
    key, secret = made()
    store = Store(key)
    keyring = ring(store)
    for _ in range(3):
        keyring.refresh()
    assert store.reads == 1
    store.put(replace(key, revoked_ms=NOW))
    assert keyring.grant(secret).key == key.id
    keyring.refresh()
    assert store.reads == 2
    with pytest.raises(NotPermittedError):
        keyring.grant(secret)


def test_a_revoked_parent_takes_remembered_scoped_keys_with_it(ring: Ring) -> None:
    key, secret = made()
    store = Store(key)
    keyring = ring(store)
    scoped = derive(secret, Restrictions(user="u1"))
    assert keyring.grant(scoped).user == "u1"
    store.put(replace(key, revoked_ms=NOW))
    keyring.refresh()
    with pytest.raises(NotPermittedError, match=UNKNOWN):
        keyring.grant(scoped)


@pytest.fixture
def opened(tmp_path: Path) -> Generator[Settings]:
    """Settings of a real database that is looked at ten times a second."""
    given_settings = Settings(data_dir=tmp_path, poll_seconds=0.05)
    StateStore.open(given_settings).close()
    return given_settings


def test_a_key_that_one_process_revokes_holds_in_no_other_within_poll_seconds(
    opened: Settings,
) -> None:
    with closing(StateStore.open(opened)) as first, closing(StateStore.open(opened)) as second:
        rings = [Keyring(opened, lambda store=store: store) for store in (first, second)]
        for keyring in rings:
            keyring.start()
        key, secret = made()
        first.put_key(key, actor="")
        for keyring in rings:
            eventually(lambda keyring=keyring: keyring.grant(secret).key == key.id)
        second.revoke_key(key.id, actor="")

        def is_refused(keyring: Keyring) -> bool:
            try:
                keyring.grant(secret)
            except NotPermittedError:
                return True
            return False

        for keyring in rings:
            eventually(lambda keyring=keyring: is_refused(keyring))
            keyring.close()
    mirrored = Mirror(opened.data_dir).read()
    assert mirrored is not None
    assert [it.revoked_ms is None for it in mirrored.keys] == [False]


def test_requests_are_answered_while_keys_change(ring: Ring) -> None:
    (kept, secret), (other, _) = made(), made()
    store = Store(kept)
    keyring = ring(store)
    scoped = derive(secret, Restrictions(user="u1"))
    failed: list[Exception] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                assert keyring.grant(secret).key == kept.id
                assert keyring.grant(scoped).user == "u1"
            except Exception as error:  # noqa: BLE001 - told below
                failed.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(30):
        store.put(kept, *([other] * (number % 2)))
        keyring.refresh()
    done.set()
    for thread in threads:
        thread.join()
    assert failed == []


def test_looking_goes_on_whatever_goes_wrong(
    ring: Ring, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(made()[0])
    wrong = [True]

    def broken() -> Store:
        if wrong[0]:
            raise ZeroDivisionError
        return store

    del ring
    keyring = Keyring(Settings(data_dir=tmp_path, poll_seconds=0.01), broken)
    keyring._thread.start()  # noqa: SLF001 - the first look would fail the start
    eventually(lambda: "keys could not be refreshed" in caplog.text)
    wrong[0] = False
    eventually(lambda: keyring.are_needed)
    keyring.close()


def test_a_ring_that_was_not_started_can_be_closed(ring: Ring) -> None:
    ring(Store()).close()


# A database that is gone


def test_the_last_known_keys_outlast_the_database_and_the_process(
    ring: Ring, caplog: pytest.LogCaptureFixture
) -> None:
    (key, secret), (revoked, revoked_secret) = made(), made()
    store = Store(key, replace(revoked, revoked_ms=5))
    first = ring(store)
    assert first.note is None
    store.is_gone = True
    first.refresh()
    second = ring(store)  # the service starts again
    for keyring in (first, second):
        assert keyring.grant(secret).key == key.id
        assert keyring.grant(derive(secret, Restrictions(user="u1"))).user == "u1"
        for sent in (revoked_secret, None, "x"):
            with pytest.raises(NotPermittedError):
                keyring.grant(sent)
        assert keyring.note == (
            "their database cannot be read; those that were known last stay in force."
        )
    said = caplog.text.count("cannot be read")
    second.refresh()
    assert caplog.text.count("cannot be read") == said == 2
    store.is_gone = False
    second.refresh()
    assert second.note is None


def test_required_keys_that_were_never_known_cannot_be_checked(ring: Ring) -> None:
    store = Store()
    store.is_gone = True
    keyring = ring(store, "required", admin_key=ADMIN_KEY)
    with pytest.raises(KeysUnavailableError, match="was not read yet; try again"):
        keyring.grant(made()[1])
    with pytest.raises(NotPermittedError, match="a key is needed"):
        keyring.grant(None)
    assert keyring.grant(ADMIN_KEY) is ADMIN


def test_a_service_that_never_had_keys_is_open_without_its_database(ring: Ring) -> None:
    store = Store()
    store.is_gone = True
    assert ring(store).grant(None) == EVERYBODY


LOST = [
    (Store(), "it is a new one"),
    (Store(*[made()[0] for _ in range(5)], database="other"), "it is another one"),
    (Store(made()[0]), "has keys of revision 1, and 2 was known: it is an older one"),
]


@pytest.mark.parametrize(("lost", "why"), LOST, ids=["new", "another", "backup"])
@pytest.mark.parametrize("running", [True, False])
def test_a_database_that_lost_its_keys_opens_nothing(
    ring: Ring, lost: Store, why: str, caplog: pytest.LogCaptureFixture, *, running: bool
) -> None:
    (key, secret), (revoked, revoked_secret) = made(), made()
    store = Store(key, replace(revoked, revoked_ms=5))
    keyring = ring(store)
    if running:
        keyring._store = lambda: lost  # noqa: SLF001 - the file was replaced
        keyring.refresh()
    else:
        keyring = ring(lost)
    assert keyring.are_needed
    assert keyring.grant(secret).key == key.id
    for sent in (None, revoked_secret):
        with pytest.raises(NotPermittedError):
            keyring.grant(sent)
    assert keyring.note is not None
    assert why in keyring.note
    assert "'searchsvc keys restore'" in keyring.note
    assert why in caplog.text


def test_a_backup_that_is_changed_opens_nothing_either(ring: Ring, tmp_path: Path) -> None:
    (victim, secret), (other, _), (third, third_secret) = made(Role.ADMIN), made(), made()
    revoked = replace(victim, revoked_ms=5)
    store = Store()

    def change(number: int, *keys: ApiKey) -> None:
        store.held = KeySet(KeyRevision("db", number, f"word {id(keys)}"), keys)

    change(2, victim, other)
    backup = store.held
    keyring = ring(store)
    change(3, revoked, other)
    keyring.refresh()
    store.held = backup
    keyring.refresh()
    notes = [keyring.note]
    for number, more in ((3, (third,)), (4, (third, made()[0]))):
        change(number, victim, other, *more)
        for found in (keyring, ring(store)):
            found.refresh()
            with pytest.raises(NotPermittedError):
                found.grant(secret)
            notes.append(found.note)
    assert all(note is not None and "it is an older one" in note for note in notes)
    Mirror(tmp_path).write(store.held)  # which is no better than the ring
    keyring.refresh()
    with pytest.raises(NotPermittedError):
        keyring.grant(secret)
    change(5, revoked, other, third)  # searchsvc keys restore
    keyring.refresh()
    assert keyring.note is None
    assert keyring.grant(third_secret).key == third.id


def test_the_databases_keys_are_taken_once_the_file_was_told_to(
    ring: Ring, tmp_path: Path
) -> None:
    (before, before_secret), (after, after_secret) = made(), made()
    keyring = ring(Store(before))
    lost = Store(after, database="other")
    keyring._store = lambda: lost  # noqa: SLF001 - the file was replaced
    keyring.refresh()
    assert keyring.note is not None
    Mirror(tmp_path).write(lost.held, anyway=True)  # searchsvc keys restore --discard
    keyring.refresh()
    assert keyring.note is None
    assert keyring.grant(after_secret).key == after.id
    with pytest.raises(NotPermittedError):
        keyring.grant(before_secret)


def test_an_unreadable_file_opens_nothing_and_is_told(ring: Ring, tmp_path: Path) -> None:
    key, secret = made()
    path = tmp_path / "keys.json"
    path.write_text("{")
    gone = Store(key)
    gone.is_gone = True
    keyring = ring(gone)
    with pytest.raises(KeysUnavailableError):
        keyring.grant(secret)
    assert keyring.note is not None
    assert "keys.json is damaged" in keyring.note
    empty = ring(Store())
    assert empty.are_needed
    with pytest.raises(NotPermittedError):
        empty.grant(None)
    present = ring(Store(key))
    assert present.grant(secret).key == key.id
    assert present.note is not None
    present.refresh()
    assert present.grant(secret).key == key.id
    path.unlink()
    present.refresh()
    assert present.note is None
    assert path.exists()


def test_a_key_that_cannot_be_understood_is_in_the_way_of_no_start(
    ring: Ring, tmp_path: Path
) -> None:
    key, secret = made()
    strange = KeySet(KeyRevision("db", 1), (replace(key, referrers=("shop*",)),))
    Mirror(tmp_path).write(strange)
    store = Store(key)
    store.is_gone = True
    keyring = ring(store)
    assert keyring.note is not None
    assert "referrer: found 'shop*'" in keyring.note
    with pytest.raises(KeysUnavailableError):
        keyring.grant(secret)


def test_a_damaged_file_is_no_leave_to_take_other_keys(ring: Ring, tmp_path: Path) -> None:
    key, secret = made()
    keyring = ring(Store(key))
    lost = Store(made()[0], database="other")
    keyring._store = lambda: lost  # noqa: SLF001 - the file was replaced
    (tmp_path / "keys.json").write_text("{")
    keyring.refresh()
    assert keyring.grant(secret).key == key.id


def test_a_file_that_cannot_be_written_is_told_and_keys_hold(
    ring: Ring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("searchsvc.keys.mirror.write_durably", full)
    key, secret = made()
    keyring = ring(Store(key))
    assert keyring.grant(secret).key == key.id
    assert keyring.note is not None
    assert "cannot be written (No space left on device)" in keyring.note
    monkeypatch.undo()
    keyring.refresh()
    assert keyring.note is None
    assert (tmp_path / "keys.json").exists()


def test_no_digest_of_a_key_is_in_what_is_logged(
    ring: Ring, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    key, secret = made()
    keyring = ring(Store(key))
    for sent in (secret, derive(secret, Restrictions(user="u1")), "x"):
        try:
            said = repr(keyring.grant(sent))
        except SearchServiceError as error:
            said = str(error)
        assert secret[17:] not in said + caplog.text
        assert key.digest.hex() not in said + caplog.text


def test_the_time_is_that_of_the_clock() -> None:
    assert ring_module._now_ms() > 1_700_000_000_000  # noqa: SLF001 - the default of a parameter
