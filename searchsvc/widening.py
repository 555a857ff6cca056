"""What a query without any match is answered instead of a bare empty page.

First the query's least informative words are left out, one by one, until something matches inside
the filter. If nothing would match without the filter either, the nearest products in meaning are
shown, near enough or not. If the filter is to blame, the answer stays empty and says how many
would match without it: what a shopper chose to exclude must not come back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.lexical.clause import Clause
    from indexer.snapshot import Snapshot
    from searchsvc.query.understanding import Understanding
    from searchsvc.retrieval import MatchSet, Retrieval

_NEAREST = 24
"""Products that are shown where none is near enough; what follows would be noise."""
_MOST_WORDS = 8
"""Left out at most; each costs a look into the postings."""


class Widening(StrEnum):
    """How a query without any match was widened."""

    WORDS = "words"  # the least informative words were left out
    MEANING = "meaning"  # the nearest in meaning, near enough or not


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What a query without any match was answered instead.

    Attributes:
        dropped: words that were left out, as typed.
        text: what is left of the query.
    """

    kind: Widening
    dropped: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Widened:
    """A wider answer.

    Attributes:
        retrieval: what the whole catalogue has in the wider sense.
        matches: what of it is inside the filter; never empty.
        understood: the query as it was then asked.
    """

    retrieval: Retrieval
    matches: MatchSet
    understood: Understanding
    relaxation: Relaxation


def widen(
    understood: Understanding,
    retrieval: Retrieval,
    snapshot: Snapshot,
    mask: NDArray[np.bool_] | None,
    *,
    by_meaning: bool,
) -> Widened | None:
    """A wider answer to a query that nothing matches; ``None`` if there is none.

    Args:
        understood: the query.
        retrieval: what the whole catalogue has for it.
        snapshot: that was searched.
        mask: bool ``(products,)``, what the filter lets pass; ``None`` for all.
        by_meaning: whether the nearest in meaning are shown when no words are left to leave out.
    """
    wider = _fewer_words(understood, retrieval, snapshot, mask)
    if wider is None and by_meaning:
        return _nearest(understood, retrieval, mask)
    return wider


def _fewer_words(
    understood: Understanding,
    retrieval: Retrieval,
    snapshot: Snapshot,
    mask: NDArray[np.bool_] | None,
) -> Widened | None:
    """The query without as few of its common words as will do.

    A word that no product has is not among them: it kept nothing from matching. Where products
    are hidden, they may have it; then it is left out first, whether they do or not.
    """
    counts = {
        place: _count(clause, retrieval, snapshot)
        for place, clause in enumerate(understood.clauses)
        if not clause.optional
    }
    known = [place for place, count in counts.items() if count]
    least_first = sorted(known, key=lambda place: (-counts[place], place))
    kept = dict.fromkeys(range(len(understood.clauses)))
    steps = [{place} for place in least_first[:-1][:_MOST_WORDS]]
    if known and len(known) < len(counts) and retrieval.scope is not None:
        steps.insert(0, counts.keys() - known)
    for left_out in steps:
        kept = {place: None for place in kept if place not in left_out}
        clauses = tuple(understood.clauses[k] for k in kept)
        wider = retrieval.by_words(clauses)
        found = wider.within(mask)
        if len(found):
            words = tuple(understood.words[k] for k in kept)
            dropped = tuple(word for k, word in enumerate(understood.words) if k not in kept)
            relaxation = Relaxation(Widening.WORDS, dropped, " ".join(words))
            asked = replace(understood, clauses=clauses, words=words)
            return Widened(wider, found, asked, relaxation)
    return None


def _count(clause: Clause, retrieval: Retrieval, snapshot: Snapshot) -> int:
    """How many of the products that exist for whoever asks have what a word asks for."""
    matches = snapshot.lexical.match([replace(clause, optional=False)])
    return len(matches if retrieval.scope is None else matches.within(retrieval.scope))


def _nearest(
    understood: Understanding, retrieval: Retrieval, mask: NDArray[np.bool_] | None
) -> Widened | None:
    if len(retrieval.found):
        return None
    wider = retrieval.nearest(_NEAREST)
    found = wider.within(mask)
    if not len(found):
        return None
    return Widened(wider, found, understood, Relaxation(Widening.MEANING, (), understood.text))
