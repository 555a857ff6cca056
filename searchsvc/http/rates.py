"""Rates: how many requests a key, and each address that sends it, may make in a second.

Each limit is a token bucket in the form of the generic cell rate algorithm (ITU-T I.371, annex A:
"virtual scheduling"), which keeps one number for each bucket: the time at which it would be full
again. A request moves that time by the interval of its rate, and is refused where that would put
it more than the burst ahead of the clock.

The numbers stand in a table of fixed size, so that memory is bounded whatever arrives: a bucket
has a few slots that it may stand in, and where all are taken, the one that is full again first
makes way. Worker processes map the same table. The clock is the machine's, the same for all of its
processes (CLOCK_MONOTONIC).

They take no locks. What others count between a worker's reading of a bucket and its writing, a
tenth of a microsecond later, is lost; where the system stops the worker just then, that is all
they count until it goes on, at most a burst. So never less is admitted than the limit says, and
sometimes more: measured on two cores up to 17 % with four processes that do nothing but ask for
the same bucket, up to 2 % where each request is a tenth of a millisecond's work.
"""

from __future__ import annotations

import mmap
import os
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from searchsvc.errors import RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from searchsvc.edge import Edge
    from searchsvc.keys.grant import Grant

    _Ask = Callable[[int, float, float, float], float]  # `Table.take` or `Table.wait`

SHARED_VARIABLE: Final = "SEARCHSVC_RATES_TABLE"
"""Where ``serve`` tells its workers which table they share."""
SLOTS: Final = 65_536
"""Buckets in a table: a mebibyte."""
_PROBES = 8
_SECRET_BYTES = 32
_HEADER_WORDS = 4  # of 8 bytes: the secret
_REMEMBERED = 4_096
_V6_BITS = 128
_V6_LINE = 64  # the bits that a line shares, of whose addresses a machine has all
_V6_SITE = 48  # those of a site, which may have 65,536 such lines: RFC 6177
_SITE_SHARE = 8  # as many lines as it may use to the full
UNREADABLE: Final = "unreadable"
"""What stands for whatever a proxy passes on as an address and is none."""


class Table:
    """The buckets, as pairs of a fingerprint and the time at which the bucket is full again."""

    def __init__(self, memory: mmap.mmap) -> None:
        """Use `memory`, as `Table.private` or `Table.create` made it."""
        self._prints = memoryview(memory).cast("Q")
        self._times = memoryview(memory).cast("d")
        self._secret = bytes(memory[:_SECRET_BYTES])
        self._slots = (len(self._prints) - _HEADER_WORDS) // 2

    @classmethod
    def private(cls, slots: int = SLOTS) -> Table:
        """A table of this process alone."""
        memory = mmap.mmap(-1, _size(slots))
        memory[:_SECRET_BYTES] = os.urandom(_SECRET_BYTES)
        return cls(memory)

    @classmethod
    def shared(cls, path: Path) -> Table:
        """The table in the file at `path`, which `create_table` wrote."""
        with path.open("r+b") as file:
            return cls(mmap.mmap(file.fileno(), 0))

    def fingerprint(self, bucket: str) -> int:
        """What stands for `bucket` in the table; never 0.

        It is keyed, so that nobody can choose addresses that push out those of others.
        """
        digest = blake2b(bucket.encode(), digest_size=8, key=self._secret).digest()
        return int.from_bytes(digest, "little") or 1

    def wait(self, fingerprint: int, interval: float, burst: float, now: float) -> float:
        """What `take` would give, counting nothing; for its arguments see there."""
        at = self._find(fingerprint)
        full = self._times[at + 1] if self._prints[at] == fingerprint else now
        wait = max(now, full) + interval - burst - now
        # Rounding must not refuse the last request of a burst.
        return wait if wait > interval * 1e-6 else 0.0

    def take(self, fingerprint: int, interval: float, burst: float, now: float) -> float:
        """Count a request against a bucket, unless it is too many.

        Args:
            fingerprint: of the bucket.
            interval: seconds for each request.
            burst: seconds that the bucket may be ahead of the clock.
            now: the time.

        Returns:
            The seconds after which it would be taken; 0 when it was.
        """
        at = self._find(fingerprint)
        times, full = self._times, at + 1
        if self._prints[at] != fingerprint:
            self._prints[at] = fingerprint
            times[full] = now
        wait = max(now, times[full]) + interval - burst - now
        # Rounding must not refuse the last request of a burst.
        if wait > interval * 1e-6:
            return wait
        # Read again: what another process counts between this reading and the writing is lost.
        times[full] = max(now, times[full]) + interval
        return 0.0

    def _find(self, fingerprint: int) -> int:
        """The place of a bucket, or else the place of the one that it may replace."""
        prints, times = self._prints, self._times
        first = fingerprint % self._slots
        stalest, place = float("inf"), 0
        for probe in range(_PROBES):
            at = _HEADER_WORDS + 2 * ((first + probe) % self._slots)
            if prints[at] == fingerprint:
                return at
            if times[at + 1] < stalest:
                stalest, place = times[at + 1], at
        return place


