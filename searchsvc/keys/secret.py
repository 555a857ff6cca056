"""A secret: the text that a key is sent as, made once and kept by nobody but its holder."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

PREFIX: Final = "ssk_"
"""What every secret begins with, so that scanners of source code find a lost one."""
SECRET: Final = re.compile(rf"{PREFIX}([0-9a-f]{{12}})_[0-9a-f]{{64}}")
"""A whole secret; its group is the key's id."""

_ID_BYTES = 6
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class Secret:
    """A new secret.

    Attributes:
        id: of its key: 12 hexadecimal digits.
        text: what is sent. It has more than 64 characters, the block of SHA-256, so that HMAC
            takes its digest for its key (RFC 2104, section 2).
    """

    id: str
    text: str = field(repr=False)

    @classmethod
    def new(cls) -> Secret:
        """One that nobody can guess: 256 random bits."""
        name = secrets.token_hex(_ID_BYTES)
        return cls(name, f"{PREFIX}{name}_{secrets.token_hex(_RANDOM_BYTES)}")

    @property
    def digest(self) -> bytes:
        """What is stored of it; see `digest_of`."""
        return digest_of(self.text)


def digest_of(text: str) -> bytes:
    """SHA-256 of `text`, 32 bytes; whatever a request may have sent as a key has one."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
