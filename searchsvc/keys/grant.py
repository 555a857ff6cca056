"""What one request may do: that of its key, narrowed by what was derived from it."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from searchsvc.keys.role import Role

if TYPE_CHECKING:
    from searchsvc.query.filters import Filter


@dataclass(frozen=True, slots=True)
class Grant:
    """What a request may do.

    Attributes:
        key: the id of its key; ``""`` where none is needed, ``"admin"`` for the key that the
            environment sets.
        roles: what it may do; `Role.ADMIN` stands for all.
        indexes: each a list of patterns of which a name must match one; all of them count.
        scope: what products must fulfil to exist for it at all; ``None`` for all.
        user: the token of the only user that it may name; ``None`` for any.
        origins: of pages whose scripts may read the answers; none for all.
        rate: requests per second with its key; ``None`` as the service is set, 0 without bound.
        rate_per_address: requests per second of each address that sends it; likewise.
    """

    key: str = ""
    roles: frozenset[Role] = frozenset()
    indexes: tuple[tuple[str, ...], ...] = ()
    scope: Filter | None = None
    user: str | None = None
    origins: tuple[str, ...] = ()
    rate: float | None = None
    rate_per_address: float | None = None

    def has(self, role: Role) -> bool:
        """Whether it may do what `role` stands for."""
        return role in self.roles or Role.ADMIN in self.roles

    def covers(self, index: str) -> bool:
        """Whether it is for `index`."""
        return all(
            any(fnmatchcase(index, pattern) for pattern in patterns) for patterns in self.indexes
        )


EVERYBODY: Final = Grant(roles=frozenset({Role.SEARCH, Role.EVENTS, Role.METRICS}))
"""Of a service without keys."""
NOBODY: Final = Grant()
"""Of a request without a key where one is needed: what is open to all is counted for it."""