def create_table(path: Path, slots: int = SLOTS) -> None:
    """Write an empty table for `Table.shared`."""
    with path.open("xb") as file:
        file.write(os.urandom(_SECRET_BYTES))
        file.truncate(_size(slots))


class Rates:
    """Admits requests by the limits of their keys and of the service."""

    def __init__(
        self,
        edge: Edge,
        limited: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Make one, over the table that ``serve`` made for its workers, or one of its own.

        Args:
            edge: with the limits of keys that have none of their own.
            limited: called with ``"key"`` or ``"address"`` for each request that is refused.
            clock: seconds since whenever.
        """
        path = os.environ.get(SHARED_VARIABLE)
        self._table = Table.shared(Path(path)) if path else Table.private()
        self._per_key = edge.rate_per_key
        self._per_address = edge.rate_per_address
        self._burst = edge.rate_burst_s
        self._limited = limited
        self._clock = clock
        self._key_print = lru_cache(_REMEMBERED)(self._find_key_print)
        self._address_prints = lru_cache(_REMEMBERED)(self._find_address_prints)

    def admit(self, grant: Grant, address: str) -> None:
        """Count a request, or refuse it.

        Args:
            grant: what it may do; its `key` names the bucket, also where that is nobody's.
            address: whom it comes from. A loopback address, which is a proxy's or the shop's own
                back end, and what is no address at all are not limited by address; `UNREADABLE`
                is, as one. IPv6 addresses are counted for their line and for their site.

        Raises:
            RateLimitedError: its key or its address sends more than it may.
        """
        self._limit_address(grant, address, self._table.take)
        per_key = self._per_key if grant.rate is None else grant.rate
        if per_key > 0 and grant.key:
            wait = self._wait(self._table.take, self._key_print(grant.key), per_key)
            if wait > 0:
                setting = "SEARCHSVC_RATE_PER_KEY" if grant.rate is None else "its --rate"
                raise self._refusal("key", "this key", per_key, setting, wait)

    def check(self, grant: Grant, address: str) -> None:
        """Refuse a request that `admit` would refuse for its address; count none.

        Raises:
            RateLimitedError: its address has sent all that it may.
        """
        self._limit_address(grant, address, self._table.wait)

    def _limit_address(self, grant: Grant, address: str, ask: _Ask) -> None:
        per_address = (
            self._per_address if grant.rate_per_address is None else grant.rate_per_address
        )
        networks = self._address_prints(grant.key, address) if per_address > 0 else ()
        for print_, share in networks:
            wait = self._wait(ask, print_, per_address * share)
            if wait > 0:
                name = "SEARCHSVC_RATE_PER_ADDRESS"
                own = "its key's --rate-per-address"
                setting = name if grant.rate_per_address is None else own
                who = "one address" if share == 1 else f"one network, {share} times an address's"
                raise self._refusal("address", who, per_address * share, setting, wait)

    def _wait(self, ask: _Ask, fingerprint: int, rate: float) -> float:
        interval = 1 / rate
        burst = max(interval, self._burst)  # one at least
        return ask(fingerprint, interval, burst, self._clock())

    def _refusal(
        self, limit: str, who: str, rate: float, setting: str, wait: float
    ) -> RateLimitedError:
        self._limited(limit)
        return RateLimitedError(
            f"more than {rate:g} requests a second of {who} ({setting}); "
            f"try again in {wait:.2g} seconds",
            wait,
        )

    def _find_key_print(self, key: str) -> int:
        return self._table.fingerprint(key)

    def _find_address_prints(self, key: str, address: str) -> tuple[tuple[int, int], ...]:
        return tuple(
            (self._table.fingerprint(f"{key} {network}"), share)
            for network, share in limited_networks(address)
        )


def limited_networks(address: str) -> tuple[tuple[str, int], ...]:
    """What is counted together with `address`, each with how many times an address's rate it has.

    An IPv4 address; or 64 bits of an IPv6 one, and 48; or what is `UNREADABLE`.

    Returns:
        Nothing for what is not limited: a loopback address, or none at all.
    """
    if address == UNREADABLE:
        return ((UNREADABLE, 1),)
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed is None or parsed.is_loopback:
        return ()
    if isinstance(parsed, IPv6Address):
        line, site = (int(parsed) >> (_V6_BITS - bits) for bits in (_V6_LINE, _V6_SITE))
        return ((f"{line:x}/{_V6_LINE}", 1), (f"{site:x}/{_V6_SITE}", _SITE_SHARE))
    return ((str(parsed), 1),)


def passed_on(address: str) -> str:
    """`address` as a proxy says that it is; `UNREADABLE` where that is none.

    Whoever may write anything there would not be limited by address otherwise.
    """
    return UNREADABLE if _parsed(address) is None else address


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address.partition("%")[0])
    except ValueError:
        return None


def _size(slots: int) -> int:
    return 8 * (_HEADER_WORDS + 2 * slots)
