"""A slot: one word of a query while it is being understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from indexer.lexical.clause import Alternative, Clause

if TYPE_CHECKING:
    from indexer.analysis.words import Word

OPTIONAL_IMPORTANCE = 0.1
"""What a function word counts beside words that mean something."""


class StepKind(StrEnum):
    """What was done to a query."""

    CORRECTED = "corrected"
    EXPANDED = "expanded"
    SPLIT = "split"
    JOINED = "joined"
    QUANTITY = "quantity"
    SYNONYM = "synonym"
    DISCOUNTED = "discounted"
    COMPLETED = "completed"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done.

    Attributes:
        typed: the words that it was done to.
        meant: what is looked for.
        weight: what it counts beside what was typed, which counts 1.
    """

    kind: StepKind
    typed: str
    meant: str
    weight: float = 1.0


@dataclass(slots=True)
class Slot:
    """A word of the query and the ways in which products may say it.

    Attributes:
        word: as typed.
        term: its stem.
        found: whether any product has the term.
        optional: whether it is a function word, or says what another slot asks for.
        settled: whether it must not be corrected.
        alternatives: weight by terms.
        quantity: the term of the quantity that the word is a part of; ``""`` for none.
        refused: terms that it must never be taken for.
        read_as: the word as it was meant.
        completed_as: what it is the beginning of, where it is still being typed.
        completions: those of its alternatives that it is the beginning of.
        swallowed: whether it is the end of what the word before it is completed to.
    """

    word: Word
    term: str
    found: bool
    optional: bool = False
    settled: bool = False
    alternatives: dict[tuple[str, ...], float] = field(default_factory=dict)
    quantity: str = ""
    refused: set[tuple[str, ...]] = field(default_factory=set)
    read_as: str = ""
    completed_as: str = ""
    swallowed: bool = False
    completions: set[tuple[str, ...]] = field(default_factory=set)

    @property
    def meant(self) -> str:
        """The word in the text that is embedded; empty where the one before it holds it."""
        return "" if self.swallowed else self.completed_as or self.read_as

    def allow(self, terms: tuple[str, ...], weight: float) -> bool:
        """Let products match by `terms`, if they do not already for more.

        Returns:
            False where these are refused.
        """
        if terms in self.refused:
            return False
        self.alternatives[terms] = max(weight, self.alternatives.get(terms, 0.0))
        return True

    def refuse(self, terms: tuple[str, ...]) -> None:
        """Let no product match by `terms`, unless they are what was typed."""
        if terms != (self.term,):
            self.refused.add(terms)
            self.alternatives.pop(terms, None)

    def clause(self, *, asked: bool) -> Clause:
        """The clause of this slot.

        Args:
            asked: whether the query has a word that means something; without one, function
                words are what is asked for.
        """
        optional = self.optional and asked
        return Clause(
            tuple(Alternative(terms, weight) for terms, weight in self.alternatives.items()),
            OPTIONAL_IMPORTANCE if optional else 1.0,
            optional,
        )
