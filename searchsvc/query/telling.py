"""What may be told of how a query was understood: nothing that only hidden products say.

A query is understood by the words of the whole catalogue, whoever asks. Corrections, completions
and synonyms that no visible product has found nothing, and are not mentioned either.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from searchsvc.query.slot import StepKind
from searchsvc.query.understanding import replaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from searchsvc.query.understanding import Taken, Understanding

_LOOKED_UP = frozenset(
    {
        StepKind.CORRECTED,
        StepKind.EXPANDED,
        StepKind.SPLIT,
        StepKind.JOINED,
        StepKind.SYNONYM,
        StepKind.COMPLETED,
    }
)
"""What the catalogue or the shop had part in; all else follows from what was typed."""


def tell(understood: Understanding, is_visible: Callable[[str], bool]) -> Understanding:
    """`understood`, without the words that `is_visible` says no to.

    Args:
        understood: a query; its clauses, by which products are found and marked, stay.
        is_visible: whether a visible product has all words of a text.
    """
    steps = tuple(
        step for step in understood.steps if step.kind not in _LOOKED_UP or is_visible(step.meant)
    )
    corrected = _corrected(understood, is_visible)
    told = replace(understood, steps=steps, corrected=corrected)
    hides = any(_hidden(word.meant, word, is_visible) for word in understood.taken)
    if hides or corrected != understood.corrected:
        told = replace(told, text=corrected or understood.typed.strip(), readings=())
    elif len(steps) != len(understood.steps):
        told = replace(told, readings=())
    return told


def _corrected(understood: Understanding, is_visible: Callable[[str], bool]) -> str | None:
    """The correction with the words that must not be told left as they were typed."""
    if understood.corrected is None:
        return None
    told = [
        word.text if _hidden(word.read_as, word, is_visible) else word.read_as
        for word in understood.taken
    ]
    if told == [word.text for word in understood.taken]:
        return None
    places = [(word.begin, word.end) for word in understood.taken]
    return replaced(
        understood.typed,
        [(begin, end, text) for (begin, end), text in zip(places, told, strict=True)],
    )


def _hidden(text: str, word: Taken, is_visible: Callable[[str], bool]) -> bool:
    """Whether `text`, that `word` was taken for, must not be told."""
    return text not in ("", word.text) and not is_visible(text)
