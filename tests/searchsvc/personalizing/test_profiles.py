"""Profiles are read beside searches: late ones serve the next, and no failure costs an answer."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from searchsvc.errors import EventsUnavailableError
from searchsvc.personalizing import profiles as module
from searchsvc.personalizing.profiles import Profiles, no_profiles
from searchsvc.segments.profile import Profile
from tests.searchsvc.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONG_MS = 20_000.0
INSTANT_MS = 1.0


class Store:
    """Profiles that say how often they were read; a read may be held, or fail."""

    def __init__(self) -> None:
        self.reads: list[tuple[str, str]] = []
        self.gate: threading.Event | None = None
        self.error: Exception | None = None
        self.began = threading.Event()

    def user_key(self, token: str) -> str:
        return f"key of {token}"

    def profile(self, index: str, user: str) -> Profile:
        self.reads.append((index, user))
        number = len(self.reads)
        self.began.set()
        if self.gate is not None:
            assert self.gate.wait(20)
        if self.error is not None:
            raise self.error
        return Profile(orders=number)


class Clock:
    """What `monotonic` gives."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "monotonic", clock)
    return clock


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def open_profiles(store: Store) -> Iterator[Callable[[float], Profiles]]:
    opened: list[Profiles] = []

    def make(timeout_ms: float = LONG_MS) -> Profiles:
        opened.append(Profiles(lambda: store, timeout_ms))
        return opened[-1]

    yield make
    if store.gate is not None:
        store.gate.set()
    for profiles in opened:
        profiles.close()


def orders(profiles: Profiles, user: str = "u", index: str = "shop") -> int | None:
    known = profiles.get(index, user)
    return None if known is None else known.profile.orders


def test_a_profile_is_read_once_while_it_is_fresh(
    open_profiles: Callable[..., Profiles], store: Store, clock: Clock
) -> None:
    profiles = open_profiles()
    first = profiles.get("shop", "u")
    clock.now += module.FRESH_SECONDS - 1
    assert profiles.get("shop", "u") is first
    assert store.reads == [("shop", "u")]
    clock.now += 1
    assert orders(profiles) == 2


def test_a_user_has_a_profile_of_each_index(
    open_profiles: Callable[..., Profiles], store: Store
) -> None:
    profiles = open_profiles()
    assert (orders(profiles, index="shop"), orders(profiles, index="other")) == (1, 2)
    assert orders(profiles, index="shop") == 1
    assert store.reads == [("shop", "u"), ("other", "u")]


def test_what_comes_late_serves_the_next_search(
    open_profiles: Callable[..., Profiles], store: Store
) -> None:
    store.gate = threading.Event()
    profiles = open_profiles(INSTANT_MS)
    assert profiles.get("shop", "u") is None
    assert profiles.get("shop", "u") is None
    assert store.began.wait(20)
    assert len(store.reads) == 1  # the second search joined the first one's
    store.gate.set()
    eventually(lambda: orders(profiles) == 1)
    assert len(store.reads) == 1


def test_one_that_is_no_longer_fresh_is_better_than_none(
    open_profiles: Callable[..., Profiles], store: Store, clock: Clock
) -> None:
    assert orders(open_profiles()) == 1
    profiles = open_profiles(INSTANT_MS)
    eventually(lambda: orders(profiles) == 2)
    clock.now += module.FRESH_SECONDS + 1
    store.gate = threading.Event()
    assert orders(profiles) == 2
    store.gate.set()
    eventually(lambda: orders(profiles) == 3)


def test_one_that_cannot_be_read_again_is_used_for_a_minute_and_kept_no_longer(
    open_profiles: Callable[..., Profiles], store: Store, clock: Clock
) -> None:
    profiles = open_profiles()
    assert orders(profiles) == 1
    store.error = EventsUnavailableError("the disk is gone")
    clock.now += module.KEPT_SECONDS - 1
    assert orders(profiles) == 1
    profiles.sweep()
    assert profiles.kept == 1
    clock.now += 2
    assert profiles.get("shop", "ann") is None
    profiles.sweep()
    assert profiles.kept == 0


