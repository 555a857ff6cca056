"""What a query means: its words, what else products may call them, and the text to embed.

The words are analysed as those of products are. Then, each step noted for the explanation:

* function words and filler count next to nothing beside words that mean something;
* words in a row may be one word (``head set``, ``t-shirt``, ``TN 2110``);
* a number with its unit is one quantity, whatever the unit;
* while it is typed, the last word is the beginning of any word of the catalogue;
* a word that neither the shop nor the language has is read as the word of the catalogue that
  was likely meant;
* synonyms are looked for as well, by words and by meaning;
* what a word must never be taken for is none of these, nor found by its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.analysis.function_words import is_function_word
from indexer.analysis.text import caseless
from searchsvc.query.completing import complete
from searchsvc.query.correcting import correct
from searchsvc.query.slot import Slot, Step, StepKind
from searchsvc.query.writing import join, measure, part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.analysis.words import Word
    from indexer.lexical.clause import Clause
    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy

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
class Taken:
    """A word of a query, and what it was taken for.

    Attributes:
        begin: where it stands in the query, and
        end: where it ends.
        text: as typed.
        read_as: as it was meant, and
        meant: as it was embedded; empty where the word before it holds it.
    """

    begin: int
    end: int
    text: str
    read_as: str
    meant: str


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
        words: as typed, one for each clause.
        prefix: the last word while it is being typed; empty when it is not taken for a beginning.
        typed: the query, caseless.
        taken: its words, in their order.
    """

    clauses: tuple[Clause, ...]
    text: str
    readings: tuple[str, ...] = ()
    corrected: str | None = None
    prohibitions: tuple[Prohibition, ...] = ()
    steps: tuple[Step, ...] = ()
    words: tuple[str, ...] = ()
    prefix: str = ""
    typed: str = ""
    taken: tuple[Taken, ...] = ()


def understand(
    text: str, snapshot: Snapshot, policy: RankingPolicy, *, typing: bool = False
) -> Understanding:
    """What `text` asks for, in the words of the snapshot's catalogue.

    Args:
        text: as typed.
        snapshot: the catalogue.
        policy: which steps are taken.
        typing: whether the last word may be the beginning of one.
    """
    typed = caseless(text)
    analysis = snapshot.analyzer.analyse(text)
    slots = [
        _slot(word, term, snapshot)
        for word, term in zip(analysis.words, analysis.terms, strict=True)
    ]
    steps: list[Step] = []
    prohibitions = dict(_prohibit(slots, analysis.terms, snapshot, policy))
    _settle(slots, analysis.terms, policy)
    if policy.discount_fillers:
        steps += _discount(slots, snapshot)
    if policy.convert_units:
        steps += measure(slots, analysis.quantities, snapshot)
    if policy.join_words:
        steps += join(slots, snapshot)
        steps += part(slots, snapshot)
    before = len(steps)
    if typing:
        steps += complete(slots, typed, snapshot, correct_spelling=policy.correct_spelling)
    prefix = slots[-1].word.text if len(steps) > before else ""
    if policy.correct_spelling:
        steps += correct(slots, snapshot)
    corrected = any(slot.read_as != slot.word.text for slot in slots)
    replaced = corrected or any(slot.completed_as for slot in slots)
    keys = _keys(slots, snapshot) if replaced else analysis.terms
    if replaced:
        prohibitions |= dict(_prohibit(slots, keys, snapshot, policy))
    readings = _use_synonyms(slots, keys, snapshot, policy, steps)
    asked = any(not slot.optional for slot in slots)
    return Understanding(
        clauses=tuple(slot.clause(asked=asked) for slot in slots),
        words=tuple(slot.word.text for slot in slots),
        prefix=prefix,
        text=_rewrite(typed, slots) if replaced else text.strip(),
        readings=tuple(_reading(typed, slots, reading) for reading in readings),
        corrected=_corrected(typed, slots) if corrected else None,
        prohibitions=tuple(prohibitions.values()),
        steps=(*steps, *prohibitions),
        typed=typed,
        taken=tuple(
            Taken(it.word.begin, it.word.end, it.word.text, it.read_as, it.meant) for it in slots
        ),
    )


