"""The keyring of a process: which keys hold now, and what a request with one of them may do."""

from __future__ import annotations

import logging
import threading
import time
from secrets import compare_digest
from typing import TYPE_CHECKING, Final, Literal, Protocol

from searchsvc.errors import BadKeyError, KeyMirrorError, NotPermittedError, SearchServiceError
from searchsvc.keys.grant import EVERYBODY, Grant
from searchsvc.keys.holding import Holding
from searchsvc.keys.mirror import Mirror
from searchsvc.keys.role import Role
from searchsvc.keys.secret import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydantic import SecretStr

    from searchsvc.keys.keyset import KeyRevision, KeySet

_log = logging.getLogger(__name__)

KeyMode = Literal["auto", "required", "off"]
"""Whether keys are needed: once there ever was one, always, or not for what EVERYBODY may."""

ADMIN: Final = Grant(key="admin", roles=frozenset({Role.ADMIN}))
"""Of the key that the environment sets."""

_MISSING = (
    "a key is needed; send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY' (an Algolia "
    "client sends it as its API key). 'searchsvc keys create' makes one."
)
_RESTORE = (
    "The keys that were known before stay in force. Run 'searchsvc keys restore' to put them into "
    "the database, or 'searchsvc keys restore --discard' to take those that it has."
)
_STOP_SECONDS = 5.0


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class KeySettings(Protocol):
    """What the settings say of keys; `searchsvc.settings.Settings` does."""

    @property
    def data_dir(self) -> Path:
        """Where the mirror is."""
        ...

    @property
    def keys(self) -> KeyMode:
        """Whether they are needed."""
        ...

    @property
    def admin_key(self) -> SecretStr | None:
        """A key for everything."""
        ...

    @property
    def poll_seconds(self) -> float:
        """Until a change of keys is noticed."""
        ...


class KeyStore(Protocol):
    """Where keys are kept; `searchsvc.state.store.StateStore` is one."""

    def key_revision(self) -> KeyRevision:
        """Which state of the keys there is."""
        ...

    def keys(self) -> KeySet:
        """All of them."""
        ...


