"""What a query means: its words, what else products may call them, and the text to embed.

The words are analysed as those of products are. Then, each step noted for the explanation:

* function words and filler count next to nothing beside words that mean something;
* words in a row may be one word (``head set``, ``t-shirt``, ``TN 2110``);
* a number with its unit is one quantity, whatever the unit;
* a word that no product has is read as the word of the catalogue that was likely meant;
* synonyms are looked for as well, by words and by meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING

from indexer.analysis.analyzer import LONGEST_JOINED
from indexer.analysis.text import caseless, fold
from indexer.analysis.words import Gap, has_digit
from searchsvc.query.correcting import common_rows, correct
from searchsvc.query.function_words import function_words
from searchsvc.query.slot import Slot, Step, StepKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.analysis.analyzer import Analysis
    from indexer.analysis.words import Word
    from indexer.lexical.clause import Clause
    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy

_NUMBER_ALONE = 0.5  # "17" for "17 inch": many titles leave the unit out
_JOINED = 0.75
_USUAL = 2  # times as many products have the joined form as have its words: it weighs 1
_SYNONYM = 0.9
_MOST_READINGS = 4  # texts to embed; each costs a run of the model


@dataclass(frozen=True, slots=True)
class Prohibition:
    """Products that must not be taken for what a word means.

    Attributes:
        terms: products with all of these,
        unless: but without all of these.
    """

    terms: tuple[str, ...]
    unless: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Understanding:
    """A query as the two legs take it.

    Attributes:
        clauses: for the lexical leg.
        text: for the semantic leg; empty when there is nothing to embed.
        readings: other texts of the same meaning, by synonyms.
        corrected: the query with misspelt words replaced, ``None`` when none was.
        prohibitions: what the semantic leg must not bring.
        steps: what was done, in order.
    """

    clauses: tuple[Clause, ...]
    text: str
    readings: tuple[str, ...] = ()
    corrected: str | None = None
    prohibitions: tuple[Prohibition, ...] = ()
    steps: tuple[Step, ...] = ()


def understand(text: str, snapshot: Snapshot, policy: RankingPolicy) -> Understanding:
    """What `text` asks for, in the words of the snapshot's catalogue."""
    typed = caseless(text)
    analysis = snapshot.analyzer.analyse(text)
    slots = [
        _slot(word, term, snapshot)
        for word, term in zip(analysis.words, analysis.terms, strict=True)
    ]
    steps: list[Step] = []
    if policy.discount_fillers:
        steps += _discount(slots, snapshot)
    if policy.join_words:
        steps += _join(slots, snapshot)
    if policy.convert_units:
        steps += _measure(slots, analysis, snapshot)
    if policy.correct_spelling:
        steps += correct(slots, snapshot)
    readings = _use_synonyms(slots, snapshot, policy, steps)
    prohibitions = tuple(_prohibit(slots, snapshot, policy, steps))
    asked = any(not slot.optional for slot in slots)
    replaced = any(step.kind in {StepKind.CORRECTED, StepKind.SPLIT} for step in steps)
    return Understanding(
        clauses=tuple(slot.clause(asked=asked) for slot in slots),
        text=_rewrite(typed, slots) if replaced else text.strip(),
        readings=tuple(_reading(typed, slots, reading) for reading in readings),
        corrected=_rewrite(typed, slots) if replaced else None,
        prohibitions=prohibitions,
        steps=tuple(steps),
    )


def _slot(word: Word, term: str, snapshot: Snapshot) -> Slot:
    found = len(snapshot.lexical.rows(term)) > 0
    return Slot(word, term, found, alternatives={(term,): 1.0}, read_as=word.text)


def _discount(slots: Sequence[Slot], snapshot: Snapshot) -> Iterator[Step]:
    words = function_words(snapshot.analyzer.language)
    for slot in slots:
        slot.optional = fold(slot.word.text) in words
    if all(slot.optional for slot in slots):
        return
    for slot in slots:
        if slot.optional:
            yield Step(StepKind.DISCOUNTED, slot.word.text, slot.word.text, 0.0)


