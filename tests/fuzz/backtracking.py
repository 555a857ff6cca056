"""Backtracking: whether a regular expression can take more than linear time, by its structure.

An expression is taken for an automaton whose states are its character classes, each followed by
those that may come next. A backtracking matcher tries every path that spells what it reads:

* two paths of the same word from a class to itself make that exponential;
* a class that repeats, and leads on the same word to another one that repeats on it, too, make it
  a power of the length: of the beginning of a search, which may be anywhere, and a repetition
  behind it, such as in ``\\s+$``, no less than of two repetitions;
* unless something has matched each time round: then there is nothing to try again.

These are the criteria of Weideman et al., Analyzing matching time behavior of backtracking regular
expression matchers by using ambiguity of NFA (2016), in words. Every simplification errs on the
side of more paths: a look-around is passed without a look, an atomic group may be left, and a
repetition of more than eight times has no end.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from re import _constants as sre  # type: ignore[attr-defined]  # how the standard library reads
from re import _parser  # type: ignore[attr-defined]  # regular expressions
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_ENDLESS = 8
_PROBES = "aAzZ059_ \n\t'\"-.,:;/\\()<>&%#@\x00\x7f\xa0\u00e9\u0301\u0663\u2019\u2028\u4e2d"
_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}


class Mode(StrEnum):
    """Where an expression may begin, and where it must end."""

    FIND = "find"  # all matches, one behind the other
    SEARCH = "search"  # the first one
    MATCH = "match"
    FULLMATCH = "fullmatch"


@dataclass(slots=True)
class _Part:
    """A part of an expression.

    Attributes:
        first: the classes that it may begin with, as often as there are ways to do so.
        last: those that it may end with.
        empty: the ways to pass it without reading anything.
        certain: whether no look-around or anchor is in the way of passing it empty.
    """

    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    empty: int = 0
    certain: bool = True


class Automaton:
    """The classes of one expression, and what follows what.

    Args:
        pattern: compiled.
        mode: how it is used.
    """

    def __init__(self, pattern: re.Pattern[Any], mode: Mode) -> None:
        text = pattern.pattern
        text = text if isinstance(text, str) else text.decode("latin-1")
        self._flags = pattern.flags
        self._alphabet = "".join(sorted({*_PROBES, *text, *text.swapcase()}))
        self.classes: list[frozenset[str]] = []
        self.follow: list[dict[int, int]] = []
        tree = _parser.parse(text, pattern.flags & ~re.DEBUG)
        whole = self._sequence(tree)
        self.matched = self._done(whole) if mode is not Mode.FULLMATCH else frozenset[int]()
        self.goes_on = mode is Mode.FIND
        if mode in (Mode.SEARCH, Mode.FIND):
            anywhere = self._class(frozenset(self._alphabet))
            self._lead([anywhere], [anywhere, *whole.first])

    def _done(self, whole: _Part) -> frozenset[int]:
        """The classes behind which the expression has matched whatever comes."""
        return frozenset(whole.last) if whole.certain else frozenset()

    def _class(self, members: frozenset[str]) -> int:
        self.classes.append(members)
        self.follow.append({})
        return len(self.classes) - 1

    def _lead(self, last: list[int], first: list[int]) -> None:
        for before, behind in itertools.product(last, first):
            self.follow[before][behind] = self.follow[before].get(behind, 0) + 1

    def _sequence(self, nodes: Any) -> _Part:
        whole = _Part(empty=1)
        for node in nodes:
            whole = self._joined(whole, self._part(*node))
        return whole

    def _joined(self, one: _Part, other: _Part) -> _Part:
        self._lead(one.last, other.first)
        return _Part(
            one.first + other.first * min(one.empty, 2),
            other.last + one.last * min(other.empty, 2),
            one.empty * other.empty,
            one.certain and other.certain,
        )

    def _part(self, kind: Any, given: Any) -> _Part:
        if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            return self._repeated(*given)
        if kind is sre.SUBPATTERN:
            return self._group(*given[1:])
        if kind is sre.ATOMIC_GROUP:
            return self._sequence(given)
        if kind is sre.BRANCH:
            return self._branches([self._sequence(branch) for branch in given[1]])
        if kind in (sre.ASSERT, sre.ASSERT_NOT, sre.AT):
            if kind is not sre.AT:
                self._sequence(given[1])  # looked at by itself: its classes lead nowhere else
            return _Part(empty=1, certain=False)
        one = self._class(frozenset(filter(self._test(kind, given), self._alphabet)))
        return _Part([one], [one])

    def _group(self, added: int, removed: int, body: Any) -> _Part:
        flags = self._flags
        self._flags = (flags | added) & ~removed
        part = self._sequence(body)
        self._flags = flags
        return part

    def _branches(self, parts: list[_Part]) -> _Part:
        return _Part(
            [one for part in parts for one in part.first],
            [one for part in parts for one in part.last],
            sum(part.empty for part in parts),
            all(part.certain for part in parts),
        )

    def _repeated(self, least: int, most: int, body: Any) -> _Part:
        """``xxx(x(x)?)?`` and ``xx*``: no two ways for one number of times."""
        whole = _Part(empty=1)
        copies = min(least, _ENDLESS)
        for _ in range(copies):
            whole = self._joined(whole, self._sequence(body))
        if most - least > _ENDLESS or most is sre.MAXREPEAT:
            rest = self._sequence(body)
            self._lead(rest.last, rest.first)
            rest.empty += 1
            return self._joined(whole, rest)
        rest = _Part(empty=1)
        for _ in range(most - least):
            rest = self._joined(self._sequence(body), rest)
            rest.empty += 1
        return self._joined(whole, rest)

    def _test(self, kind: Any, given: Any) -> Any:
        """Whether a character belongs to a class."""
        if kind is sre.ANY:
            return lambda char: self._flags & re.DOTALL or char != "\n"
        if kind is sre.LITERAL:
            return lambda char: any(ord(it) == given for it in self._cases(char))
        if kind is sre.NOT_LITERAL:
            return lambda char: all(ord(it) != given for it in self._cases(char))
        if kind is sre.IN:
            negated = given[0][0] is sre.NEGATE
            tests = [self._test(*member) for member in given[negated:]]
            return lambda char: any(test(char) for test in tests) != negated
        if kind is sre.RANGE:
            return lambda char: any(given[0] <= ord(it) <= given[1] for it in self._cases(char))
        if kind is sre.CATEGORY:
            known = re.compile(_CATEGORIES[given], self._flags & re.ASCII)
            return lambda char: known.match(char) is not None
        raise NotImplementedError(f"{kind}: not known here; write the expression without it")

    def _cases(self, char: str) -> tuple[str, ...]:
        if not self._flags & re.IGNORECASE:
            return (char,)
        return tuple(it for it in (char, char.lower(), char.upper()) if len(it) == 1)

    def steps(self, *places: int) -> set[tuple[int, ...]]:
        """Where paths that are at `places` may be together behind one more character."""
        return {
            behind
            for behind in itertools.product(*(self.follow[place] for place in places))
            if frozenset.intersection(*(self.classes[place] for place in behind))
        }

    def reachable(
        self, begin: tuple[int, ...], passing: Callable[[tuple[int, ...]], bool] = lambda _: True
    ) -> set[tuple[int, ...]]:
        """Where paths at `begin` may be together, behind one character or more.

        Args:
            begin: where they are.
            passing: whether they may be so on their way.
        """
        found: set[tuple[int, ...]] = set()
        waiting = deque([begin])
        while waiting:
            for behind in filter(passing, self.steps(*waiting.popleft()) - found):
                found.add(behind)
                waiting.append(behind)
        return found


def is_exponential(automaton: Automaton) -> bool:
    """Whether two paths of one word lead from a class back to it."""
    for one in range(len(automaton.classes)):
        together = automaton.reachable((one, one))
        if (one, one) not in together:
            continue
        if any(a != b and (one, one) in automaton.reachable((a, b)) for a, b in together):
            return True
        circle = [a for a, b in together if a == b and (one, one) in automaton.reachable((a, a))]
        if any(automaton.follow[a].get(b, 0) > 1 for a in circle for b in circle):
            return True
    return False


def is_superlinear(automaton: Automaton) -> bool:
    """Whether a class that repeats leads to another one that does on the same word."""

    def may_fail(places: tuple[int, ...]) -> bool:
        """Whether nothing has matched so far; of all matches, the next one may be at stake."""
        watched = places[2:] if automaton.goes_on else places[1:]
        return automaton.matched.isdisjoint(watched)

    classes = range(len(automaton.classes))
    repeating = [one for one in classes if (one,) in automaton.reachable((one,))]
    return any(
        (one, other, other) in automaton.reachable((one, one, other), may_fail)
        for one, other in itertools.permutations(repeating, 2)
        if (other,) in automaton.reachable((one,))
    )
