"""The mirror: the last known keys in a file, for when their database cannot be read."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.durable import remove_durably, write_durably
from searchsvc.errors import KeyMirrorError
from searchsvc.keys.key import ApiKey
from searchsvc.keys.keyset import KeyRevision, KeySet
from searchsvc.keys.role import Role

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

MIRROR_FILE = "keys.json"
"""In the data directory; it has digests, and no secret can be had from them."""

_MODE = 0o600
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Key(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    digest: _Digest
    roles: list[Role]
    title: str
    created_ms: int
    indexes: list[str] = []
    referrers: list[str] = []
    origins: list[str] = []
    expires_ms: int | None = None
    revoked_ms: int | None = None
    rate: float | None = None
    rate_per_address: float | None = None

    @classmethod
    def of(cls, key: ApiKey) -> _Key:
        fields = {name: getattr(key, name) for name in cls.model_fields}
        return cls.model_validate(
            fields
            | {"digest": key.digest.hex(), "roles": sorted(key.roles)}
            | {name: list(fields[name]) for name in ("indexes", "referrers", "origins")}
        )

    def key(self) -> ApiKey:
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return ApiKey(
            **fields
            | {"digest": bytes.fromhex(self.digest), "roles": frozenset(self.roles)}
            | {name: tuple(fields[name]) for name in ("indexes", "referrers", "origins")}
        )


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    database: str = Field(min_length=1)
    revision: int = Field(ge=1)
    word: str = ""
    keys: list[_Key]
    checksum: str | None = None


def _checksum(document: bytes) -> str:
    """Of all in the JSON `document` but its checksum, since any digits would do for a digest."""
    body = orjson.loads(document)
    body.pop("checksum", None)
    return sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _damaged(how: str) -> KeyMirrorError:
    return KeyMirrorError(
        f"{MIRROR_FILE} is damaged ({how}); restore it from a backup, or run 'searchsvc keys "
        "restore --discard' to take the database's keys"
    )


class Mirror:
    """The file of a data directory that holds the last known keys; for its owner alone.

    Several processes keep it: each replaces what it knows better than the file.
    """

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / MIRROR_FILE

    def read(self) -> KeySet | None:
        """What it holds; ``None`` where there is no file, since there never was a key.

        Raises:
            KeyMirrorError: it cannot be read.
        """
        try:
            raw = self.path.read_bytes()
            document = _Document.model_validate_json(raw)
            is_whole = document.checksum in (None, _checksum(raw))  # older versions wrote none
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeyMirrorError(
                f"{MIRROR_FILE} cannot be read ({error.strerror or error}); the service's user "
                "needs access to the data directory"
            ) from error
        except ValidationError as error:
            # Without its cause, which would quote digests.
            raise _damaged(f"{error.error_count()} faults") from None
        except orjson.JSONDecodeError:  # stricter: it takes no NaN
            raise _damaged("it is no JSON") from None
        if not is_whole:
            raise _damaged("it has not its checksum")
        revision = KeyRevision(document.database, document.revision, document.word)
        return KeySet(revision, tuple(key.key() for key in document.keys))

    def write(self, held: KeySet, *, anyway: bool = False) -> None:
        """Have it hold `held`, unless it holds what became of that, or the keys of another one.

        Args:
            held: what the database has; nothing is written before the first key, nor where there
                is no data directory, and so no service.
            anyway: whatever it holds.

        Raises:
            KeyMirrorError: it cannot be read or written.
        """
        if not held.revision.number or not self.path.parent.is_dir():
            return
        with self._locked():
            known = None if anyway else self.read()
            if known is not None and (held.revision == known.revision or not held.follows(known)):
                return
            document = _Document(
                database=held.revision.database,
                revision=held.revision.number,
                word=held.revision.word,
                keys=[_Key.of(key) for key in held.keys],
            )
            body = document.model_dump_json(exclude={"checksum"}).encode()
            document = document.model_copy(update={"checksum": _checksum(body)})
            write_durably(self.path, document.model_dump_json().encode() + b"\n", mode=_MODE)

    def remove(self) -> None:
        """Forget what it holds.

        Raises:
            KeyMirrorError: it cannot be removed.
        """
        with self._locked():
            remove_durably(self.path)

    @contextmanager
    def _locked(self) -> Generator[None]:
        """One process after another; the lock is on the directory, which is there anyway."""
        try:
            directory = os.open(self.path.parent, os.O_RDONLY)
            try:
                fcntl.flock(directory, fcntl.LOCK_EX)
                yield
            finally:
                os.close(directory)
        except OSError as error:
            raise KeyMirrorError(
                f"{MIRROR_FILE} cannot be written ({error.strerror or error}); the service's user "
                "needs write access to the data directory, and room on its disk"
            ) from error
