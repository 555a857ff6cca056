"""Mutations: inputs made of others by chance, byte by byte and value by value."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

_PIECES = (
    *(bytes([byte]) for byte in b"\"'{}[]():,;\\<>&%\n\r\t\0\xff_*-+."),
    *(b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xf0\x9f\x91\x9f", b"e\xcc\x81"),
    *(b"null", b"true", b"NaN", b"1e999", b"-0", b"9" * 30, b"\\ud800", b"[" * 50),
    *(b" AND ", b" OR ", b"NOT ", b" TO ", b"]]>", b"<![CDATA[", b"&#0;", b"<!DOCTYPE"),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, 10**18, 0.5, -1e308, 1e-320),
    *("", " ", "\0", "*", "-", "x" * 600, "\u202e", "1", "true", "{}", "[", "brand:HP", "e\u0301"),
    *([], {}, [[]], [None], {"": None}, {"field": "brand"}, [1, "a"], ["a"] * 300),
)
_ROUNDS = (1, 1, 1, 2, 3, 6)
_KEPT_SHARE = 0.1
_MOST_BYTES = 4_096
_LONGEST_RUN = 40


def mutated(seeds: Sequence[bytes], count: int, random: Random) -> Iterator[bytes]:
    """So many inputs that look like `seeds`, some of them mutated again and again."""
    pool = list(seeds)
    for _ in range(count):
        made = random.choice(pool)
        for _ in range(random.choice(_ROUNDS)):
            made = _with_value(made, random) or _with_bytes(made, pool, random)
        if len(made) <= _MOST_BYTES and random.random() < _KEPT_SHARE:
            pool.append(made)
        yield made


def _with_bytes(data: bytes, pool: Sequence[bytes], random: Random) -> bytes:
    """`data` with a piece removed, repeated, or put in."""
    begin = random.randrange(len(data) + 1)
    end = min(len(data), begin + random.randrange(1, _LONGEST_RUN))
    other = random.choice(pool)
    start = random.randrange(len(other) + 1)
    put = random.choice(
        (
            b"",
            bytes([random.randrange(256)]),
            data[begin:end] * random.choice((2, 60)),
            random.choice(_PIECES),
            other[start : start + random.randrange(_LONGEST_RUN)],
        )
    )
    return data[:begin] + put + data[random.choice((begin, end)) :]


def _with_value(data: bytes, random: Random) -> bytes | None:
    """`data` with one value of the JSON object in it replaced; ``None`` where there is none."""
    begin = data.find(b"{")
    if begin < 0 or random.random() < 0.5:
        return None
    try:
        document = orjson.loads(data[begin:])
    except orjson.JSONDecodeError:
        return None
    places = list(_places(document))
    if not places:
        return None
    holder, key = random.choice(places)
    elsewhere, other = random.choice(places)
    value = random.choice((*_VALUES, copy.deepcopy(elsewhere[other])))
    if isinstance(holder, dict) and random.random() < 0.2:
        holder[str(other)] = value
    else:
        holder[key] = value
    try:
        return data[:begin] + orjson.dumps(document)
    except TypeError:  # nested too deep, or too large a number
        return None


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key, or position, in `value`."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in list(keys):
        yield value, key
        yield from _places(value[key])
