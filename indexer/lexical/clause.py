"""A query as the lexical index takes it: clauses of alternatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way in which a product can say what a clause asks for.

    Attributes:
        terms: analysed terms, at least one; a product must have all of them.
        weight: what their impacts count, above 0: 1 for what was typed, less for a guess.
    """

    terms: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Clause:
    """One word (or number) of a query.

    Attributes:
        alternatives: a product scores by the best of those that it has.
        importance: what the clause's score counts.
        optional: whether the clause adds to scores without being asked for: it neither makes a
            product match, unless the whole query is optional, nor counts as uncovered.
    """

    alternatives: tuple[Alternative, ...]
    importance: float = 1.0
    optional: bool = False


def plain_clauses(terms: Iterable[str]) -> list[Clause]:
    """A clause for each distinct term; a repeated one counts as often as it occurs."""
    counts: dict[str, int] = {}
    for term in terms:
        counts[term] = counts.get(term, 0) + 1
    return [Clause((Alternative((term,)),), float(times)) for term, times in counts.items()]