class Keyring:
    """Knows the keys of a database; to be asked from any thread, without waiting for another.

    What is known is one frozen value, replaced when the database has another revision. Where the
    database cannot be read, the last known keys stay in force; they outlast the process in a
    file of the data directory. A database that lost its keys opens nothing: see `KeySet.follows`.
    """

    def __init__(
        self,
        settings: KeySettings,
        store: Callable[[], KeyStore],
        now_ms: Callable[[], int] = _now_ms,
        noted: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        """Make one that knows nothing yet; `start` or `refresh` reads what there is.

        Args:
            settings: what they say of keys.
            store: gives the database, or raises a `SearchServiceError` while it is not open.
            now_ms: gives the time, in milliseconds since 1970.
            noted: told of `note` whenever what there is was read.
        """
        self._mode = settings.keys
        admin = settings.admin_key
        self._admin = None if admin is None else digest_of(admin.get_secret_value())
        self._poll_seconds = settings.poll_seconds
        self._store = store
        self._now_ms = now_ms
        self._noted = noted
        self._mirror = Mirror(settings.data_dir)
        self._mirrored: KeyRevision | None = None
        self._is_mirror_read = False
        self._note: str | None = None
        self._refreshing = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keyring", daemon=True)
        self._hold(None)

    def start(self) -> None:
        """Read what there is, and keep looking for changes."""
        self.refresh()
        self._thread.start()

    def close(self) -> None:
        """Look for changes no more."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_SECONDS)

    @property
    def are_needed(self) -> bool:
        """Whether a request without a key is refused what EVERYBODY may do elsewhere."""
        return self._holding.are_needed

    @property
    def note(self) -> str | None:
        """What is wrong with the keys' database or file; ``None`` when nothing is."""
        return self._note

    @property
    def known(self) -> KeySet | None:
        """The keys that are in force; ``None`` where it is not known which there are."""
        return self._holding.known

    def grant(
        self,
        secret: str | None,
        *,
        referrer: str | None = None,
        address: str | None = None,
        before_opening: Callable[[], None] | None = None,
    ) -> Grant:
        """What a request may do that has the key `secret`.

        Args:
            secret: as it was sent; ``None`` or empty for a request without one.
            referrer: the address of the page that sent it.
            address: from which it came.
            before_opening: called before a scoped key is opened that was not seen before, which
                costs a signature for each key; it may refuse by raising.

        Raises:
            NotPermittedError: it has none where one is needed, or one that does not hold.
            ForbiddenError: its key is for other pages or addresses, or is a scoped key with what
                cannot be enforced.
            KeysUnavailableError: it is not known which keys there are.
        """
        holding = self._holding
        if not secret:
            if holding.are_needed:
                raise NotPermittedError(_MISSING)
            return EVERYBODY
        # In a time that does not depend on how much of it is right.
        if self._admin is not None and compare_digest(digest_of(secret), self._admin):
            return ADMIN
        return holding.grant(secret, referrer, address, before_opening)

    def name(self, secret: str | None) -> str:
        """The id of the key with `secret`, whether it holds or not; ``""`` if it is not known."""
        return self._holding.name(secret) if secret else ""

    def refresh(self) -> None:
        """Take up what changed since it was last looked at; raises nothing."""
        with self._refreshing:
            noted = [*self._read_mirror(), *self._read_store(), *self._write_mirror()]
        note = " ".join(noted) or None
        if note != self._note and note is not None:
            _log.error("keys: %s", note)
        self._note = note
        self._noted(note)

    def _read_mirror(self) -> list[str]:
        """Take up the file, once; what is wrong with it."""
        if self._is_mirror_read:
            return []
        try:
            mirrored = self._mirror.read()
            if mirrored is not None:
                self._hold(self.known or mirrored)
                self._mirrored = mirrored.revision
        except (BadKeyError, KeyMirrorError) as error:
            self._hold(self.known, had_keys=True)
            return [str(error)]
        self._is_mirror_read = True
        return []

    def _read_store(self) -> list[str]:
        """Take up the database where it has another revision; what is wrong with it."""
        try:
            store = self._store()
            found = store.key_revision()
            known = self.known
            if known is not None and found == known.revision:
                return []
            held = store.keys()
            if known is not None and not self._is_next(held, known):
                return [f"{_lost(held.revision, known.revision)} {_RESTORE}"]
            self._hold(held, had_keys=not self._is_mirror_read)
        except SearchServiceError:
            return ["their database cannot be read; those that were known last stay in force."]
        return []

    def _is_next(self, held: KeySet, known: KeySet) -> bool:
        """Whether the database's keys may take the place of those that are known."""
        if held.follows(known):
            return True
        if not held.revision.number:
            return False
        try:
            mirrored = self._mirror.read()
        except KeyMirrorError:
            return False
        # Somebody has seen to it that the file has the keys of this database.
        return mirrored is not None and held.follows(mirrored)

    def _write_mirror(self) -> list[str]:
        """Have the file say what is known; what is wrong with it."""
        known = self.known
        if not self._is_mirror_read or known is None or known.revision == self._mirrored:
            return []
        try:
            self._mirror.write(known)
        except KeyMirrorError as error:
            return [str(error)]
        self._mirrored = known.revision
        return []

    def _hold(self, known: KeySet | None, *, had_keys: bool = False) -> None:
        """Have `known` in force; `had_keys` where it is certain that there were some."""
        had_keys = had_keys or (known is not None and known.revision.number > 0)
        self._holding = Holding(
            known,
            are_needed=self._mode == "required" or (self._mode == "auto" and had_keys),
            now_ms=self._now_ms,
        )

    def _keep(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            try:
                self.refresh()
            except Exception:  # noqa: BLE001 - whatever it is, the last known keys hold
                _log.exception("keys could not be refreshed; it is tried again")


def _lost(found: KeyRevision, known: KeyRevision) -> str:
    if not found.number:
        return "the database has no keys, and there were some: it is a new one."
    if found.database != known.database:
        return "the database has other keys than before: it is another one."
    if found.number >= known.number:
        return (
            "the database lacks keys or revocations that were known: it is an older one, such as "
            "a backup, that was changed since."
        )
    return (
        f"the database has keys of revision {found.number}, and {known.number} was known: it is "
        "an older one, such as a backup."
    )
