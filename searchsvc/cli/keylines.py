"""A key as commands show it: for people, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from searchsvc.cli.times import now_ms, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from searchsvc.keys.key import ApiKey


def state_of(key: ApiKey, now: int) -> str:
    """``holds``, ``expired`` or ``revoked``; `now` in milliseconds since 1970."""
    if key.revoked_ms is not None:
        return "revoked"
    expired = key.expires_ms is not None and key.expires_ms <= now
    return "expired" if expired else "holds"


def described(key: ApiKey) -> dict[str, Any]:
    """All that is known of it, but its digest, which is of no use to anybody."""
    fields = asdict(key)
    del fields["digest"]
    times = {
        name.removesuffix("_ms"): None if fields[name] is None else written(fields[name])
        for name in ("created_ms", "expires_ms", "revoked_ms")
    }
    rest = {name: value for name, value in fields.items() if not name.endswith("_ms")}
    return {
        **rest,
        **times,
        "roles": sorted(key.roles),
        "state": state_of(key, now_ms()),
    }


def line_of(key: ApiKey) -> str:
    """What is known of it, for people."""
    return "  ".join([key.id, ",".join(sorted(key.roles)), *_particulars(key)])


def _particulars(key: ApiKey) -> Iterator[str]:
    state = state_of(key, now_ms())
    if state == "revoked" and key.revoked_ms is not None:
        yield f"revoked {written(key.revoked_ms)}"
    elif key.expires_ms is not None:
        yield f"{'expired' if state == 'expired' else 'until'} {written(key.expires_ms)}"
    yield from _patterns("indexes", key.indexes)
    yield from _patterns("pages", key.referrers)
    yield from _patterns("origins", key.origins)
    if key.rate is not None:
        yield f"rate {key.rate:g}/s"
    if key.rate_per_address is not None:
        yield f"rate per address {key.rate_per_address:g}/s"
    if key.title:
        yield repr(key.title)


def _patterns(noun: str, patterns: Iterable[str]) -> Iterator[str]:
    if patterns:
        yield f"{noun} {','.join(patterns)}"
