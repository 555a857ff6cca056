"""Identifiers asked in every writing: how often their product comes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.robustness.identifiers import Kind, Style, writings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.robustness.identifiers import Identifier

_SHOWN_OWNERS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What came first for one writing of an identifier; ``None`` when nothing was found."""

    identifier: Identifier
    style: Style
    writing: str
    first: str | None

    @property
    def found(self) -> bool:
        """Whether it is a product that the identifier identifies."""
        return self.first in self.identifier.product_ids


def look_up(
    identifiers: Sequence[Identifier],
    first_hit: Callable[[str], str | None],
    advance: Callable[[int], None],
) -> list[Answer]:
    """Ask all different writings of all identifiers.

    Args:
        identifiers: what to ask.
        first_hit: the id of the best product for a query.
        advance: called with the number of identifiers just asked.
    """
    answers = []
    for identifier in identifiers:
        for writing, style in writings(identifier.kind, identifier.text).items():
            answers.append(Answer(identifier, style, writing, first_hit(writing)))
        advance(1)
    return answers


def summarize(answers: Sequence[Answer]) -> dict[str, Any]:
    """The part `identifiers` of the result file."""
    kinds = [kind for kind in Kind if any(a.identifier.kind is kind for a in answers)]
    return {
        "drawn": len({(answer.identifier.kind, answer.identifier.text) for answer in answers}),
        **count(answers),
        "by_kind": {
            kind: count(a for a in answers if a.identifier.kind is kind) for kind in kinds
        },
        "by_style": {style: count(a for a in answers if a.style is style) for style in Style},
        "by_kind_and_style": {
            kind: {
                style: count(a for a in answers if (a.identifier.kind, a.style) == (kind, style))
                for style in Style
            }
            for kind in kinds
        },
        "failures": [_failure(answer) for answer in answers if not answer.found],
    }


def count(answers: Iterable[Answer]) -> dict[str, Any]:
    """Writings asked and found; ``share`` is ``None`` where none was asked."""
    found = [answer.found for answer in answers]
    share = round(sum(found) / len(found), 5) if found else None
    return {"writings": len(found), "found": sum(found), "share": share}


def _failure(answer: Answer) -> dict[str, Any]:
    return {
        "kind": answer.identifier.kind,
        "identifier": answer.identifier.text,
        "style": answer.style,
        "writing": answer.writing,
        "expected": sorted(answer.identifier.product_ids)[:_SHOWN_OWNERS],
        "first": answer.first,
    }
