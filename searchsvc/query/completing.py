"""Completion of the word that is being typed: what the catalogue has that begins with it.

The lexical leg looks for every such word. The semantic leg takes the one that goes best with the
words before it: a model makes nothing of half a word. Both were measured letter by letter on
judged queries (``python -m benchmarks keystrokes``). As long as further letters leave the same
words to choose from, neither leg is asked anything else, and no order changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.analysis.text import fold
from indexer.analysis.words import Gap, has_digit
from searchsvc.query.correcting import common_rows, context_rows
from searchsvc.query.slot import Step, StepKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.snapshot import Snapshot
    from searchsvc.query.slot import Slot

_MOST_WORDS = 50
"""That a beginning is completed to; it has more only while it is a letter or two."""
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
    last = slots[-1]
    if last.word.gap is Gap.JOINED and has_digit(last.word.text):
        yield from _complete_number(slots[-2:], snapshot)
        return
    begun = fold(last.word.text)
    words = _words(begun, snapshot)
    if not words and correct_spelling:
        words = _words(_nearest(begun, snapshot), snapshot)
    if words:
        yield from _complete_word(words, slots, snapshot)


def _complete_word(
    words: dict[str, str], slots: Sequence[Slot], snapshot: Snapshot
) -> Iterator[Step]:
    last = slots[-1]
    for stem, word in words.items():
        if stem != last.term or not last.found:
            weight = 1.0 if len(words) == 1 else _GUESSED
            if last.allow((stem,), weight):
                yield Step(StepKind.COMPLETED, last.word.text, word, weight)
    best = _likeliest(words, slots, snapshot)
    # A word in full is likelier meant than a rarer one that it is the beginning of.
    if last.term in words and _products(last.term, snapshot) > _products(best, snapshot):
        best = last.term
    last.completed_as = words[best]


def _is_unfinished(slots: Sequence[Slot], typed: str) -> bool:
    """Whether the last word may go on.

    A space behind it says that it does not; a function word behind others stays what it is.
    """
    if not slots or slots[-1].word.end != len(typed):
        return False
    return not (slots[-1].settled or (slots[-1].optional and len(slots) > 1))


def _nearest(typed: str, snapshot: Snapshot) -> str:
    """The beginning that was meant by one with a typing error; empty where there is none.

    A whole word that is as near is left to the correction of words, which says what it did.
    """
    corrections = snapshot.spelling.corrections(typed, 1)
    if has_digit(typed) or (corrections and corrections[0].distance == 1):
        return ""
    return snapshot.suggestions.words.nearest(typed) or ""


def _words(typed: str, snapshot: Snapshot) -> dict[str, str]:
    """The most frequent word of each stem that has words beginning as `typed`, if it is any."""
    if not typed:
        return {}
    if has_digit(typed):
        return {term: term for term in snapshot.lexical.completions(typed, _MOST_WORDS)}
    words = [word for word, _ in snapshot.spelling.completions(typed, _MOST_WORDS)]
    found: dict[str, str] = {}
    for stem, word in zip(snapshot.analyzer.stems(words), words, strict=True):
        if len(snapshot.lexical.rows(stem)):
            found.setdefault(stem, word)
    return found


def _likeliest(words: dict[str, str], slots: Sequence[Slot], snapshot: Snapshot) -> str:
    """The stem in most products that also have the query's rarest other word."""
    context = context_rows(slots[:-1], snapshot)
    if context is None:
        return next(iter(words))
    return max(words, key=lambda stem: len(common_rows(snapshot.lexical.rows(stem), context)))


def _products(stem: str, snapshot: Snapshot) -> int:
    return len(snapshot.lexical.rows(stem))


def _complete_number(span: Sequence[Slot], snapshot: Snapshot) -> Iterator[Step]:
    """Let two parts of a part number (``TN-21``) be the beginning of one."""
    typed = "".join(slot.word.text for slot in span)
    for term in snapshot.lexical.completions(typed, _MOST_WORDS):
        allowed = [slot.allow((term,), _GUESSED) for slot in span]
        if all(allowed):
            yield Step(StepKind.COMPLETED, typed, term, _GUESSED)
