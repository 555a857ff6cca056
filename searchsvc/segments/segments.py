"""The segments of an index, compiled for one snapshot: who is in which, and what that prefers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from searchsvc.segments.document import SegmentsDocument
from searchsvc.segments.facts import facts_of
from searchsvc.segments.situation import Catalogue, History, Situation
from searchsvc.synonyms.compiler import plain_key

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from searchsvc.query.filters import Filter
    from searchsvc.query.query import Query
    from searchsvc.segments.conditions import Condition
    from searchsvc.segments.document import Likeness
    from searchsvc.segments.profile import Profile
    from searchsvc.segments.shopper import Shopper


class Reason(StrEnum):
    """Why somebody is in a segment."""

    NAMED = "named"  # by the request
    LISTED = "listed"  # the user is in its list
    RULE = "rule"  # its condition holds
    LEARNED = "learned"  # the user's affinities are similar to its own


@dataclass(frozen=True, slots=True)
class ActiveSegment:
    """A segment that somebody is in.

    Attributes:
        name: of the segment.
        title: for people; the name where there is none.
        why: the first reason, in the order of `Reason`.
        rule: the condition that holds, for people; empty with another reason.
        number: in `Segments.segments`.
    """

    name: str
    title: str
    why: Reason
    rule: str
    number: int


@dataclass(frozen=True, slots=True)
class SearchContext:
    """Searches that a boost is limited to.

    Attributes:
        queries: the analysed words of each text, all of which a query must have; empty for any.
        categories: as `category_key` writes them; empty for any.
    """

    queries: tuple[frozenset[str], ...] = ()
    categories: tuple[str, ...] = ()

    def fits(self, situation: Situation) -> bool:
        """Whether the search of `situation` is one of them."""
        if self.queries:
            terms = situation.terms
            for words in self.queries:  # a loop, since any() takes twice as long here
                if words <= terms:
                    break
            else:
                return False
        return not self.categories or any(
            named.startswith(self.categories) for named in situation.categories
        )


@dataclass(frozen=True, slots=True)
class SegmentBoost:
    """What a segment likes or dislikes.

    Attributes:
        segment: its name.
        name: for explanations; the filter as written where it has none.
        condition: which products.
        weight: -1 to 1.
        from_ms: in force from then on, milliseconds since the epoch.
        until_ms: in force before then.
        context: searches that it is limited to.
        inert: whether the snapshot lacks what the condition is about; then it is never in force.
    """

    segment: str
    name: str
    condition: Filter
    weight: float
    from_ms: int | None = None
    until_ms: int | None = None
    context: SearchContext | None = None
    inert: bool = False

    def is_in_force(self, situation: Situation) -> bool:
        """Whether it counts in `situation` for somebody who is in the segment."""
        if self.inert:
            return False
        if self.from_ms is not None and situation.now_ms < self.from_ms:
            return False
        if self.until_ms is not None and situation.now_ms >= self.until_ms:
            return False
        return self.context is None or self.context.fits(situation)


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment, compiled.

    Attributes:
        rule: ``None`` where it has none, or where the snapshot lacks what it is about.
        written: the rule for people.
        listed: whether it has a list of users.
        like: its learned affinities.
        boosts: numbers in `Segments.rules`.
    """

    name: str
    title: str
    rule: Condition | None
    written: str
    listed: bool
    like: Likeness | None
    boosts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Segments:
    """All enabled segments of an index. Neither method parses anything.

    Attributes:
        document: that they are made of.
        segments: in the order of the document.
        rules: the boosts of all of them; a number in here stands for the same boost as long as
            the document is the same, whatever the snapshot.
        inert: what the snapshot lacks, each with its place in the document.
    """

    document: SegmentsDocument
    segments: tuple[Segment, ...] = ()
    rules: tuple[SegmentBoost, ...] = ()
    inert: tuple[str, ...] = ()
    catalogue: Catalogue = field(
        default=Catalogue(lambda _: None, plain_key), compare=False, repr=False
    )

    @classmethod
    def none(cls) -> Segments:
        """No segments."""
        return cls(SegmentsDocument())

    def history(self, profile: Profile | None) -> History:
        """What the conditions read of a profile, worth keeping beside it.

        It is good for all segments that are compiled for the same snapshot.

        Args:
            profile: ``None`` for somebody who sent no token.
        """
        return History(profile, self.catalogue)

    def situation(
        self, shopper: Shopper, history: History, query: Query, now_ms: int
    ) -> Situation:
        """What the conditions look at; `now_ms` is in milliseconds since the epoch."""
        facts = facts_of(shopper, history.profile, now_ms)
        return Situation(shopper, facts, history, query, now_ms)

    def active(
        self, situation: Situation, alike: Collection[str] = ()
    ) -> tuple[ActiveSegment, ...]:
        """The segments that the shopper is in, in their order; none without consent.

        Args:
            situation: who asks, for what and when.
            alike: names of segments with learned affinities that the shopper's are similar to.
        """
        shopper, profile = situation.shopper, situation.history.profile
        if not shopper.consent:
            return ()
        listed = profile.segments if profile else frozenset[str]()
        found = []
        for number, segment in enumerate(self.segments):
            name = segment.name
            if name in shopper.segments:
                why = Reason.NAMED
            elif segment.listed and name in listed:
                why = Reason.LISTED
            elif segment.rule is not None and segment.rule.holds(situation):
                why = Reason.RULE
            elif segment.like is not None and name in alike:
                why = Reason.LEARNED
            else:
                continue
            rule = segment.written if why is Reason.RULE else ""
            found.append(ActiveSegment(name, segment.title, why, rule, number))
        return tuple(found)

    def boosts(self, active: Sequence[ActiveSegment], situation: Situation) -> tuple[int, ...]:
        """The numbers of the rules that are in force, ascending."""
        rules = self.rules
        return tuple(
            number
            for segment in active
            for number in self.segments[segment.number].boosts
            if rules[number].is_in_force(situation)
        )
