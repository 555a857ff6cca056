"""Completion of the word that is being typed: what the catalogue has that begins with it.

The lexical leg looks for every such word. The semantic leg takes the one that goes best with the
words before it: a model makes nothing of half a word. Both were measured letter by letter on
judged queries (``python -m benchmarks keystrokes``). As long as further letters leave the same
words to choose from, neither leg is asked anything else, and no order changes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.analysis.function_words import is_function_word
from indexer.analysis.text import fold
from indexer.analysis.words import Gap, has_digit
from searchsvc.query.correcting import context_term
from searchsvc.query.slot import Step, StepKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.snapshot import Snapshot
    from searchsvc.query.slot import Slot

_MOST_WORDS = 50
"""That a beginning is completed to; it has more only while it is a letter or two."""
_NUMBER_AND_WORD = re.compile(r"\d[^\W\d_]{4,}")
"""A number joined to the word behind it, as names of products have them: no number goes on so."""
_GUESSED = 0.8
"""Weight of a word that was not typed in full, beside others that it may be."""


def complete(
    slots: Sequence[Slot], typed: str, snapshot: Snapshot, *, correct_spelling: bool
) -> Iterator[Step]:
    """Let the last word also be any word that it is the beginning of.

    Where no word begins so, one letter may be wrong, if spelling is corrected at all.
    """
    if not _is_unfinished(slots, typed):
        return
    if slots[-1].word.gap is Gap.JOINED:
        yield from _complete_joined(slots[-2:], 0, snapshot)
        return
    words = _begun(slots[-1], snapshot, correct_spelling=correct_spelling)
    together = 0
    if words:
        steps, together = _complete_word(words, slots, snapshot)
        yield from steps
    if slots[-1].word.gap is Gap.SPACE and len(slots[-1].word.text) > 1:
        yield from _complete_joined(slots[-2:], together, snapshot)
    elif len(slots) > 1 and _is_one(slots[-2:], snapshot):
        slots[-1].completed_as = ""  # "usb c" is all there is to say


def _begun(slot: Slot, snapshot: Snapshot, *, correct_spelling: bool) -> dict[str, str]:
    """The words that the slot may be the beginning of, by their stems."""
    typed = fold(slot.word.text)
    words = _words(typed, snapshot)
    if not words and correct_spelling:
        words = _words(_nearest(typed, snapshot), snapshot)
        if words:
            slot.read_as = next(iter(words.values()))
    return words


def _is_unfinished(slots: Sequence[Slot], typed: str) -> bool:
    """Whether the last word may go on.

    A space behind it says that it does not; a function word behind others stays what it is.
    """
    if not slots or slots[-1].word.end != len(typed):
        return False
    return not (slots[-1].settled or (slots[-1].optional and len(slots) > 1))


def _complete_word(
    words: dict[str, str], slots: Sequence[Slot], snapshot: Snapshot
) -> tuple[list[Step], int]:
    """The steps, and how many products have the likeliest word beside the others."""
    last = slots[-1]
    steps = []
    for stem, word in words.items():
        if stem != last.term or not last.found:
            weight = 1.0 if len(words) == 1 else _GUESSED
            if last.allow((stem,), weight):
                last.completions.add((stem,))
                steps.append(Step(StepKind.COMPLETED, last.word.text, word, weight))
    context = context_term(slots[:-1], snapshot)

    def products(stem: str) -> int:
        if context is None:
            return snapshot.lexical.count(stem)
        return snapshot.lexical.together((stem, context))

    best = max(words, key=products)
    # A word in full is likelier meant than a rarer one that it is the beginning of.
    if last.term in words and products(last.term) == products(best):
        best = last.term
    last.completed_as = words[best]
    return steps, products(best)


def _nearest(typed: str, snapshot: Snapshot) -> str:
    """The beginning that was meant by one with a typing error; empty where there is none.

    A word that the language has is right, and a whole word that is as near is left to the
    correction of words.
    """
    corrections = snapshot.spelling.corrections(typed, 1)
    if has_digit(typed) or snapshot.spelling.is_word(typed):
        return ""
    if corrections and corrections[0].distance == 1:
        return ""
    return snapshot.suggestions.words.nearest(typed) or ""


def _words(typed: str, snapshot: Snapshot) -> dict[str, str]:
    """The most frequent word of each stem that has words beginning as `typed`, if it is any."""
    if not typed:
        return {}
    if has_digit(typed):
        terms = snapshot.lexical.completions(typed, _MOST_WORDS)
        return {term: term for term in terms if not _NUMBER_AND_WORD.search(term)}
    words = [word for word, _ in snapshot.spelling.completions(typed, _MOST_WORDS)]
    language = snapshot.analyzer.language
    telling = [word for word in words if word == typed or not is_function_word(word, language)]
    found: dict[str, str] = {}
    for word in telling or words:
        stem = snapshot.analyzer.stems([word])[0]
        if snapshot.lexical.count(stem):
            found.setdefault(stem, word)
    return found


def _complete_joined(span: Sequence[Slot], together: int, snapshot: Snapshot) -> Iterator[Step]:
    """Let two words also be the beginning of one (``TN-21``, ``sun gl``).

    Args:
        span: of the two.
        together: products that have both as words of their own.
        snapshot: the catalogue.
    """
    if len(span) == 1 or span[0].optional:
        return
    typed = "".join(slot.word.text for slot in span)
    if _is_one(span, snapshot):
        return
    terms = snapshot.lexical.completions(typed, _MOST_WORDS)
    for term in terms:
        allowed = [slot.allow((term,), _GUESSED) for slot in span]
        if all(allowed):
            yield Step(StepKind.COMPLETED, typed, term, _GUESSED)
    words = _words(fold(typed), snapshot)
    if words and snapshot.lexical.count(next(iter(words))) > together:
        span[0].completed_as = next(iter(words.values()))
        span[1].swallowed = True


def _is_one(span: Sequence[Slot], snapshot: Snapshot) -> bool:
    """Whether products have the two words as one already."""
    typed = "".join(slot.word.text for slot in span)
    return snapshot.lexical.count(snapshot.analyzer.stems([typed])[0]) > 0
