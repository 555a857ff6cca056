"""Correction of misspelt words against the catalogue's own."""

from __future__ import annotations

from math import exp, log1p
from typing import TYPE_CHECKING

from indexer.analysis.text import fold
from indexer.analysis.words import has_digit
from searchsvc.query.slot import Step, StepKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.snapshot import Snapshot
    from indexer.spelling.dictionary import Correction
    from searchsvc.query.slot import Slot

_CANDIDATES = 4
_CORRECTED = 0.9  # weight of the likeliest correction of a word that no product has
_EXPANDED = 0.5  # weight of one of a word that some product has
_LEAST = 0.2  # weight of a correction that is worth looking for
_ESTABLISHED = 3  # products that have what is no accident
_SHORT = 5  # letters
_FAR_MORE = 10  # times as many products have what was meant as have what may be right as it is
_MOST_WORDS = 16  # to look at; a longer text is no query, and each costs a tenth of a millisecond
_MANY = 10_000  # products with both words; more of them make neither likelier
_COMMON_ROWS = 200_000  # a word in more products says nothing about what was meant beside it


def correct(slots: Sequence[Slot], snapshot: Snapshot) -> Iterator[Step]:
    """Let each misspelt word also be what was meant.

    A word that no product has is read as its likeliest correction, unless that is near by
    accident. A word that some product has, or that is one of the language, stays, and is only
    looked for as a more likely one, too: a shop without shirts has no "shorts" for who wants a
    shirt. Words with digits are identifiers and measures, and never corrected.
    """
    context = context_term(slots, snapshot)
    for slot in [slot for slot in slots if _is_questionable(slot)][:_MOST_WORDS]:
        found = _likeliest(slot, context, snapshot)
        if slot.found:
            yield from _expand(slot, found, snapshot)
            continue
        word = fold(slot.word.text)
        is_word = snapshot.spelling.is_word(word)
        steps = []
        # A lost space is likelier than two errors, and than a word the shop has nothing of.
        if is_word or not found or found[0][0].distance > 1:
            steps = list(_split(slot, snapshot, rewrite=not is_word))
        if not steps:
            doubtful = is_word or not found or _is_accident(word, found[0][0], snapshot)
            steps = list((_expand if doubtful else _replace)(slot, found, snapshot))
        yield from steps


def _is_accident(typed: str, correction: Correction, snapshot: Snapshot) -> bool:
    """Whether a rare word is near to what was typed by chance.

    Short words have many neighbours, the more the larger the catalogue is, and people seldom get
    the first letter wrong.
    """
    is_weak = len(typed) <= _SHORT or typed[0] != correction.word[0]
    established = min(_ESTABLISHED, len(snapshot.products) / 1000)
    return is_weak and correction.frequency < established


def _is_questionable(slot: Slot) -> bool:
    others = slot.alternatives.keys() - {(slot.term,)}
    if slot.found:  # what it may be the beginning of does not make it right
        others -= slot.completions
    return not (slot.optional or slot.settled or others or has_digit(slot.word.text))


def _likeliest(
    slot: Slot, context: str | None, snapshot: Snapshot
) -> list[tuple[Correction, float]]:
    """Corrections and their log odds, best first; those that fit the query's other words gain.

    A product that has both words counts as an occurrence in this context.
    """

    def same(word: str) -> str:
        return snapshot.analyzer.stems([word])[0]

    found = snapshot.spelling.corrections(fold(slot.word.text), _CANDIDATES, same=same)
    weighed = []
    for correction in found:
        if tuple(snapshot.analyzer.terms(correction.word)) in slot.refused:
            continue
        odds = correction.score
        if context is not None:
            both = (same(correction.word), context)
            odds += log1p(snapshot.lexical.together(both, _MANY))
        weighed.append((correction, odds))
    return sorted(weighed, key=lambda pair: -pair[1])


def _replace(
    slot: Slot, found: Sequence[tuple[Correction, float]], snapshot: Snapshot
) -> Iterator[Step]:
    best = found[0][1]
    for correction, odds in found:
        weight = _CORRECTED * exp(min(0.0, (odds - best) / 2))
        if weight >= _LEAST:
            slot.allow(tuple(snapshot.analyzer.terms(correction.word)), weight)
            yield Step(StepKind.CORRECTED, slot.word.text, correction.word, weight)
    slot.read_as = found[0][0].word


def _expand(
    slot: Slot, found: Sequence[tuple[Correction, float]], snapshot: Snapshot
) -> Iterator[Step]:
    word = fold(slot.word.text)
    likely = snapshot.spelling.log_probability(word)
    least = 0
    if not snapshot.spelling.is_word(word):
        # Another form of a word that products have, or joined from its parts; or an accident.
        least = _FAR_MORE * snapshot.lexical.count(slot.term)
    for correction, _ in found:
        if correction.score > likely and correction.frequency > least:
            slot.allow(tuple(snapshot.analyzer.terms(correction.word)), _EXPANDED)
            yield Step(StepKind.EXPANDED, slot.word.text, correction.word, _EXPANDED)


def _split(slot: Slot, snapshot: Snapshot, *, rewrite: bool) -> Iterator[Step]:
    """A space was forgotten: both parts must be in one product.

    What is behind the space may be inflected in another way than titles have it ("headsets").
    """
    splits = snapshot.spelling.splits
    for parts in (*splits(fold(slot.word.text)), *splits(slot.term)):
        terms = tuple(snapshot.analyzer.terms(" ".join(parts)))
        both = snapshot.lexical.together((terms[0], terms[-1]), 1)
        if both and slot.allow(terms, _CORRECTED):
            apart = " ".join(parts)
            if rewrite:
                slot.read_as = apart
            yield Step(StepKind.SPLIT, slot.word.text, apart, _CORRECTED)
            return


def context_term(slots: Sequence[Slot], snapshot: Snapshot) -> str | None:
    """The rarest term that needs no correction, ``None`` where there is none that tells much."""
    known = [slot.term for slot in slots if slot.found and not slot.optional]
    rarest = min(known, key=snapshot.lexical.count, default=None)
    if rarest is None or snapshot.lexical.count(rarest) > _COMMON_ROWS:
        return None
    return rarest
