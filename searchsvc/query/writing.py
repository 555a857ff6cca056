"""The ways of writing what a query's words say: as one word or apart, in one unit or another."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from indexer.analysis.analyzer import LONGEST_JOINED
from indexer.analysis.words import Gap, has_digit
from searchsvc.query.slot import Step, StepKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.analysis.quantities import Quantity
    from indexer.snapshot import Snapshot
    from searchsvc.query.slot import Slot

_NUMBER_ALONE = 0.5  # "17" for "17 inch": many titles leave the unit out
_JOINED = 0.75
_LETTER_ALONE = 0.3  # the "t" of "t-mobile" is that of AT&T as well
_USUAL = 2  # times as many products have the joined form as have its words: it weighs 1
# Shorter ones (mp3, s10, 4k) are one word, whose parts say nothing.
_NAME_AND_NUMBER = re.compile(r"(?=.{5})([^\W\d_]{2,})(\d+)")


def join(slots: Sequence[Slot], snapshot: Snapshot) -> Iterator[Step]:
    """Let words in a row also be one (``head set``), and longer chains (``SM-P615-N``), too.

    Parts of one quantity are none: the ``5 l`` of ``1,5 l`` is another one.
    """
    known: dict[tuple[str, ...], tuple[str, float] | None] = {}
    for begin, end in _runs(slots):
        span = slots[begin:end]
        words = tuple(slot.word.text for slot in span)
        if words not in known:
            known[words] = _as_one(span, snapshot)
        as_one = known[words]
        if as_one is None or (span[0].quantity and len({slot.quantity for slot in span}) == 1):
            continue
        term, weight = as_one
        letters = [slot for slot in span if _is_letter(slot.word.text)]
        weight = 1.0 if letters else weight
        allowed = [slot.allow((term,), weight) for slot in span]
        if all(allowed):
            for slot in letters:
                slot.alternatives[(slot.term,)] = _LETTER_ALONE
            yield Step(StepKind.JOINED, " ".join(words), "".join(words), weight)


def _as_one(span: Sequence[Slot], snapshot: Snapshot) -> tuple[str, float] | None:
    """The term of the joined words and its weight, if any product has it.

    The catalogue tells which way it is written: many more say "headset" than "head … set".
    """
    joined = "".join(slot.word.text for slot in span)
    if len(joined) > LONGEST_JOINED:
        return None
    term = snapshot.analyzer.stems([joined])[0]
    found = snapshot.lexical.count(term)
    if not found:
        return None
    apart = [slot.term for slot in span]
    usual = found > _USUAL * min(map(snapshot.lexical.count, apart))
    usual = usual or found > _USUAL * snapshot.lexical.together(apart, found // _USUAL + 1)
    return term, 1.0 if usual else _JOINED


def part(slots: Sequence[Slot], snapshot: Snapshot) -> Iterator[Step]:
    """Let a name with its number that no product has as one word be two (``rtx2060``)."""
    for slot in slots:
        parts = _NAME_AND_NUMBER.fullmatch(slot.word.text)
        if slot.found or parts is None or slot.alternatives.keys() - {(slot.term,)}:
            continue
        terms = tuple(snapshot.analyzer.stems(parts.groups()))
        if snapshot.lexical.together(terms, 1) and slot.allow(terms, _JOINED):
            yield Step(StepKind.SPLIT, slot.word.text, " ".join(parts.groups()), _JOINED)


def measure(
    slots: Sequence[Slot], quantities: Sequence[Quantity], snapshot: Snapshot
) -> Iterator[Step]:
    """Let a number with its unit be the quantity, whatever the unit.

    One slot asks for it, so that ``1,5 l`` counts as much as ``1.5l``.
    """
    for quantity in quantities:
        if not snapshot.lexical.count(quantity.term):
            continue
        span = [
            slot
            for slot in slots
            if slot.word.begin >= quantity.begin and slot.word.end <= quantity.end
        ]
        numbers = [slot for slot in span if has_digit(slot.word.text)]
        # "iphone 11 in black" is no length.
        alone = 1.0 if any(slot.optional for slot in span) else _NUMBER_ALONE
        for slot in span:
            slot.allow((quantity.term,), 1.0)
            slot.optional = slot is not numbers[0]
            slot.quantity = quantity.term
        asked = numbers[0]
        del asked.alternatives[(asked.term,)]
        asked.allow(tuple(slot.term for slot in numbers), alone)
        yield Step(StepKind.QUANTITY, _typed(span), quantity.term.removeprefix("#"))


def _runs(slots: Sequence[Slot]) -> Iterator[tuple[int, int]]:
    """Pairs of words with nothing but a space or a joint between, and chains of joints."""
    for place, (_, right) in enumerate(pairwise(slots)):
        if right.word.gap is not Gap.OTHER:
            yield place, place + 2
    begin = 0
    for place in range(1, len(slots) + 1):
        if place == len(slots) or slots[place].word.gap is not Gap.JOINED:
            if place - begin > 2:  # noqa: PLR2004 - a chain of two was given as a pair
                yield begin, place
            begin = place


def _is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha()


def _typed(span: Sequence[Slot]) -> str:
    return " ".join(slot.word.text for slot in span)
