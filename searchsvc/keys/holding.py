"""A holding: the keys that are in force, arranged so that a request's is found at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING

from searchsvc.errors import ForbiddenError, KeysUnavailableError, NotPermittedError
from searchsvc.keys.grant import EVERYBODY, Grant
from searchsvc.keys.referrers import Referrer
from searchsvc.keys.scoped import PARENT_ROLES, UNKNOWN, Restrictions, open_scoped
from searchsvc.keys.secret import PREFIX, digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from searchsvc.keys.key import ApiKey
    from searchsvc.keys.keyset import KeySet

REMEMBERED = 4_096
"""Scoped keys whose signatures are not computed again; those seen first last."""


@dataclass(frozen=True, slots=True)
class _Held:
    """One key with what it grants."""

    key: ApiKey
    grant: Grant
    referrers: tuple[Referrer, ...]

    @classmethod
    def of(cls, key: ApiKey, *, widened: bool) -> _Held:
        """Make one.

        Args:
            key: the key.
            widened: whether it may do what EVERYBODY may, too.
        """
        return cls(
            key,
            Grant(
                key=key.id,
                roles=key.roles | EVERYBODY.roles if widened else key.roles,
                indexes=(key.indexes,) if key.indexes else (),
                origins=key.origins,
                rate=key.rate,
                rate_per_address=key.rate_per_address,
            ),
            tuple(map(Referrer.parse, key.referrers)),
        )

    def check(self, now_ms: int, referrer: str | None) -> None:
        """Refuse it where it does not hold."""
        key = self.key
        if key.revoked_ms is not None:
            raise NotPermittedError(UNKNOWN)
        if key.expires_ms is not None and now_ms >= key.expires_ms:
            raise NotPermittedError("the key has expired; 'searchsvc keys create' makes a new one")
        if self.referrers and not (
            referrer and any(pattern.fits(referrer) for pattern in self.referrers)
        ):
            raise ForbiddenError(
                "the key is for certain pages only, and the request does not come from one of "
                "them (header 'Referer')"
            )


@dataclass(frozen=True, slots=True)
class _Derived:
    """A scoped key whose signature is right."""

    parent: _Held
    restrictions: Restrictions
    grant: Grant

    def check(self, now_ms: int, address: str | None) -> None:
        """Refuse it where it does not hold."""
        if not self.restrictions.holds_at(now_ms):
            raise NotPermittedError("the scoped key has expired; derive a new one of its parent")
        if not self.restrictions.admits(address):
            raise ForbiddenError("the scoped key is for other addresses than the request's")


class Holding:
    """What is known of keys at one revision; nothing of it changes but what it remembers."""

    def __init__(
        self, known: KeySet | None, *, are_needed: bool, now_ms: Callable[[], int]
    ) -> None:
        """Make one.

        Args:
            known: the keys; ``None`` where it is not known which there are.
            are_needed: whether what EVERYBODY may do elsewhere needs one.
            now_ms: gives the time, in milliseconds since 1970.
        """
        self.known = known
        self.are_needed = are_needed
        self._now_ms = now_ms
        keys = () if known is None else known.keys
        self._held: Mapping[bytes, _Held] = {
            key.digest: _Held.of(key, widened=not are_needed) for key in keys
        }
        self._parents = [
            key for key in keys if key.revoked_ms is None and key.roles <= PARENT_ROLES
        ]
        self._derived: dict[str, _Derived] = {}
        self._remembering = Lock()

    def grant(
        self,
        secret: str,
        referrer: str | None,
        address: str | None,
        before_opening: Callable[[], None] | None = None,
    ) -> Grant:
        """What a request with the key `secret` may do; see `Keyring.grant`."""
        if self.are_needed:
            return self._checked(secret, referrer, address, before_opening)
        try:
            return self._checked(secret, referrer, address, before_opening)
        except (NotPermittedError, ForbiddenError):
            return EVERYBODY  # as without a key

    def name(self, secret: str) -> str:
        """The id of the key with `secret`, or of its parent; ``""`` where that is not known."""
        held = self._held.get(digest_of(secret))
        derived = self._derived.get(secret)
        if held is None and derived is not None:
            held = derived.parent
        return "" if held is None else held.key.id

    def _checked(
        self,
        secret: str,
        referrer: str | None,
        address: str | None,
        before_opening: Callable[[], None] | None,
    ) -> Grant:
        if self.known is None:
            raise KeysUnavailableError(
                "keys cannot be checked: the database that has them was not read yet; try again"
            )
        held = self._held.get(digest_of(secret))
        if held is not None:
            held.check(self._now_ms(), referrer)
            return held.grant
        if secret.startswith(PREFIX):
            raise NotPermittedError(UNKNOWN)
        derived = self._derived.get(secret)
        if derived is None:
            if before_opening is not None:
                before_opening()
            derived = self._open(secret)
            self._remember(secret, derived)
        now_ms = self._now_ms()
        derived.parent.check(now_ms, referrer)
        derived.check(now_ms, address)
        return derived.grant

    def _open(self, text: str) -> _Derived:
        key, restrictions = open_scoped(text, self._parents)
        parent = self._held[key.digest]
        return _Derived(parent, restrictions, _narrowed(parent.grant, restrictions))

    def _remember(self, text: str, derived: _Derived) -> None:
        with self._remembering:
            while len(self._derived) >= REMEMBERED:
                del self._derived[next(iter(self._derived))]
            self._derived[text] = derived


def _narrowed(grant: Grant, restrictions: Restrictions) -> Grant:
    """`grant` without what `restrictions` take from it."""
    indexes = (restrictions.indexes,) if restrictions.indexes else ()
    return replace(
        grant,
        indexes=(*grant.indexes, *indexes),
        scope=restrictions.scope,
        user=restrictions.user,
    )
