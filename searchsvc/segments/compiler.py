"""The compiler of segments: what a document means for one snapshot."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from searchsvc.errors import BadFilterError, BadLiveSettingsError
from searchsvc.query.mask import row_mask
from searchsvc.segments.calendar import period
from searchsvc.segments.grammar import ConditionParser, Meaning, at_place, written
from searchsvc.segments.moments import zone_of
from searchsvc.segments.segments import SearchContext, Segment, SegmentBoost, Segments
from searchsvc.segments.situation import Catalogue, category_key
from searchsvc.synonyms.compiler import plain_key

if TYPE_CHECKING:
    from datetime import tzinfo

    import numpy as np
    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.query.filters import Filter
    from searchsvc.segments.conditions import Condition
    from searchsvc.segments.document import (
        BoostContext,
        BoostRule,
        SegmentRule,
        SegmentsDocument,
    )


_KEPT_ROWS = 16_384


def compile_segments(document: SegmentsDocument, snapshot: Snapshot | None) -> Segments:
    """The segments of `document` for a snapshot; by plain words where there is none.

    A generation may lack a column that another had. What is about it is without effect then, and
    named in `Segments.inert`: a boost never counts, a condition lets nobody into its segment.

    Raises:
        BadLiveSettingsError: the document says what no snapshot could take; names the place.
    """
    return _Compiler(document, snapshot, strict=False).compile()


def check_segments(document: SegmentsDocument, snapshot: Snapshot | None) -> Segments:
    """The same for a document that is to be taken: all of it must fit the snapshot.

    Raises:
        BadLiveSettingsError: also where the snapshot lacks a column.
    """
    return _Compiler(document, snapshot, strict=True).compile()


class _Compiler:
    def __init__(
        self, document: SegmentsDocument, snapshot: Snapshot | None, *, strict: bool
    ) -> None:
        self._document = document
        self._snapshot = snapshot
        self._strict = strict
        self._catalogue = _catalogue(snapshot)
        self._zone: tzinfo = zone_of(document.timezone)
        self._parser = ConditionParser(Meaning(self._catalogue.key, self._mask), self._zone)
        self._lacking: list[str] = []

    def compile(self) -> Segments:
        segments: list[Segment] = []
        rules: list[SegmentBoost] = []
        lacking: list[str] = []
        places: dict[str, str] = {}
        for number, rule in enumerate(self._document.segments):
            place = f"segments[{number}]"
            first = places.setdefault(rule.name, place)
            if first != place:
                raise BadLiveSettingsError(
                    f"{place}.name: {first} is called {rule.name!r} already; rename one of them"
                )
            self._lacking.clear()
            segment, boosts = self._segment(rule, place, len(rules))
            if rule.enabled:  # what is not is checked all the same
                segments.append(segment)
                rules += boosts
                lacking += self._lacking
        return Segments(
            self._document, tuple(segments), tuple(rules), tuple(lacking), self._catalogue
        )

    def _segment(
        self, rule: SegmentRule, place: str, reached: int
    ) -> tuple[Segment, list[SegmentBoost]]:
        """A segment and its boosts, the first of which gets the number `reached`."""
        condition: Condition | None = None
        if rule.when is not None:
            condition = self._parser.parse(rule.when, f"{place}.when")
        inert = bool(self._lacking)
        boosts = [
            self._boost(rule.name, boost, f"{place}.boosts[{number}]")
            for number, boost in enumerate(rule.boosts)
        ]
        segment = Segment(
            name=rule.name,
            title=rule.title or rule.name,
            rule=None if inert else condition,
            written="" if condition is None else str(condition),
            listed=rule.listed,
            like=rule.like,
            boosts=tuple(range(reached, reached + len(boosts))),
        )
        return segment, boosts

    def _boost(self, segment: str, rule: BoostRule, place: str) -> SegmentBoost:
        condition = self._parser.filter(rule.filter, f"{place}.filter")
        lacking = len(self._lacking)
        self._mask(condition, f"{place}.filter")
        begin, end = period(rule.begin, rule.until, self._zone, place)
        return SegmentBoost(
            segment=segment,
            name=rule.name or written(rule.filter),
            condition=condition,
            weight=rule.weight,
            from_ms=begin,
            until_ms=end,
            context=self._context(rule.when, f"{place}.when"),
            inert=len(self._lacking) > lacking,
        )

    def _context(self, context: BoostContext | None, place: str) -> SearchContext | None:
        if context is None:
            return None
        return SearchContext(
            tuple(
                self._parser.text(text, f"{place}.query[{number}]")
                for number, text in enumerate(context.query)
            ),
            tuple(map(category_key, context.category)),
        )

    def _mask(self, condition: Filter, place: str) -> NDArray[np.bool_] | None:
        """The products that fulfil `condition`; ``None`` where the snapshot cannot say it."""
        if self._snapshot is None:
            return None
        snapshot = self._snapshot
        try:
            return row_mask(condition, snapshot.columns, len(snapshot.products), snapshot.derived)
        except BadFilterError as error:
            message = at_place(place, error)
            if self._strict:
                raise BadLiveSettingsError(message) from error
            self._lacking.append(message)
            return None


def _catalogue(snapshot: Snapshot | None) -> Catalogue:
    if snapshot is None:
        return Catalogue(lambda _: None, plain_key)
    analyzer = snapshot.analyzer
    # A session names the same products with each of its requests, and popular ones are in many.
    row = lru_cache(_KEPT_ROWS)(snapshot.products.row)
    return Catalogue(row, lambda text: tuple(analyzer.terms(text)))
