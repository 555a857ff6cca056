"""The limits of requests, by key and by address."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from searchsvc.edge import Edge
from searchsvc.errors import RateLimitedError
from searchsvc.http.app import create_app
from searchsvc.http.rates import (
    SHARED_VARIABLE,
    UNREADABLE,
    Rates,
    Table,
    create_table,
    limited_networks,
)
from searchsvc.keys.grant import EVERYBODY, NOBODY, Grant

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.searchsvc.conftest import MakeSettings

ELSEWHERE = "192.0.2.7"


class Clock:
    """Tells what time a test says it is."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Bucket:
    """A token bucket as textbooks have it."""

    def __init__(self, rate: float, size: float, now: float) -> None:
        self.rate, self.size, self.tokens, self.at = rate, size, size, now

    def take(self, now: float) -> bool:
        self.tokens = min(self.size, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1 - 1e-6:
            return False
        self.tokens -= 1
        return True


def admits(rates: Rates, grant: Grant = EVERYBODY, address: str = ELSEWHERE) -> bool:
    try:
        rates.admit(grant, address)
    except RateLimitedError:
        return False
    return True


@given(
    rate=st.sampled_from([0.1, 0.5, 1, 3, 10, 100, 1_000]),
    burst=st.sampled_from([0.01, 0.5, 1, 2, 10]),
    gaps=st.lists(st.floats(0, 2), max_size=60),
)
def test_a_limit_is_a_token_bucket(rate: float, burst: float, gaps: list[float]) -> None:
    clock = Clock()
    table = Table.private(64)
    bucket = Bucket(rate, max(rate * burst, 1), clock.now)
    interval = 1 / rate
    for gap in gaps:
        clock.now += gap / rate
        taken = not table.take(5, interval, max(burst, interval), clock.now)
        expected = bucket.take(clock.now)
        if abs(bucket.tokens + expected - 1) > 1e-4:  # neither side's rounding decides
            assert taken == expected
        elif taken != expected:
            bucket.tokens += expected - taken


def test_checking_says_what_admitting_would_and_counts_nothing() -> None:
    clock = Clock()
    rates = Rates(Edge(rate_per_address=1, rate_burst_s=2), clock=clock)
    for _ in range(40):
        clock.now += 0.3
        told = []
        for _ in range(2):
            try:
                rates.check(EVERYBODY, ELSEWHERE)
                told.append(True)
            except RateLimitedError:
                told.append(False)
        assert told == 2 * [admits(rates)]


def test_whoever_waits_as_long_as_told_is_admitted_and_not_before() -> None:
    clock = Clock()
    rates = Rates(Edge(rate_per_address=4, rate_burst_s=2), clock=clock)
    assert [admits(rates) for _ in range(9)] == [True] * 8 + [False]
    with pytest.raises(RateLimitedError) as caught:
        rates.admit(EVERYBODY, ELSEWHERE)
    assert caught.value.seconds == pytest.approx(0.25)
    clock.now += caught.value.seconds * 0.9
    assert not admits(rates)
    clock.now += caught.value.seconds * 0.1
    assert admits(rates)


def test_a_refusal_names_the_limit_and_its_setting_and_is_counted() -> None:
    counted: list[str] = []
    rates = Rates(
        Edge(rate_per_address=1, rate_per_key=1, rate_burst_s=1), counted.append, Clock()
    )
    key = Grant("abc")
    assert admits(rates, key)
    with pytest.raises(RateLimitedError, match="of one address .SEARCHSVC_RATE_PER_ADDRESS"):
        rates.admit(key, ELSEWHERE)
    with pytest.raises(RateLimitedError, match="of this key .SEARCHSVC_RATE_PER_KEY"):
        rates.admit(key, "127.0.0.1")
    own = Grant("own", rate=2, rate_per_address=0.5)
    assert admits(rates, own)
    with pytest.raises(RateLimitedError, match=r"0\.5 requests a second .* --rate-per-address"):
        rates.admit(own, ELSEWHERE)
    assert admits(rates, own, "127.0.0.1")
    with pytest.raises(RateLimitedError, match=r"2 requests a second of this key .its --rate\)"):
        rates.admit(own, "127.0.0.1")
    assert counted == ["address", "key", "address", "key"]


def test_a_key_is_counted_over_its_addresses_and_an_address_apart_for_each_key() -> None:
    rates = Rates(Edge(rate_per_key=2, rate_burst_s=1, rate_per_address=1), clock=Clock())
    assert admits(rates, Grant("a"), "192.0.2.1")
    assert not admits(rates, Grant("a"), "192.0.2.1")  # the address has had its share
    assert admits(rates, Grant("a"), "192.0.2.2")
    assert not admits(rates, Grant("a"), "192.0.2.3")  # the key has
    assert admits(rates, Grant("b"), "192.0.2.1")
    assert admits(rates, NOBODY, "192.0.2.1")
    assert not admits(rates, NOBODY, "192.0.2.1")  # who guesses keys is slowed down


def test_zero_is_no_limit_for_the_service_and_for_a_key() -> None:
    rates = Rates(Edge(rate_per_address=0), clock=Clock())
    assert all(admits(rates) for _ in range(1_000))
    rates = Rates(Edge(rate_per_address=1, rate_per_key=1), clock=Clock())
    free = Grant("free", rate=0, rate_per_address=0)
    assert all(admits(rates, free) for _ in range(1_000))


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("192.0.2.7", {"192.0.2.7": 1}),
        ("::ffff:192.0.2.7", {"192.0.2.7": 1}),
        ("2001:db8:1:2:3:4:5:6", {"20010db800010002/64": 1, "20010db80001/48": 8}),
        ("2001:db8:1:2::9%eth0", {"20010db800010002/64": 1, "20010db80001/48": 8}),
        (UNREADABLE, {UNREADABLE: 1}),
        ("127.0.0.1", {}),
        ("127.8.8.8", {}),
        ("::1", {}),
        ("::ffff:127.0.0.1", {}),
        ("testclient", {}),
        ("", {}),
    ],
)
def test_what_is_counted_together_with_an_address(address: str, networks: dict[str, int]) -> None:
    assert dict(limited_networks(address)) == networks