@pytest.mark.parametrize("error", [EventsUnavailableError("the disk is gone"), ValueError("bug")])
def test_a_store_that_fails_is_left_alone_for_a_while(
    open_profiles: Callable[..., Profiles],
    store: Store,
    clock: Clock,
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.error = error
    profiles = open_profiles()
    with caplog.at_level(logging.WARNING):
        assert profiles.get("shop", "u") is None
        assert profiles.get("shop", "v") is None
    assert len(store.reads) == 1
    assert len(caplog.records) == 1
    store.error = None
    clock.now += 4.9
    assert profiles.get("shop", "u") is None
    clock.now += 0.2
    assert orders(profiles) == 2


def test_a_failure_leaves_what_was_known(
    open_profiles: Callable[..., Profiles], store: Store, clock: Clock
) -> None:
    profiles = open_profiles()
    assert orders(profiles) == 1
    clock.now += module.FRESH_SECONDS + 1
    store.error = EventsUnavailableError("the disk is gone")
    assert orders(profiles) == 1
    assert len(store.reads) == 2


def test_what_is_forgotten_is_read_again_and_nobody_else_s_is(
    open_profiles: Callable[..., Profiles],
) -> None:
    profiles = open_profiles()
    for index, user in (("shop", "u"), ("other", "u"), ("shop", "v")):
        profiles.get(index, user)
    profiles.forget("u")
    assert orders(profiles, "v") == 3
    assert orders(profiles) == 4
    assert orders(profiles, index="other") == 5


def test_a_read_that_began_before_the_user_was_forgotten_brings_nothing_back(
    open_profiles: Callable[..., Profiles], store: Store
) -> None:
    store.gate = threading.Event()
    profiles = open_profiles()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(profiles.get, "shop", "u")
        assert store.began.wait(20)
        profiles.forget("u")
        store.gate.set()
        assert asked.result(20) is None
    assert orders(profiles) == 2


def test_those_that_were_used_last_are_kept(
    open_profiles: Callable[..., Profiles], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    profiles = open_profiles()
    for user in "abc":
        profiles.get("shop", user)
    profiles.get("shop", "a")  # used again, so that b is the oldest
    profiles.get("shop", "d")
    store.reads.clear()
    for user in "acd":
        profiles.get("shop", user)
    assert store.reads == []
    profiles.get("shop", "b")
    assert store.reads == [("shop", "b")]


def test_no_more_wait_than_the_store_could_ever_serve(
    open_profiles: Callable[..., Profiles], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 5)
    store.gate = threading.Event()
    profiles = open_profiles(INSTANT_MS)
    for number in range(20):
        assert profiles.get("shop", f"u{number}") is None
    store.gate.set()
    eventually(lambda: len(store.reads) == 5)
    eventually(lambda: orders(profiles, "u0") is not None)
    assert len(store.reads) == 5
    eventually(lambda: orders(profiles, "u9") is not None)


def test_many_threads_get_the_profile_that_was_read_once(
    open_profiles: Callable[..., Profiles], store: Store
) -> None:
    store.gate = threading.Event()
    profiles = open_profiles()
    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(profiles.get, "shop", f"u{n % 2}") for n in range(16)]
        assert store.began.wait(20)
        store.gate.set()
        found = {id(future.result(20)) for future in asked}
    assert len(found) == 2
    assert sorted(store.reads) == [("shop", "u0"), ("shop", "u1")]


def test_a_process_that_keeps_nothing_knows_nobody() -> None:
    profiles = Profiles(no_profiles, LONG_MS)
    assert profiles.user_key("t") is None
    assert profiles.get("shop", "u") is None
    profiles.close()


def test_a_token_is_known_by_its_key(open_profiles: Callable[..., Profiles]) -> None:
    assert open_profiles().user_key("t") == "key of t"


def test_what_is_stored_now_can_be_read_and_is_not_kept(
    open_profiles: Callable[..., Profiles], store: Store
) -> None:
    profiles = open_profiles()
    assert orders(profiles) == 1
    assert profiles.read("shop", "u").profile.orders == 2
    assert orders(profiles) == 1
    store.error = EventsUnavailableError("the disk is gone")
    with pytest.raises(EventsUnavailableError, match="the disk is gone"):
        profiles.read("shop", "u")
