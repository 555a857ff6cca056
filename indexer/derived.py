"""What is computed from a snapshot and worth keeping: the lately used, within a byte budget."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_Value = TypeVar("_Value")

DEFAULT_BYTES = 64 << 20


class Derived:
    """A cache beside the snapshot that it is computed from, gone when that is; safe for threads.

    Two threads that miss the same key at once both compute it, which is cheaper than to wait.
    """

    def __init__(self, budget_bytes: int = DEFAULT_BYTES) -> None:
        self._budget = budget_bytes
        self._used = 0
        self._kept: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self, key: Hashable, compute: Callable[[], _Value], size: Callable[[_Value], int]
    ) -> _Value:
        """The value of `key`, computed where it is not kept.

        Args:
            key: must begin with something of the caller's own, such as ``("mask", condition)``.
            compute: gives the value, which nobody may change afterwards.
            size: its bytes. A value larger than the budget is not kept.
        """
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found[0]  # type: ignore[return-value] # one type for each first part
        value = compute()
        needed = size(value)
        if needed <= self._budget:
            self._keep(key, value, needed)
        return value

    def take_over(self, before: Derived, stays: Callable[[Hashable], bool]) -> None:
        """Keep what was computed from an earlier snapshot and holds for this one, too.

        Args:
            before: beside the earlier snapshot.
            stays: whether the value of a key does.
        """
        with before._lock:
            entries = list(before._kept.items())
        for key, (value, size) in entries:
            if stays(key):
                self._keep(key, value, size)

    def _keep(self, key: Hashable, value: object, needed: int) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = (value, needed)
            self._used += needed
            while self._used > self._budget:
                _, (_, freed) = self._kept.popitem(last=False)
                self._used -= freed

    def keys(self) -> list[Hashable]:
        """The keys of what is kept, what was used longest ago first."""
        with self._lock:
            return list(self._kept)

    @property
    def used_bytes(self) -> int:
        """The bytes of what is kept."""
        return self._used
