"""The explanation of membership: for each segment, whether somebody is in it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchsvc.segments.conditions import AllOf, OneOf, Unless

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from searchsvc.segments.conditions import Condition
    from searchsvc.segments.segments import ActiveSegment, Segments
    from searchsvc.segments.situation import Situation


@dataclass(frozen=True, slots=True)
class Part:
    """A condition of a rule, or a part of one.

    Attributes:
        depth: how many combinations it is part of.
        text: what it says.
        holds: whether it does.
    """

    depth: int
    text: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether somebody is in a segment.

    Attributes:
        active: how, ``None`` for somebody who is not.
        parts: of its rule, each combination before its own parts; none where it has no rule.
        boosts: numbers of its rules that are in force.
    """

    name: str
    title: str
    active: ActiveSegment | None
    parts: tuple[Part, ...]
    boosts: tuple[int, ...]


def explain_segments(
    segments: Segments, situation: Situation, alike: Collection[str] = ()
) -> tuple[Verdict, ...]:
    """The verdict on each of `segments`, in their order; see `Segments.active`."""
    active = {it.number: it for it in segments.active(situation, alike)}
    return tuple(
        Verdict(
            segment.name,
            segment.title,
            active.get(number),
            tuple(_parts(segment.rule, situation, 0)) if segment.rule else (),
            segments.boosts([active[number]], situation) if number in active else (),
        )
        for number, segment in enumerate(segments.segments)
    )


def _parts(condition: Condition, situation: Situation, depth: int) -> Iterator[Part]:
    holds = condition.holds(situation)
    match condition:
        case AllOf(parts) | OneOf(parts):
            yield Part(depth, "all of" if isinstance(condition, AllOf) else "one of", holds)
            for part in parts:
                yield from _parts(part, situation, depth + 1)
        case Unless(part):
            yield Part(depth, "not", holds)
            yield from _parts(part, situation, depth + 1)
        case _:
            yield Part(depth, str(condition), holds)