def test_a_site_has_the_rate_of_eight_of_its_lines() -> None:
    rates = Rates(Edge(rate_per_address=1, rate_burst_s=2), clock=Clock())
    assert [admits(rates, address="2001:db8:1:1::1") for _ in range(3)] == [True, True, False]
    lines = [f"2001:db8:1:{line:x}::1" for line in range(2, 20)]
    assert [admits(rates, address=line) for line in lines] == [True] * 14 + [False] * 4
    with pytest.raises(RateLimitedError, match="8 requests a second of one network, 8 times"):
        rates.admit(EVERYBODY, lines[-1])
    assert admits(rates, address="2001:db8:2::1")


def _answers(app: FastAPI, passed_on: str) -> list[int]:
    proxied = ProxyHeadersMiddleware(app, "192.0.2.1")  # type: ignore[arg-type]
    client = TestClient(proxied, client=("192.0.2.1", 1))  # type: ignore[arg-type]
    client.headers["X-Forwarded-For"] = passed_on
    return [client.get("/v1/indexes").status_code for _ in range(2)]


def test_what_a_proxy_passes_on_and_is_no_address_is_counted_as_one(
    make_settings: MakeSettings,
) -> None:
    app = create_app(make_settings(rate_per_address=0.01, rate_burst_s=200))
    assert _answers(app, "192.0.2.99") == [200, 200]
    assert _answers(app, "somebody") == [200, 200]
    assert _answers(app, "[else]:80") == [429, 429]
    assert _answers(app, "unknown, 192.0.2.1") == [429, 429]
    assert _answers(app, "192.0.2.98") == [200, 200]


def test_a_full_table_forgets_whoever_is_nearest_to_having_its_burst_again() -> None:
    table = Table.private(8)  # as many as a bucket may stand in
    for bucket in range(1, 9):
        assert table.take(bucket, 1.0, 10.0 + bucket, 100.0) == 0
        for _ in range(bucket):
            assert table.take(bucket, 1.0, 10.0 + bucket, 100.0) == 0
    assert table.take(99, 1.0, 1.0, 100.0) == 0  # in the place of bucket 1
    assert table.take(99, 1.0, 1.0, 100.0) > 0
    assert table.take(8, 1.0, 9.0, 100.0) > 0  # is still known


def test_fingerprints_differ_by_service_and_are_never_that_of_an_empty_slot() -> None:
    one, other = Table.private(8), Table.private(8)
    assert one.fingerprint("a") == one.fingerprint("a") != other.fingerprint("a")
    assert one.fingerprint("a") != one.fingerprint("b")
    assert one.fingerprint("a") > 0


def _ask(path: str, turns: Connection) -> None:
    """Ask for the same bucket once for each message, which says when, and tell what came of it."""
    table = Table.shared(Path(path))
    bucket = table.fingerprint("k")
    for now in iter(turns.recv, None):
        turns.send(table.take(bucket, 0.01, 1.0, now) == 0)


def test_processes_that_take_turns_admit_together_exactly_what_the_limit_says(
    tmp_path: Path,
) -> None:
    create_table(tmp_path / "rates")
    context = multiprocessing.get_context("spawn")
    lines, workers = [], []
    for _ in range(3):
        ours, theirs = context.Pipe()
        lines.append(ours)
        workers.append(context.Process(target=_ask, args=(str(tmp_path / "rates"), theirs)))
        workers[-1].start()
    bucket = Bucket(rate=100, size=100, now=1_000.0)
    admitted = 0
    for number in range(900):
        now = 1_000 + number / 300  # three times what is allowed
        line = lines[number % 3]
        line.send(now)
        admits_it = line.recv()
        assert admits_it == bucket.take(now)
        admitted += admits_it
    assert admitted == pytest.approx(100 + 300, abs=2)
    for line, worker in zip(lines, workers, strict=True):
        line.send(None)
        worker.join(60)
        assert worker.exitcode == 0


def _hammer(path: str, together: Barrier, admitted: multiprocessing.Queue[int]) -> None:
    table = Table.shared(Path(path))
    bucket = table.fingerprint("k")
    together.wait(60)
    admitted.put(sum(table.take(bucket, 0.001, 10.0, 1_000.0) == 0 for _ in range(10_001)))


def test_a_race_may_lose_counts_and_never_refuses_what_the_limit_allows(tmp_path: Path) -> None:
    create_table(tmp_path / "rates")
    context = multiprocessing.get_context("spawn")
    admitted: multiprocessing.Queue[int] = context.Queue()
    arguments = (str(tmp_path / "rates"), context.Barrier(3), admitted)
    workers = [context.Process(target=_hammer, args=arguments) for _ in range(3)]
    for worker in workers:
        worker.start()
    counts = [admitted.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    # How many more is the system's choice, which stops processes where it likes: see the module.
    assert sum(counts) >= 10_000


def test_workers_find_the_table_that_they_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_table(tmp_path / "rates", 64)
    monkeypatch.setenv(SHARED_VARIABLE, str(tmp_path / "rates"))
    clock = Clock()
    one, other = (Rates(Edge(rate_per_address=1, rate_burst_s=1), clock=clock) for _ in range(2))
    assert admits(one)
    assert not admits(other)
    monkeypatch.delenv(SHARED_VARIABLE)
    assert admits(Rates(Edge(rate_per_address=1), clock=clock))