def _join(slots: Sequence[Slot], snapshot: Snapshot) -> Iterator[Step]:
    """Two words may be one, and longer chains (``SM-P615-N``), too."""
    for begin, end in _runs(slots):
        joined = "".join(slot.word.text for slot in slots[begin:end])
        if len(joined) > LONGEST_JOINED:
            continue
        term = snapshot.analyzer.stems([joined])[0]
        rows = snapshot.lexical.rows(term)
        if not len(rows):
            continue
        # The catalogue tells which way it is written: many more say "headset" than "head … set".
        apart = [snapshot.lexical.rows(slot.term) for slot in slots[begin:end]]
        usual = len(rows) > _USUAL * len(reduce(common_rows, apart))
        weight = 1.0 if usual else _JOINED
        for slot in slots[begin:end]:
            slot.allow((term,), weight)
        typed = " ".join(slot.word.text for slot in slots[begin:end])
        yield Step(StepKind.JOINED, typed, joined, weight)


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


def _measure(slots: Sequence[Slot], analysis: Analysis, snapshot: Snapshot) -> Iterator[Step]:
    for quantity in analysis.quantities:
        if not len(snapshot.lexical.rows(quantity.term)):
            continue
        covered = [
            slot
            for slot in slots
            if slot.word.begin < quantity.end and slot.word.end > quantity.begin
        ]
        if not covered:
            continue
        for slot in covered:
            if has_digit(slot.word.text):
                slot.alternatives[(slot.term,)] = _NUMBER_ALONE
            else:
                slot.optional = True
            slot.allow((quantity.term,), 1.0)
        typed = " ".join(slot.word.text for slot in covered)
        yield Step(StepKind.QUANTITY, typed, quantity.term.removeprefix("#"))


def _use_synonyms(
    slots: Sequence[Slot], snapshot: Snapshot, policy: RankingPolicy, steps: list[Step]
) -> list[tuple[int, int, str]]:
    """Let slots also be their synonyms; gives the spans and texts to embed instead."""
    readings: list[tuple[int, int, str]] = []
    for expansion in policy.synonyms.expansions(_keys(slots, snapshot)):
        span = slots[expansion.begin : expansion.end]
        typed = " ".join(slot.word.text for slot in span)
        for text in expansion.texts:
            terms = tuple(snapshot.analyzer.terms(text))
            for slot in span:
                # Shared, so that a product gains as much by the synonym as by the span.
                slot.allow(terms, _SYNONYM / len(span))
            steps.append(Step(StepKind.SYNONYM, typed, text, _SYNONYM))
            readings.append((expansion.begin, expansion.end, text))
    return readings[: _MOST_READINGS - 1]


def _prohibit(
    slots: Sequence[Slot], snapshot: Snapshot, policy: RankingPolicy, steps: list[Step]
) -> Iterator[Prohibition]:
    for begin, end, text in policy.synonyms.never(_keys(slots, snapshot)):
        terms = tuple(snapshot.analyzer.terms(text))
        span = slots[begin:end]
        for slot in span:
            slot.alternatives.pop(terms, None)
        typed = " ".join(slot.word.text for slot in span)
        steps.append(Step(StepKind.FORBIDDEN, typed, text, 0.0))
        yield Prohibition(terms, unless=tuple(slot.term for slot in span))


def _keys(slots: Sequence[Slot], snapshot: Snapshot) -> list[str]:
    """The terms of the words as they are read, so that a misspelt word has synonyms, too."""
    return snapshot.analyzer.stems([slot.read_as.partition(" ")[0] for slot in slots])


def _rewrite(typed: str, slots: Sequence[Slot]) -> str:
    """The query with each word as it is read; what is between the words stays."""
    return _replaced(typed, [(slot.word.begin, slot.word.end, slot.read_as) for slot in slots])


def _reading(typed: str, slots: Sequence[Slot], reading: tuple[int, int, str]) -> str:
    begin, end, text = reading
    spans = [(slot.word.begin, slot.word.end, slot.read_as) for slot in slots]
    spans[begin:end] = [(spans[begin][0], spans[end - 1][1], text)]
    return _replaced(typed, spans)


def _replaced(typed: str, spans: Sequence[tuple[int, int, str]]) -> str:
    pieces = []
    reached = 0
    for begin, end, text in spans:
        pieces += [typed[reached:begin], text]
        reached = end
    return "".join([*pieces, typed[reached:]]).strip()
