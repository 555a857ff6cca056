"""A degradation: what an answer lacks, in a word for programs and in a sentence for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from indexer.snapshot import Part

Reason = Literal[
    "no_model",
    "model_slow",
    "model_failed",
    "no_vectors",
    "no_postings",
    "no_spelling",
    "no_suggestions",
    "no_profile",
]


class Degradation(NamedTuple):
    """One lack.

    Attributes:
        reason: one of a few words, which metrics and alerts know.
        text: what is missing and why.
    """

    reason: Reason
    text: str


_UNREADABLE: Final[Mapping[Part, Degradation]] = {
    "lexical": Degradation("no_postings", "words: this part of the index cannot be read"),
    "spelling": Degradation("no_spelling", "spelling: this part of the index cannot be read"),
    "suggestions": Degradation(
        "no_suggestions", "suggestions: this part of the index cannot be read"
    ),
}
"""Without its vectors a generation has no embedder, which says why; without its encoder it has the
model."""


def of_parts(missing: Iterable[Part], *wanted: Part) -> tuple[Degradation, ...]:
    """What an answer that needs the parts `wanted` lacks where some are missing."""
    return tuple(_UNREADABLE[part] for part in missing if part in wanted)
