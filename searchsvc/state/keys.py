"""The token key: the secret of an installation that makes user keys of user tokens."""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indexer.durable import flush, make_directory
from searchsvc.errors import StateMissingError, TokenKeyError

if TYPE_CHECKING:
    from pathlib import Path

MIN_CHARACTERS = 32
"""Of a key; fewer could be guessed, and with them the tokens behind the user keys."""

_KEY_BYTES = 32
_FINGERPRINT_OF = b"\0fingerprint"  # no token begins with NUL
_FINGERPRINT_DIGITS = 16


@dataclass(frozen=True, slots=True)
class TokenKey:
    """Turns tokens into user keys: HMAC-SHA256 (RFC 2104), which nobody undoes without the key."""

    _secret: bytes = field(repr=False)

    @classmethod
    def of_text(cls, text: str) -> TokenKey:
        """The key that is `text`, without white space around it.

        Raises:
            TokenKeyError: it is too short.
        """
        stripped = text.strip()
        if len(stripped) < MIN_CHARACTERS:
            raise TokenKeyError(
                f"the token key has {len(stripped)} characters, expected at least "
                f"{MIN_CHARACTERS}; 'openssl rand -hex 32' makes a good one"
            )
        return cls(stripped.encode())

    @classmethod
    def of_file(cls, path: Path, *, create: bool = True) -> TokenKey:
        """The key in the file at `path`, which is made when there is none.

        Processes that start at the same time agree on one key: each writes its own aside, and the
        first to link it to `path` wins.

        Args:
            path: readable by its owner only when it is made here.
            create: whether it may be made.

        Raises:
            StateMissingError: there is none, and it may not be made.
            TokenKeyError: it cannot be read or made, or it is too short.
        """
        try:
            if create and not path.exists():
                _make(path)
            elif create:
                _remove_copies(path)
            text = path.read_text("ascii")
        except FileNotFoundError as error:
            if create:
                raise _unusable(path, "made", error) from error
            raise StateMissingError(
                "nothing was stored here yet: the data directory has no token key"
            ) from error
        except OSError as error:
            raise _unusable(path, "read or made", error) from error
        except UnicodeDecodeError as error:
            raise TokenKeyError(
                f"{path.name} holds no text; restore it from a backup: without it nobody finds "
                "the stored users again"
            ) from error
        try:
            return cls.of_text(text)
        except TokenKeyError as error:
            raise TokenKeyError(
                f"{path.name}: {error}. Restore the file from a backup; where nothing was stored "
                "yet, remove it, and a new one is made."
            ) from None

    def user_key(self, token: str) -> str:
        """The key of the user with `token`: 64 hexadecimal digits."""
        return self._digest(token.encode("utf-8", "surrogatepass")).hex()

    def fingerprint(self) -> str:
        """Tells two token keys apart and says nothing else of them: 16 hexadecimal digits."""
        return self._digest(_FINGERPRINT_OF).hex()[:_FINGERPRINT_DIGITS]

    def _digest(self, message: bytes) -> bytes:
        return hmac.digest(self._secret, message, "sha256")


def _make(path: Path) -> None:
    """Put a new key at `path`, unless somebody else does so first."""
    make_directory(path.parent)
    aside = path.with_name(f"{_aside(path)}{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # Somebody else may have won, and have removed what others wrote aside.
        with suppress(FileExistsError, FileNotFoundError):
            os.link(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    flush(path.parent)  # also where another one has made it, who may have died before this


def _remove_copies(path: Path) -> None:
    """Remove what somebody wrote aside who died before the end: it is a key, or a part of one."""
    with suppress(OSError):  # a disk that is read-only has to do with them
        for aside in path.parent.glob(f"{_aside(path)}*"):
            aside.unlink(missing_ok=True)


def _aside(path: Path) -> str:
    """How the names of keys begin that are about to be linked to `path`."""
    return f".{path.name}."


def _unusable(path: Path, verb: str, error: OSError) -> TokenKeyError:
    return TokenKeyError(
        f"{path.name} cannot be {verb} ({error.strerror or error}). The service's user needs "
        "write access to the data directory; or set SEARCHSVC_TOKEN_KEY."
    )