def _slot(word: Word, term: str, snapshot: Snapshot) -> Slot:
    slot = Slot(word, term, snapshot.lexical.count(term) > 0, read_as=word.text)
    slot.allow((term,), 1.0)
    for plain in snapshot.analyzer.unaccented([word.text]):
        if snapshot.lexical.count(plain):
            slot.found = True
            slot.allow((plain,), 1.0)
    return slot


def _discount(slots: Sequence[Slot], snapshot: Snapshot) -> Iterator[Step]:
    for slot in slots:
        slot.optional = is_function_word(slot.word.text, snapshot.analyzer.language)
    if all(slot.optional for slot in slots):
        return
    for slot in slots:
        if slot.optional:
            yield Step(StepKind.DISCOUNTED, slot.word.text, slot.word.text, 0.0)


def _settle(slots: Sequence[Slot], keys: Sequence[str], policy: RankingPolicy) -> None:
    """What the shop has synonyms for is as it should be."""
    for expansion in policy.synonyms.expansions(keys):
        for slot in slots[expansion.begin : expansion.end]:
            slot.settled = True


def _use_synonyms(
    slots: Sequence[Slot],
    keys: Sequence[str],
    snapshot: Snapshot,
    policy: RankingPolicy,
    steps: list[Step],
) -> list[tuple[int, int, str]]:
    """Let slots also be their synonyms; gives the spans and texts to embed instead."""
    readings: list[tuple[int, int, str]] = []
    for expansion in policy.synonyms.expansions(keys):
        span = slots[expansion.begin : expansion.end]
        typed = " ".join(slot.word.text for slot in span)
        for text in expansion.texts:
            terms = tuple(snapshot.analyzer.terms(text))
            for slot in span:
                slot.allow(terms, _SYNONYM)
            steps.append(Step(StepKind.SYNONYM, typed, text, _SYNONYM))
            readings.append((expansion.begin, expansion.end, text))
    return readings[: _MOST_READINGS - 1]


def _prohibit(
    slots: Sequence[Slot], keys: Sequence[str], snapshot: Snapshot, policy: RankingPolicy
) -> Iterator[tuple[Step, Prohibition]]:
    """Keep slots from what they must never be taken for, before and after they are corrected."""
    for begin, end, text in policy.synonyms.never(keys):
        terms = tuple(snapshot.analyzer.terms(text))
        span = slots[begin:end]
        for slot in span:
            slot.refuse(terms)
        typed = " ".join(slot.word.text for slot in span)
        step = Step(StepKind.FORBIDDEN, typed, text, 0.0)
        yield step, Prohibition(terms, unless=tuple(keys[begin:end]))


def _keys(slots: Sequence[Slot], snapshot: Snapshot) -> list[str]:
    """The terms of the words as they are read, so that a misspelt word has synonyms, too."""
    read = [
        slot.meant if slot.meant and " " not in slot.meant else slot.word.text for slot in slots
    ]
    return snapshot.analyzer.stems(read)


def _rewrite(typed: str, slots: Sequence[Slot]) -> str:
    """The query with each word as it is read; what is between the words stays."""
    return replaced(typed, _spans(slots))


def _corrected(typed: str, slots: Sequence[Slot]) -> str:
    """The query with its misspelt words replaced, the word that is being typed left as it is."""
    return replaced(typed, [(slot.word.begin, slot.word.end, slot.read_as) for slot in slots])


def _reading(typed: str, slots: Sequence[Slot], reading: tuple[int, int, str]) -> str:
    begin, end, text = reading
    spans = _spans(slots)
    spans[begin:end] = [(spans[begin][0], spans[end - 1][1], text)]
    return replaced(typed, spans)


def _spans(slots: Sequence[Slot]) -> list[tuple[int, int, str]]:
    """Where each word is, and what is embedded for it; a swallowed one with what is before it."""
    spans: list[tuple[int, int, str]] = []
    for slot in slots:
        begin = spans[-1][1] if slot.swallowed else slot.word.begin
        spans.append((begin, slot.word.end, slot.meant))
    return spans


def replaced(typed: str, spans: Sequence[tuple[int, int, str]]) -> str:
    """`typed` with other texts from the first to the second number of each span."""
    pieces = []
    reached = 0
    for begin, end, text in spans:
        pieces += [typed[reached:begin], text]
        reached = end
    return "".join([*pieces, typed[reached:]]).strip()
