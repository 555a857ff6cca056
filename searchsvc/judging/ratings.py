"""Ratings: what one rater said of one product for one query, and what stands of it now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from searchsvc.errors import BadQueryError, JudgmentsError
from searchsvc.relevance.judgments import first_complaint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LABELS = range(4)
"""0 irrelevant, 1 partly, 2 good, 3 exact."""
MAX_RATER = 64
"""Characters of a rater's name."""
Pair = tuple[str, str]
"""Query id and product id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """One line of ``ratings.jsonl``.

    Attributes:
        rater: the name that a person chose; nothing else about the person is kept.
        label: one of `LABELS`; ``None`` for a skipped pair, and for a withdrawn one.
        time: ISO 8601 with the offset from UTC.
        withdrawn: the rater took back what was said of the pair before.
        given: the judgment that ``qrels.tsv`` had of the pair before anybody rated it here;
            ``None`` when it had none.
    """

    rater: str
    query_id: str
    product_id: str
    label: int | None
    time: str
    withdrawn: bool = False
    given: int | None = None

    @property
    def pair(self) -> Pair:
        """What is rated."""
        return self.query_id, self.product_id

    def to_line(self) -> bytes:
        """The line with its end; members that say nothing are left out."""
        members: dict[str, str | int | None] = {
            "rater": self.rater,
            "query_id": self.query_id,
            "product_id": self.product_id,
            "label": self.label,
            "time": self.time,
        }
        if self.withdrawn:
            members["withdrawn"] = True
        if self.given is not None:
            members["given"] = self.given
        return orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE)


class _RatingLine(BaseModel):
    """A line as it is read; times must name their offset, other members are ignored."""

    model_config = ConfigDict(frozen=True)

    rater: str = Field(min_length=1, max_length=MAX_RATER)
    query_id: str = Field(min_length=1)
    product_id: str = Field(min_length=1)
    label: int | None = Field(ge=LABELS[0], le=LABELS[-1], strict=True)
    time: AwareDatetime
    withdrawn: bool = False
    given: int | None = Field(default=None, ge=0)


def parse_rating(line: bytes, place: str) -> Rating:
    """The rating in one line.

    Args:
        line: JSON, with or without the line's end.
        place: file and line number, for the message.

    Raises:
        JudgmentsError: it is no rating.
    """
    try:
        parsed = _RatingLine.model_validate_json(line)
    except ValidationError as error:
        raise JudgmentsError(
            f"{place}: {first_complaint(error)}; mend or remove the line"
        ) from error
    return Rating(**{**dict(parsed), "time": parsed.time.isoformat()})


def check_rater(name: str) -> str:
    """`name`, if it can stand for a rater.

    Raises:
        BadQueryError: it is blank, too long or has unprintable characters.
    """
    cleaned = name.strip()
    if not cleaned or len(cleaned) > MAX_RATER or not cleaned.isprintable():
        raise BadQueryError(
            f"rater {name[:80]!r}: expected 1 to {MAX_RATER} printable characters; "
            "any name that only you use here will do"
        )
    return cleaned


class Ledger:
    """What stands: of each rater the last word on each pair."""

    def __init__(self, ratings: Iterable[Rating] = ()) -> None:
        self._standing: dict[Pair, dict[str, Rating]] = {}
        self._ever_labelled: set[Pair] = set()
        self._given: dict[Pair, int] = {}
        for rating in ratings:
            self.add(rating)

    def add(self, rating: Rating) -> None:
        """Take the next rating in the order of the file."""
        by_rater = self._standing.setdefault(rating.pair, {})
        by_rater.pop(rating.rater, None)
        if not rating.withdrawn:
            by_rater[rating.rater] = rating
        if rating.label is not None:
            self._ever_labelled.add(rating.pair)
        if rating.given is not None:
            self._given.setdefault(rating.pair, rating.given)

    def of(self, rater: str, pair: Pair) -> Rating | None:
        """What `rater` says of `pair`: a label, a skip, or ``None`` for nothing (any more)."""
        return self._standing.get(pair, {}).get(rater)

    def knows(self, pair: Pair) -> bool:
        """Whether anybody ever rated `pair`, be it to skip it."""
        return pair in self._standing

    def standing(self) -> list[Rating]:
        """All ratings that stand, skips included, in the order of the pairs' first ratings."""
        return [rating for by_rater in self._standing.values() for rating in by_rater.values()]

    def labels(self) -> Mapping[Pair, Mapping[str, int]]:
        """Pair → rater → label; pairs that nobody labels are left out."""
        out: dict[Pair, dict[str, int]] = {}
        for rating in self.standing():
            if rating.label is not None:
                out.setdefault(rating.pair, {})[rating.rater] = rating.label
        return out

    def ever_labelled(self) -> frozenset[Pair]:
        """The pairs that somebody labelled, whether or not a label still stands."""
        return frozenset(self._ever_labelled)

    def given(self) -> Mapping[Pair, int]:
        """The judgments that were there before the first rating, as far as they were rated."""
        return self._given
