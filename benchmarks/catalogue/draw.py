"""Reproducible random choices, the same on every machine and in every version of Python."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

Item = TypeVar("Item")

_REFILL_BELOW = 1 << 64
"""With 64 bits left, a choice among n is uneven by less than n in 2**64."""


class Draw:
    """A stream of choices that depends on nothing but its name.

    The digits of a BLAKE2b digest in a mixed radix are the choices: no state outside, no floating
    point, and no generator whose stream a library may change. Two draws with different names are
    independent, so item i needs nothing from item i - 1.
    """

    __slots__ = ("_bits", "_name", "_refills")

    def __init__(self, seed: int, scope: str, number: int) -> None:
        self._name = f"{seed}/{scope}/{number}"
        self._bits = 0
        self._refills = 0

    def below(self, limit: int) -> int:
        """An integer of 0 … `limit` - 1, evenly."""
        if self._bits < _REFILL_BELOW:
            name = f"{self._name}/{self._refills}".encode()
            self._bits = int.from_bytes(blake2b(name).digest())
            self._refills += 1
        self._bits, choice = divmod(self._bits, limit)
        return choice

    def chance(self, percent: int) -> bool:
        """True in `percent` of a hundred cases."""
        return self.below(100) < percent

    def pick(self, items: Sequence[Item]) -> Item:
        """One of `items`, evenly; name one twice to make it likelier."""
        return items[self.below(len(items))]

    def some(self, items: Sequence[Item], count: int) -> list[Item]:
        """`count` positions of `items` in random order, all of them if there are fewer."""
        pool = list(items)
        count = min(count, len(pool))
        for place in range(count):
            other = place + self.below(len(pool) - place)
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:count]
