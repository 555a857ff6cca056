"""Conditions on a situation: pure, compiled, each able to say what it is.

A condition on a fact that nobody knows does not hold; so does none that compares with another
kind of value: the text ``"3"`` is not the number 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from searchsvc.segments.shopper import Fact
    from searchsvc.segments.situation import Situation

_SHOWN_VALUES = 5


class Condition(Protocol):
    """Something that holds in a situation or does not; as text it says what."""

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        ...


@dataclass(frozen=True, slots=True)
class Equals:
    """A fact has one of the values, which are texts without case, or numbers, or booleans.

    Attributes:
        values: with their kinds, since 1 equals true in Python.
    """

    fact: str
    values: frozenset[tuple[bool, Fact]]
    written: tuple[Fact, ...]

    @classmethod
    def one_of(cls, fact: str, values: tuple[Fact, ...]) -> Equals:
        """That of values as they are written."""
        return cls(fact, frozenset(_comparable(value) for value in values), values)

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        value = situation.facts.get(self.fact)
        return value is not None and (isinstance(value, bool), value) in self.values

    def __str__(self) -> str:
        return f"{self.fact} is {either(self.written)}"


@dataclass(frozen=True, slots=True)
class Within:
    """A fact is a number from `low` to `high`, both included."""

    fact: str
    low: float
    high: float
    written: str

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        value = situation.facts.get(self.fact)
        if value is None or isinstance(value, str | bool):
            return False
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.fact} {self.written}"


@dataclass(frozen=True, slots=True)
class Known:
    """A fact is known, whatever it is."""

    fact: str

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        return self.fact in situation.facts

    def __str__(self) -> str:
        return f"{self.fact} is known"


@dataclass(frozen=True, slots=True)
class Matches:
    """A fact is a text of this form, in which ``*`` stands for any characters.

    Looking for the parts from left to right takes time linear in the text for each of them,
    whatever the pattern; a regular expression would not promise that.

    Attributes:
        parts: of the pattern, without case, between its asterisks.
    """

    fact: str
    pattern: str
    parts: tuple[str, ...]

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        text = situation.facts.get(self.fact)
        if not isinstance(text, str):
            return False
        first, *middle, last = self.parts if len(self.parts) > 1 else (*self.parts, "")
        if len(self.parts) == 1:
            return text == first
        if len(text) < len(first) + len(last):
            return False
        if not (text.startswith(first) and text.endswith(last)):
            return False
        at, end = len(first), len(text) - len(last)
        for part in middle:
            found = text.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    def __str__(self) -> str:
        return f"{self.fact} matches {self.pattern!r}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        for part in self.parts:  # noqa: SIM110 - asked at every search; all() takes twice as long
            if not part.holds(situation):
                return False
        return True

    def __str__(self) -> str:
        return f"({' and '.join(map(str, self.parts))})"


@dataclass(frozen=True, slots=True)
class OneOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        for part in self.parts:  # noqa: SIM110 - asked at every search; any() takes twice as long
            if part.holds(situation):
                return True
        return False

    def __str__(self) -> str:
        return f"({' or '.join(map(str, self.parts))})"


@dataclass(frozen=True, slots=True)
class Unless:
    """The part does not hold."""

    part: Condition

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        return not self.part.holds(situation)

    def __str__(self) -> str:
        return f"not {self.part}"


def _comparable(value: Fact) -> tuple[bool, Fact]:
    return isinstance(value, bool), value.casefold() if isinstance(value, str) else value


def either(values: tuple[Fact, ...] | tuple[str, ...]) -> str:
    """`values` as a condition says that it wants one of them."""
    shown = " or ".join(repr(value) for value in values[:_SHOWN_VALUES])
    more = len(values) - _SHOWN_VALUES
    return f"{shown} or one of {more} others" if more > 0 else shown
